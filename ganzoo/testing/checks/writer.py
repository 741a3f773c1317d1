"""A check of a writer: the files that it returns exist, and nothing else does."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch

from ganzoo.errors import GanzooError, one_line
from ganzoo.interfaces import Dataset, Writer
from ganzoo.specs import Part
from ganzoo.testing.failures import Blocked, Skipped
from ganzoo.testing.game_data import opened
from ganzoo.testing.numerics import equal
from ganzoo.testing.subjects import WriterSubject
from ganzoo.views import View
from ganzoo.writers.by_kind import default_path
from ganzoo.writers.by_kind import opened as writer_in


def check_files(subject: WriterSubject) -> str:
    """It writes one sample and seven to the given place, and returns the files."""
    data, writer = _data(subject), _writer(subject)
    samples = data.batch(torch.arange(7) % len(data))[0]
    for n in (1, 7):
        with tempfile.TemporaryDirectory() as folder:
            path = default_path(writer, Path(folder) / "below" / "samples")
            path.parent.mkdir()
            given = samples[:n].clone()
            written = writer.write(given, path, data.legend)
            _check_files(subject, written, path.parent)
            if not equal(given, samples[:n]):
                raise subject.wrong(
                    "it changes the samples that it writes, in place (clamp_, mul_): use the "
                    "operation without the underscore",
                    r"\w_\(",
                )
    return ", ".join(sorted({path.suffix for path in written}))


def check_shown(subject: WriterSubject) -> str:
    """Its lines are one for each sample, its pictures uint8 [N, C, H, W], its view a view."""
    data, writer = _data(subject), _writer(subject)
    samples = data.batch(torch.arange(7) % len(data))[0]
    lines = writer.lines(samples, data.legend)
    if lines is not None and [len(str(line).splitlines()) < 2 for line in lines] != [True] * 7:
        raise subject.wrong(
            f"lines() gives {len(lines)} for 7 samples, or some with a line break: return one line "
            "of text for each sample",
            method="lines",
        )
    pictures = writer.pictures(samples, data.legend)
    if pictures is not None and (
        pictures.dtype != torch.uint8 or pictures.dim() != 4 or len(pictures) != 7
    ):
        raise subject.wrong(
            f"pictures() gives {pictures.dtype} {list(pictures.shape)} for 7 samples: return uint8 "
            "[N, C, H, W], which is 0 to 255",
            method="pictures",
        )
    view = writer.view(tuple(data.sample_shape), data.legend)
    if view is not None and not isinstance(view, View):
        raise subject.wrong(
            f"view() gives a {type(view).__name__}: return one of the views of ganzoo.views, or "
            "None if a page cannot show these samples",
            method="view",
        )
    shown = {"lines": lines, "pictures": pictures, "view": view}
    return ", ".join(name for name, it in shown.items() if it is not None) or "neither"


def _writer(subject: WriterSubject) -> Writer:
    """The writer, if it can be made."""
    try:
        return writer_in(subject.offer)
    except GanzooError as error:
        raise Blocked("check_declared", f"it cannot be made: {one_line(error)}") from error


def _check_files(subject: WriterSubject, written: Any, folder: Path) -> None:
    """Everything that it returns exists, and nothing else is left behind."""
    if not isinstance(written, list) or not written:
        raise subject.wrong(
            f"it returns {written!r} instead of the files that it wrote: return a list of paths",
            "return",
        )
    for path in written:
        if not isinstance(path, Path) or not path.is_file() or not path.stat().st_size:
            raise subject.wrong(
                f"it returns {path!r}, which is no file with something in it: return the paths as "
                "they were written, and make their folder (path.parent.mkdir(parents=True, "
                "exist_ok=True))",
                r"return|write",
            )
    left = {path for path in folder.rglob("*") if path.is_file()} - set(written)
    for path in sorted(left):
        raise subject.wrong(
            f"it leaves {path.name}, which it does not return: return every file, and delete "
            "temporary ones",
            r"return|write|open",
        )


def _data(subject: WriterSubject) -> Dataset:
    """A data set of its kind that is here, first one of its own plugin."""
    others = (Part(offer.qualified) for offer in subject.world.registry.offers("dataset"))
    for part in (*subject.own, *others):
        data = opened(subject.world, part)
        if data is not None and data.kind == subject.offer.name:
            return data
    raise Skipped(f"no data set of the kind {subject.offer.name!r} is here to take samples from")
