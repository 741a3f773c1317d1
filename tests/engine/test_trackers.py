"""The core's trackers, each against its real library; two of these are tested where installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ganzoo.errors import PluginError, TrainingError
from ganzoo.interfaces import Tracker
from ganzoo.plugins import PluginManager, RunRecord
from ganzoo.plugins.registry import Registry
from ganzoo.specs import Part, Recipe
from ganzoo.specs.reading import flatten
from ganzoo.trackers.common import picture

NAMES = ["mlflow", "tensorboard", "wandb"]
#: What a tracker imports when it is built.
MODULES = {"mlflow": "mlflow", "tensorboard": "torch.utils.tensorboard", "wandb": "wandb"}


def tracker(name: str, **arguments: str) -> Tracker:
    return Registry(PluginManager([])).find("tracker", name).build(**arguments)


def record(folder: Path, images_seen: int = 0, images: int = 1000) -> RunRecord:
    loss = Part("ganzoo/hinge", {"r1_gamma": 0.5})
    return RunRecord(folder, Recipe(loss, Part("ganzoo/mnist-mini"), images=images), images_seen)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a run named `first`."""
    path = tmp_path / "runs" / "first"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    """A file of samples: 4 rows of 6 pixels, of which one is red."""
    pixels = np.zeros((4, 6, 3), dtype=np.uint8)
    pixels[1, 2] = 255, 0, 0
    Image.fromarray(pixels).save(tmp_path / "grid.png")
    return tmp_path / "grid.png"


# All


def test_the_core_offers_them() -> None:
    assert Registry(PluginManager([])).names("tracker") == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_library_is_told_before_anything_starts(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, MODULES[name], None)
    with pytest.raises(
        PluginError,
        match=rf"^the tracker '{name}' cannot import its library \(ModuleNotFoundError: .*\); "
        rf"install it: pip install 'ganzoo-core\[{name}\]', "
        rf"or from a checkout: pip install {name}$",
    ):
        tracker(name)


def test_a_picture_is_known_by_its_content(tmp_path: Path, grid: Path) -> None:
    (tmp_path / "points.png").write_text("0.5 0.5")
    assert picture(grid).size == (6, 4)
    assert picture(tmp_path / "points.png") is None
    assert picture(tmp_path) is None


# TensorBoard


def events(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder)).Reload()


def scalars(folder: Path, name: str) -> list[tuple[int, float]]:
    return [(event.step, event.value) for event in events(folder).Scalars(name)]


def test_tensorboard_shows_figures_by_images(folder: Path) -> None:
    board = tracker("tensorboard")
    board.start(record(folder))
    board.log(64, {"d/real": 0.5, "g": 2.0})
    board.log(128, {"d/real": 0.25})
    board.end("finished")
    assert scalars(folder / "tensorboard", "d/real") == [(64, 0.5), (128, 0.25)]
    assert scalars(folder / "tensorboard", "g") == [(64, 2.0)]


def test_tensorboard_shows_pictures_and_nothing_else(folder: Path, grid: Path) -> None:
    board = tracker("tensorboard")
    board.start(record(folder))
    board.sample(64, grid)
    grid.with_suffix(".txt").write_text("0.5 0.5")
    board.sample(128, grid.with_suffix(".txt"))
    board.end("finished")
    (image,) = events(folder / "tensorboard").Images("samples")
    assert (image.step, image.width, image.height) == (64, 6, 4)


def test_tensorboard_shows_the_recipe(folder: Path) -> None:
    board = tracker("tensorboard")
    board.start(record(folder))
    board.end("finished")
    (text,) = events(folder / "tensorboard").Tensors("recipe/text_summary")
    assert b'"r1_gamma": 0.5' in text.tensor_proto.string_val[0]


def test_tensorboard_forgets_what_lies_beyond_the_checkpoint(folder: Path) -> None:
    killed = tracker("tensorboard")
    killed.start(record(folder))
    for images in (64, 128, 192):
        killed.log(images, {"d": float(images)})
    resumed = tracker("tensorboard")
    resumed.start(record(folder, images_seen=128))
    resumed.log(192, {"d": -1.0})
    assert scalars(folder / "tensorboard", "d") == [(64, 64.0), (128, 128.0), (192, -1.0)]
    killed.end("failed")
    resumed.end("finished")


