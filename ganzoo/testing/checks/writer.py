"""A check of a writer: files are there, whole, and are those it says."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo.build import PICTURES
from ganzoo.specs import Part
from ganzoo.testing.failures import Skipped, wrong
from ganzoo.testing.game_data import opened
from ganzoo.testing.numerics import equal
from ganzoo.testing.subjects import WriterSubject


def check_files(subject: WriterSubject) -> str:
    """One sample and seven are written where it is told, and it returns the files."""
    samples = _samples(subject)
    for n in (1, 7):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "below" / f"samples{'.png' * (subject.entry.name in PICTURES)}"
            place.parent.mkdir()
            kept = samples[:n].clone()
            written = _written(subject, samples[:n], place)
            _check(subject, written, place)
            if not equal(kept, samples[:n]):
                raise wrong(
                    "it changes the samples that it writes, which are not its own: an operation "
                    "in place (clamp_, mul_); take the one without the underscore",
                    subject.line(r"\w_\("),
                )
    return ", ".join(sorted({path.suffix for path in written}))


def _written(subject: WriterSubject, samples: Tensor, place: Path) -> list[Any]:
    written = subject.factory(samples, place)
    if not isinstance(written, list) or not written:
        raise wrong(
            f"it returns {written!r}: it returns the files that it wrote, as a list of paths",
            subject.line("return"),
        )
    return written


def _check(subject: WriterSubject, written: list[Any], place: Path) -> None:
    """All that it returns is there, and nothing else is left behind."""
    for path in written:
        if not isinstance(path, Path) or not path.is_file() or not path.stat().st_size:
            raise wrong(
                f"it returns {path!r}, which is no file with something in it: return the paths as "
                "they were written, and make their folder (path.parent.mkdir(parents=True, "
                "exist_ok=True))",
                subject.line(r"return|write"),
            )
    there = {path for path in place.parent.rglob("*") if path.is_file()}
    for path in sorted(there - {path for path in written if isinstance(path, Path)}):
        raise wrong(
            f"it leaves {path.name}, which it does not return: return every file, and take away "
            "what was for the moment",
            subject.line(r"return|write|open"),
        )


def _samples(subject: WriterSubject) -> Tensor:
    """Seven samples of its kind, from a data set that is here."""
    registry = subject.world.registry
    entries = registry.offers("dataset")
    entries.sort(key=lambda entry: entry.distribution != subject.entry.distribution)
    for entry in entries:
        data = opened(subject.world, Part(entry.qualified))
        if data is not None and data.kind == subject.entry.name and len(data) > 0:
            found: Tensor = data.batch(torch.arange(7) % len(data))[0]
            return found
    raise Skipped(f"no data set of the kind {subject.entry.name!r} is here to take samples from")
