"""Publishing finished runs as a complete model: in a folder, a plugin's checkout or the Hub."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ganzoo.errors import CardError
from ganzoo.files import folder_written_whole, writing
from ganzoo.hub import Address
from ganzoo.hub.contents import CONFIG, README, files_of, missing
from ganzoo.hub.push import push
from ganzoo.publish.curves import curves_of
from ganzoo.publish.measuring import Effort, Measured, measure
from ganzoo.publish.planning import Plan, other_weights, samples_in
from ganzoo.publish.target import Target
from ganzoo.specs import ModelConfig, read_config, write_record
from ganzoo.specs.reading import to_json
from ganzoo.specs.readme import CURVES_FILE, readme_of, with_curves, without_curves
from ganzoo.terminal import Tell, silent


@dataclass(frozen=True)
class Published:
    """A published model: its name, its training seed and their number, its place, and notes."""

    name: str
    seed: int
    seeds: int
    target: Target
    place: str
    files: tuple[str, ...]
    notes: tuple[str, ...]


def publish(plan: Plan, effort: Effort, tell: Tell = silent) -> Published:
    """Measure the training seeds, and publish the median's export."""
    measured = _known_figures(plan, effort) or measure(
        plan.exports, plan.config.recipe.data, _command(plan), effort, tell
    )
    chosen = plan.exports[measured.shipped]
    config = _config(chosen, plan.config, measured)
    if gap := other_weights(plan, config):
        raise CardError(f"{plan.name}: nothing was published: {gap}")
    place, files = _send(chosen, config, plan)
    seeds = len(plan.exports)
    return Published(plan.name, measured.shipped, seeds, plan.target, place, files, measured.notes)


def _known_figures(plan: Plan, effort: Effort) -> Measured | None:
    """The figures of a model that was published before, unless it is to be measured again."""
    if not plan.config.metrics or effort.extractor or len(plan.exports) > 1:
        return None
    (seed,) = plan.exports
    note = "its figures are those of its card; --extractor measures again"
    return Measured(plan.config.metrics, plan.config.checks, seed, (note,))


def _command(plan: Plan) -> str:
    """The command that trains the seeds again and measures them; an import is only measured.

    One training makes a stretch of consecutive seeds. The command names the number of threads, as
    another number would add in another order.
    """
    what, made = plan.target.what(plan.name), plan.config.provenance
    if made is not None and made.images == 0:
        return f"ganzoo eval {what}"
    options = [""]
    if len(plan.exports) > 1:
        options = [_seed_options(run) for run in _stretches(plan.exports)]
    threads = "" if made is None else f" --threads {made.threads}"
    trained = "; ".join(f"ganzoo train {what}{seeds}{threads}" for seeds in options)
    return f"{trained}; ganzoo eval runs/{plan.name}/"


def _stretches(seeds: Iterable[int]) -> list[list[int]]:
    """Seeds in stretches of consecutive numbers: 0, 1, 7 as [0, 1] and [7]."""
    stretches: list[list[int]] = []
    for seed in sorted(seeds):
        if stretches and seed == stretches[-1][-1] + 1:
            stretches[-1].append(seed)
        else:
            stretches.append([seed])
    return stretches


def _seed_options(seeds: list[int]) -> str:
    """The options of `ganzoo train` for these seeds."""
    return f" --seeds {len(seeds)}" + (f" --seed {seeds[0]}" if seeds[0] else "")


def _config(export: Path, drafted: ModelConfig, measured: Measured) -> ModelConfig:
    """The shipped seed's config with its description and its figures."""
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
    """Write the model's folder, and push it if it goes to the Hub; return (place, files)."""
    if (folder := plan.target.folder) is not None:
        with writing(folder), folder_written_whole(folder.resolve()) as beside:
            _keep_others(folder, beside)
            return str(folder), _fill(beside, export, config, plan)
    with tempfile.TemporaryDirectory(prefix="ganzoo-") as place:
        folder = Path(place) / plan.name
        folder.mkdir()
        _fill(folder, export, config, plan)
        request, address = plan.request, plan.target.address or Address(plan.name)
        private, message = request.private, request.message
        done = push(folder, config, plan.name, address, private=private, message=message)
    return f"{done.address}: {done.url}", done.files


def _fill(folder: Path, export: Path, config: ModelConfig, plan: Plan) -> tuple[str, ...]:
    """Write a complete model into a folder, and check that it is; links are not followed."""
    for file in (*config.files, *samples_in(export)):
        shutil.copyfile(export / file, folder / file, follow_symlinks=False)
    (folder / CONFIG).write_text(to_json(write_record(config)), encoding="utf-8")
    prose = _with_curves(folder, export, config, plan)
    text = readme_of(config, plan.name, prose)
    (folder / README).write_text(text, encoding="utf-8")
    if gaps := list(missing(folder, config, plan.name)):
        raise CardError(f"{plan.name} is not complete, nothing was published: {'; '.join(gaps)}")
    return tuple(files_of(folder, config))


def _with_curves(folder: Path, export: Path, config: ModelConfig, plan: Plan) -> str:
    """Draw the curves of the training, and return the prose that shows them.

    Where they cannot be drawn, those beside the same weights are taken.
    """
    curves = curves_of(plan.exports.values(), plan.name)
    old = plan.target.folder if plan.old is not None and plan.old.files == config.files else None
    for place in filter(None, (export, old)):
        if curves is None and (place / CURVES_FILE).is_file():
            curves = (place / CURVES_FILE).read_bytes()
    if curves is None:
        return without_curves(plan.prose)
    (folder / CURVES_FILE).write_bytes(curves)
    return with_curves(plan.prose)


def _keep_others(old: Path, new: Path) -> None:
    """Copy the files of a model folder that are not the model's own."""
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