def test_tensorboard_keeps_the_runs_of_one_folder_apart(folder: Path, tmp_path: Path) -> None:
    board = tracker("tensorboard", folder=str(tmp_path / "boards"))
    board.start(record(folder))
    board.log(64, {"d": 1.0})
    board.end("finished")
    assert scalars(tmp_path / "boards" / "first", "d") == [(64, 1.0)]
    assert list(folder.iterdir()) == []


# MLflow


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty store, which MLflow is to forget after the test."""
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # quicker than a database
    before = mlflow.get_tracking_uri()
    yield (tmp_path / "mlruns").as_uri()
    mlflow.end_run()
    mlflow.set_tracking_uri(before)


def test_mlflow_goes_on_with_the_run_that_was_begun(folder: Path, grid: Path, store: str) -> None:
    for seen, outcome in ((0, "interrupted"), (64, "finished")):
        tracked = tracker("mlflow", uri=store, experiment="gans")
        tracked.start(record(folder, seen, images=64 + seen))
        tracked.log(seen + 64, {"d": 0.5})
        tracked.sample(seen + 64, grid)
        tracked.end(outcome)
    client = pytest.importorskip("mlflow").MlflowClient(store)
    (run,) = client.search_runs([client.get_experiment_by_name("gans").experiment_id])
    assert (folder / "mlflow-run-id").read_text() == f"{run.info.run_id}\n"
    assert (run.info.run_name, run.info.status) == ("first", "FINISHED")
    assert run.data.params["loss.arguments.r1_gamma"] == "0.5"
    figures = client.get_metric_history(run.info.run_id, "d")
    assert [(figure.step, figure.value) for figure in figures] == [(64, 0.5), (128, 0.5)]
    (sample,) = client.list_artifacts(run.info.run_id, "samples")
    assert sample.path == "samples/grid.png"


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("finished", "FINISHED"), ("interrupted", "KILLED"), ("failed", "FAILED")],
)
def test_mlflow_is_told_how_it_ended(folder: Path, store: str, outcome: str, status: str) -> None:
    tracked = tracker("mlflow", uri=store, experiment="gans")
    tracked.start(record(folder))
    tracked.end(outcome)
    client = pytest.importorskip("mlflow").MlflowClient(store)
    assert client.get_run((folder / "mlflow-run-id").read_text().strip()).info.status == status


def test_mlflow_says_where_an_unknown_run_is_named(folder: Path, store: str) -> None:
    (folder / "mlflow-run-id").write_text("0123\n")
    with pytest.raises(
        TrainingError,
        match="cannot continue run 0123, which .*mlflow-run-id names: .*remove that file",
    ):
        tracker("mlflow", uri=store).start(record(folder))


def test_parameters_are_named_by_dotted_paths() -> None:
    nested = {"loss": {"name": "ganzoo/hinge", "arguments": {}}, "batch": 64}
    assert flatten(nested) == {"loss.name": "ganzoo/hinge", "batch": 64}


# Weights & Biases


def test_wandb_goes_on_with_the_run_that_was_begun(
    folder: Path, grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_SILENT", "true")
    for seen, outcome in ((0, "interrupted"), (64, "finished")):
        tracked = tracker("wandb", project="gans", mode="offline")
        tracked.start(record(folder, seen, images=64 + seen))
        tracked.log(seen + 64, {"d": 0.5})
        tracked.sample(seen + 64, grid)
        assert wandb.run.name == "first"
        assert wandb.run.config["loss"]["arguments"]["r1_gamma"] == 0.5
        assert (wandb.run.summary["d"], wandb.run.summary["images"]) == (0.5, seen + 64)
        assert f"{wandb.run.id}\n" == (folder / "wandb-run-id").read_text()
        tracked.end(outcome)
        assert wandb.run is None
    run_id = (folder / "wandb-run-id").read_text().strip()
    assert len(list(folder.glob(f"wandb/offline-run-*/run-{run_id}.wandb"))) == 2
    assert len(list(folder.glob("wandb/offline-run-*/files/media/images/samples_*.png"))) == 2
