"""From finished runs to a whole model: in a folder, a plugin's checkout, or on the Hub."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ganzoo.errors import CardError, GanzooError
from ganzoo.files import folder_written_whole
from ganzoo.hub import Address
from ganzoo.hub.complete import missing
from ganzoo.hub.contents import CONFIG, README, files_of
from ganzoo.hub.push import push
from ganzoo.publish.measuring import Effort, Measured, measure
from ganzoo.publish.planning import Plan, other_weights, samples_in
from ganzoo.publish.target import Target
from ganzoo.specs import ModelConfig, read_config, write_record
from ganzoo.specs.reading import to_json
from ganzoo.specs.readme import readme_of
from ganzoo.terminal import Tell, silent


@dataclass(frozen=True)
class Published:
    """What went out: its name, its training seed of how many, where it lies, and what to know."""

    name: str
    seed: int
    seeds: int
    target: Target
    place: str
    files: tuple[str, ...]
    notes: tuple[str, ...]


def publish(plan: Plan, effort: Effort, tell: Tell = silent) -> Published:
    """Measure the training seeds, and make the median's export the published model."""
    measured = _known(plan, effort) or measure(
        plan.exports, plan.config.recipe.data, _again(plan), effort, tell
    )
    chosen = plan.exports[measured.shipped]
    config = _config(chosen, plan.config, measured)
    if gap := other_weights(plan, config):
        raise CardError(f"{plan.name}: nothing was published: {gap}")
    place, files = _send(chosen, config, plan)
    seeds = len(plan.exports)
    return Published(plan.name, measured.shipped, seeds, plan.target, place, files, measured.notes)


def _known(plan: Plan, effort: Effort) -> Measured | None:
    """The figures of a model that was published before, unless others are asked for."""
    if not plan.config.metrics or effort.extractor or len(plan.exports) > 1:
        return None
    (seed,) = plan.exports
    note = "its figures are those that its card had; --extractor measures again"
    return Measured(plan.config.metrics, plan.config.checks, seed, (note,))


def _again(plan: Plan) -> str:
    """The command that trains the seeds again and measures them; of what was imported, the latter.

    A folder takes seeds that follow each other from one training each. Other threads add in another
    order, so theirs are said.
    """
    what, made = plan.target.what(plan.name), plan.config.provenance
    if made is not None and made.images == 0:
        return f"ganzoo eval {what}"
    asked = [""] if len(plan.exports) == 1 else [_asked(run) for run in _stretches(plan.exports)]
    threads = "" if made is None else f" --threads {made.threads}"
    trained = "; ".join(f"ganzoo train {what}{seeds}{threads}" for seeds in asked)
    return f"{trained}; ganzoo eval runs/{plan.name}/"


def _stretches(seeds: Iterable[int]) -> list[list[int]]:
    """Seeds in runs of consecutive numbers: 0, 1, 7 as [0, 1] and [7]."""
    found: list[list[int]] = []
    for seed in sorted(seeds):
        if found and seed == found[-1][-1] + 1:
            found[-1].append(seed)
        else:
            found.append([seed])
    return found


def _asked(seeds: list[int]) -> str:
    """The options that train these seeds, the first of which is 0 unless said."""
    return f" --seeds {len(seeds)}" + (f" --seed {seeds[0]}" if seeds[0] else "")


def _config(export: Path, drafted: ModelConfig, measured: Measured) -> ModelConfig:
    """The shipped seed's config.json with what was said and measured of it."""
    made, _ = read_config(export / CONFIG)
    return replace(
        made,
        name=drafted.name,
        description=drafted.description,
        licenses=drafted.licenses,
        metrics=measured.metrics,
        checks=measured.checks,
    )


def _send(export: Path, config: ModelConfig, plan: Plan) -> tuple[str, tuple[str, ...]]:
    """Write the model's folder, and send it where it is meant for the Hub; (where, its files)."""
    if (folder := plan.target.folder) is not None:
        with _writable(folder), folder_written_whole(folder.resolve()) as beside:
            _keep_others(folder, beside)
            return str(folder), _fill(beside, export, config, plan)
    with tempfile.TemporaryDirectory(prefix="ganzoo-") as place:
        folder = Path(place) / plan.name
        folder.mkdir()
        _fill(folder, export, config, plan)
        wish, address = plan.wish, plan.target.address or Address(plan.name)
        done = push(folder, config, plan.name, address, private=wish.private, message=wish.message)
    return f"{done.address}: {done.url}", done.files


def _fill(folder: Path, export: Path, config: ModelConfig, plan: Plan) -> tuple[str, ...]:
    """Write a whole model into a folder, and look whether it is, which no link meanwhile is."""
    for file in (*config.files, *samples_in(export)):
        shutil.copyfile(export / file, folder / file, follow_symlinks=False)
    (folder / CONFIG).write_text(to_json(write_record(config)), encoding="utf-8")
    text = readme_of(config, plan.name, plan.prose)
    (folder / README).write_text(text, encoding="utf-8")
    if gaps := list(missing(folder, config, plan.name)):
        raise CardError(f"{plan.name} is not complete, nothing was published: {'; '.join(gaps)}")
    return tuple(files_of(folder, config))


def _keep_others(old: Path, new: Path) -> None:
    """Take over what lies in a model folder and is not the model's own."""
    if not old.is_dir():
        return
    own = files_of(old, read_config(old / CONFIG)[0])
    for path in old.iterdir():
        if path.name in own:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, new / path.name, symlinks=True)
        else:
            shutil.copy2(path, new / path.name, follow_symlinks=False)


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    """Tell of a place that cannot be written."""
    try:
        yield
    except OSError as error:
        raise GanzooError(f"{folder} cannot be written: {error.strerror or error}") from None
