"""`evaluate`: everything that `ganzoo eval` does, as one call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from ganzoo.build import fitted, is_here, read_alike
from ganzoo.cards import catalogue
from ganzoo.data.splits import test_samples
from ganzoo.errors import UsageError
from ganzoo.extractors import extractors_of, open_extractor
from ganzoo.files import writing
from ganzoo.hardware import own_device, usable_device
from ganzoo.measure.counting import counting_of
from ganzoo.measure.evaluate import REPEATS, SAMPLES, Evaluation
from ganzoo.measure.evaluate import evaluate as evaluate_source
from ganzoo.measure.image_folder import FolderSource, is_image_folder
from ganzoo.measure.methods import (
    AsTheyAre,
    InFeatures,
    Method,
    check_count,
    extractor_for,
    in_features,
)
from ganzoo.measure.references import read_reference
from ganzoo.measure.sources import ModelSource, SampleSource
from ganzoo.measure.training_seeds import SeedEvaluations, finished_runs
from ganzoo.recipes import data_named
from ganzoo.run_folders import Run
from ganzoo.specs import Part, read_seeds
from ganzoo.terminal import Tell, said_once, silent
from ganzoo.zoo import Model


@dataclass(frozen=True)
class EvaluationRequest:
    """How something is measured; None leaves the choice to its data."""

    data: str | None = None
    n: int | None = None
    repeats: int = REPEATS
    seed: int = 0
    balanced: bool = False
    extractor: str | None = None
    extractor_weights: Path | None = None
    reference: Path | None = None
    save_reference: Path | None = None
    device: str = "cpu"

    @property
    def asks_for_features(self) -> bool:
        """Whether an option requires an extractor's features."""
        files = (self.extractor_weights, self.reference, self.save_reference)
        return self.extractor is not None or any(file is not None for file in files)


def evaluate(
    what: str | Path | Run | Model,
    *,
    data: str | None = None,
    n: int | None = None,
    repeats: int = REPEATS,
    seed: int = 0,
    balanced: bool = False,
    extractor: str | None = None,
    extractor_weights: str | Path | None = None,
    reference: str | Path | None = None,
    save_reference: str | Path | None = None,
    device: str | torch.device | None = None,
) -> Evaluation | SeedEvaluations:
    """Measure a model, a run, a folder of training seeds, or a folder of images.

    `n` samples (10,000 by default) of each of `repeats` sampling seeds are compared with the test
    samples of a data set, by default the model's own, in features of an extractor. `print` shows
    the table of `ganzoo eval`; `value("fd")`, `spread("fd")` and `floor("fd")` are single figures,
    and `record()` is all of it as JSON data. A folder of training seeds gives `SeedEvaluations`.
    """
    paths = (extractor_weights, reference, save_reference)
    weights, read, saved = (None if path is None else Path(path).expanduser() for path in paths)
    request = EvaluationRequest(
        data=data,
        n=n,
        repeats=repeats,
        seed=seed,
        balanced=balanced,
        extractor=extractor,
        extractor_weights=weights,
        reference=read,
        save_reference=saved,
        device=str(usable_device(own_device(None if device is None else str(device)))),
    )
    if isinstance(what, Run | Model):
        what = what.folder if isinstance(what, Run) else what.card.folder
    where = f"{what}/" if isinstance(what, Path) and what.is_dir() else str(what)
    measured = evaluated(where, request)
    return measured if measured.several else measured.first


def evaluated(what: str, request: EvaluationRequest, tell: Tell = silent) -> SeedEvaluations:
    """Evaluate `what`, or each training seed of it, all by one method."""
    with said_once():
        return _evaluated(what, request, tell)


def _evaluated(what: str, request: EvaluationRequest, tell: Tell) -> SeedEvaluations:
    name, targets = _targets(what, request)
    first, *_ = targets
    source, method, n = _prepared(targets[first], request, tell)
    sources = {**targets, first: source}
    seeds = tuple(range(request.seed, request.seed + request.repeats))
    evaluations = {
        seed: evaluate_source(one, method, n=n, seeds=seeds, tell=tell)
        for seed, one in sources.items()
        if not isinstance(one, Path)
    }
    return SeedEvaluations(name, evaluations)


def _targets(
    what: str, request: EvaluationRequest
) -> tuple[str, dict[int | None, ModelSource | Path]]:
    """The name of `what`, and a folder of images, a model, or a model for each training seed."""
    folder = catalogue().as_path(what)
    if folder is not None and is_image_folder(folder):
        if request.balanced:
            raise UsageError(f"{what} is a folder of images, which has no labels to balance")
        return what, {None: folder}
    models: dict[int | None, str] = {None: what}
    if folder is not None and read_seeds(folder) is not None:
        models = {seed: f"{run}/" for seed, run in finished_runs(folder).items()}
        what = str(folder)
    device, balanced = request.device, request.balanced
    return what, {
        seed: ModelSource(model, device, balanced=balanced) for seed, model in models.items()
    }


def _prepared(
    target: ModelSource | Path, request: EvaluationRequest, tell: Tell
) -> tuple[SampleSource, Method, int]:
    """The samples, the method and the number of samples that are asked for."""
    own = None if isinstance(target, Path) else target.data
    data = data_named(catalogue(), request.data, own) if request.data else own
    if data is not None and isinstance(target, ModelSource) and request.data:
        data = read_alike(data, target.legend)
    if not isinstance(target, Path) and (
        as_it_is := _as_it_is(target.data, data or target.data, request)
    ):
        return target, as_it_is, request.n or SAMPLES
    path = request.reference
    reference = None if path is None else read_reference(path)
    if reference is not None:
        if request.data:
            raise UsageError("--reference replaces --data; leave one of them out")
        data = reference.about.data
    if data is None:
        raise UsageError(f"{target}/: pass --data to name the real images to compare with")
    measured_by = reference.about.extractor.partition("@")[0] if reference else None
    name = request.extractor or measured_by or extractor_for(data)
    extractor = open_extractor(name, weights=request.extractor_weights).to(request.device)
    source = FolderSource(target, extractor, data) if isinstance(target, Path) else target
    n = request.n or min(SAMPLES, source.size or SAMPLES)
    check_count(source, extractor, n)  # before real samples are measured, which takes long
    if reference is None:
        method = in_features(extractor, fitted(data, source.shape), n, tell=tell)
    else:
        method = InFeatures(extractor, reference.require(extractor, str(path)))
    if request.save_reference:
        with writing(request.save_reference):
            method.real.save(request.save_reference)
    return source, method, n


def _as_it_is(own: Part, asked: Part, request: EvaluationRequest) -> AsTheyAre | None:
    """The method for a model whose data has no extractor; None where features are measured.

    A model whose modes are counted can only be compared with data whose modes are counted alike.
    """
    if request.asks_for_features:
        return None
    if any(extractors_of(data)[0] is not None for data in (own, asked)):
        return None
    if own != asked and type(counting_of(own)) is not type(counting_of(asked)):
        return None
    method = AsTheyAre(asked)
    if not method and is_here(asked):
        test_samples(asked)  # raises, if it is the data that is wrong
    return method or None
