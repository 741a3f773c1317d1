"""A check of an exporter: it writes where it is told, the same bytes each time, and no more."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ganzoo.errors import GanzooError, PluginError, one_line
from ganzoo.exporters import Exported, export
from ganzoo.testing.failures import Skipped
from ganzoo.testing.numerics import equal
from ganzoo.testing.standins import plain_model
from ganzoo.testing.subjects import PartSubject
from ganzoo.zoo import Model


def check_exports(subject: PartSubject) -> str:
    """It writes models with and without classes whole, twice alike, and leaves them as they are."""
    for classes in (None, 3):
        with tempfile.TemporaryDirectory() as folder:
            model = plain_model(Path(folder) / "plain", num_classes=classes)
            before = {k: v.clone() for k, v in model.generator.state_dict().items()}
            contents = [_contents(_exported(subject, model, Path(folder) / n)) for n in "ab"]
            if contents[0] != contents[1]:
                names = {k for one in contents for k in one if contents[0].get(k) != one.get(k)}
                raise subject.wrong(
                    f"{', '.join(sorted(names))} is different each time: leave out times, paths "
                    "and random numbers, and sort what has no order"
                )
            after = model.generator.state_dict()
            if not all(equal(value, after[name]) for name, value in before.items()):
                raise subject.wrong("it changes the model's weights: work on a copy.deepcopy")
            if model.generator.training:
                raise subject.wrong("it leaves the model's network in train mode")
    return f"{sum(map(len, contents[0].values())):,} bytes of a small model"


def _exported(subject: PartSubject, model: Model, folder: Path) -> Exported:
    """What the exporter writes of a model; skips the check if it refuses the model."""
    folder.mkdir()
    _ = subject.factory
    try:
        return export(model, subject.offer.qualified, folder / "made", subject.arguments)
    except PluginError as error:
        raise subject.wrong(one_line(error), "return|write") from error
    except GanzooError as error:
        raise Skipped(one_line(error)) from error


def _contents(exported: Exported) -> dict[str, bytes]:
    """The files of an export by their place in it."""
    path = exported.path
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    return {str(one.relative_to(path.parent)): one.read_bytes() for one in files}
