"""Running an exporter, so that what it writes appears whole or not at all.

An exporter writes into a folder of its own beside the target; what it has written is moved to the
target when it returns.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.cards import catalogue
from ganzoo.errors import GanzooError, PluginError, UsageError, one_line
from ganzoo.files import folder_written_whole, holds_working_folder, writing, written_whole
from ganzoo.latent.files import fingerprint
from ganzoo.plugins.registry import Offer, parameters_of
from ganzoo.specs.reading import to_json

if TYPE_CHECKING:
    from ganzoo.zoo import Model

#: States in an exported folder what it was made of; by it a later export knows that it may
#: replace the folder.
RECORD = "export.json"


@dataclass(frozen=True)
class Exported:
    """What an exporter wrote, and the line in which it says what that is."""

    path: Path
    summary: str


def export(model: Model, to: str, path: Path | None, options: Mapping[str, Any]) -> Exported:
    """Write a model with the exporter `to`, and replace what an earlier export wrote there.

    Without `path` it is written into the working directory, under the model's name. A folder that
    no export wrote receives it under that name.
    """
    offer = catalogue().registry.find("exporter", to)
    function = offer.resolve()
    _check_options(offer, function, options)
    target = _target(Path() if path is None else path.expanduser(), model.card.name)
    with writing(target), _folder_beside(target) as folder:
        summary = _called(offer, function, model, folder / target.name, options)
        written = _written(offer, folder, target)
        target = target.with_name(written.name)
        if written.is_dir():
            record = to_json(_record(offer, model, options))
            (written / RECORD).write_text(record, encoding="utf-8")
        _move(written, target)
    return Exported(target, summary)


def with_ending(path: Path, ending: str) -> Path:
    """A path that ends so."""
    return path if path.suffix.lower() == ending else path.with_name(f"{path.name}{ending}")


def _check_options(offer: Offer, function: Any, options: Mapping[str, Any]) -> None:
    """Refuse options that the exporter does not take; the first two arguments are ganzoo's."""
    taken = dict([*parameters_of(function).items()][2:])
    offer.check(function, options, taken)


def _target(path: Path, name: str) -> Path:
    """Where the export goes: the path, or below it if it is a folder that no export wrote."""
    return path / name if path.is_dir() and not (path / RECORD).is_file() else path


def _check_replaceable(target: Path) -> None:
    """Refuse to replace a folder that no export wrote, or that is in use."""
    if target.is_dir() and not (target / RECORD).is_file():
        raise UsageError(f"{target} is a folder that no export wrote; give another path")
    if target.is_dir() and holds_working_folder(target):
        raise UsageError(f"{target} is or holds the folder you are in; give another path")


@contextmanager
def _folder_beside(target: Path) -> Iterator[Path]:
    """An empty folder on the target's file system, removed at the end."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _called(
    offer: Offer, function: Any, model: Model, path: Path, options: Mapping[str, Any]
) -> str:
    """The exporter's line about what it wrote; an error of another library names the exporter."""
    try:
        summary = function(model, path, **options)
    except (GanzooError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise PluginError(f"exporter {offer.qualified} failed: {one_line(error)}") from error
    if not isinstance(summary, str):
        raise PluginError(
            f"exporter {offer.qualified} returned a {type(summary).__name__}; return a line of "
            "text that says what was written and how near it is to the model"
        )
    return " ".join(summary.split())


def _written(offer: Offer, folder: Path, target: Path) -> Path:
    """The one file or folder that an exporter wrote at its path, or there with an ending."""
    found = sorted(folder.iterdir())
    if len(found) != 1 or not f"{found[0].name}.".startswith(f"{target.name}."):
        names = ", ".join(path.name for path in found) or "nothing"
        raise PluginError(
            f"exporter {offer.qualified} wrote {names} where one file or folder {target.name} was "
            "expected; write at the path that is given, or there with an ending"
        )
    return found[0]


def _record(offer: Offer, model: Model, options: Mapping[str, Any]) -> dict[str, Any]:
    """What a folder says about itself."""
    return {
        "exporter": offer.qualified,
        "version": catalogue().manager.plugins[offer.distribution].version,
        "model": model.card.name,
        "sha256": fingerprint(model),
        "options": dict(options),
    }


def _move(written: Path, target: Path) -> None:
    """Put what was written at the target, where nothing or an earlier export is."""
    _check_replaceable(target)
    if target.exists() and written.is_dir() != target.is_dir():
        was, becomes = ("folder", "file") if target.is_dir() else ("file", "folder")
        raise UsageError(f"{target} is a {was}, and the export is a {becomes}; give another path")
    if written.is_dir():
        with folder_written_whole(target) as beside:
            for entry in written.iterdir():
                entry.replace(beside / entry.name)
    else:
        with written_whole(target) as beside:
            written.replace(beside)
