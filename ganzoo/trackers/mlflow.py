"""MLflow: one run in its store, which a resumed training continues."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ganzoo.errors import TrainingError, one_line
from ganzoo.interfaces import Tracker
from ganzoo.plugins import RunRecord
from ganzoo.specs import write_record
from ganzoo.specs.reading import flatten
from ganzoo.trackers.common import known_id, library, remember_id

#: A training's outcome as MLflow's run status.
STATUS = {"finished": "FINISHED", "interrupted": "KILLED", "failed": "FAILED"}


class MLflow(Tracker):
    """Logs to MLflow; its steps are images seen.

    By default MLflow decides: MLFLOW_TRACKING_URI, MLFLOW_EXPERIMENT_NAME, its defaults. Its store
    only grows: after a resume, figures beyond the checkpoint stay beside the new ones, and
    parameters are those of the first start.
    """

    def __init__(self, uri: str | None = None, experiment: str | None = None) -> None:
        self.uri = uri
        self.experiment = experiment
        self._mlflow = library("mlflow", "mlflow")

    def start(self, run: RunRecord) -> None:
        """Begin a run with the recipe as its parameters, or continue the one that was begun."""
        if self.uri is not None:
            self._mlflow.set_tracking_uri(self.uri)
        if self.experiment is not None:
            self._mlflow.set_experiment(self.experiment)
        file = run.folder / "mlflow-run-id"
        if run_id := known_id(file):
            self._continue(run_id, file)
            return
        started = self._mlflow.start_run(run_name=run.folder.resolve().name)
        self._mlflow.log_params(flatten(write_record(run.recipe)))
        remember_id(file, started.info.run_id)

    def log(self, images_seen: int, values: Mapping[str, float]) -> None:
        """Log a row of figures."""
        self._mlflow.log_metrics(dict(values), step=images_seen)

    def sample(self, images_seen: int, path: Path) -> None:
        """Keep a file of samples as an artifact."""
        self._mlflow.log_artifact(str(path), "samples")

    def end(self, outcome: str) -> None:
        """End the run."""
        self._mlflow.end_run(STATUS[outcome])

    def _continue(self, run_id: str, file: Path) -> None:
        try:
            self._mlflow.start_run(run_id=run_id)
        except self._mlflow.exceptions.MlflowException as error:
            raise TrainingError(
                f"MLflow cannot continue run {run_id}, which {file} names: {one_line(error)}; "
                "give the store that holds it, or remove that file to begin another run"
            ) from error
