"""A check of a writer: the files that it returns exist, and nothing else does."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo.build import PICTURES
from ganzoo.specs import Part
from ganzoo.testing.failures import Skipped
from ganzoo.testing.game_data import opened
from ganzoo.testing.numerics import equal
from ganzoo.testing.subjects import PartSubject


def check_files(subject: PartSubject) -> str:
    """It writes one sample and seven to the given place, and returns the files."""
    samples = _samples(subject)
    for n in (1, 7):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "below" / f"samples{'.png' * (subject.offer.name in PICTURES)}"
            path.parent.mkdir()
            given = samples[:n].clone()
            written = subject.factory(given, path)
            _check_files(subject, written, path.parent)
            if not equal(given, samples[:n]):
                raise subject.wrong(
                    "it changes the samples that it writes, in place (clamp_, mul_): use the "
                    "operation without the underscore",
                    r"\w_\(",
                )
    return ", ".join(sorted({path.suffix for path in written}))


def _check_files(subject: PartSubject, written: Any, folder: Path) -> None:
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


def _samples(subject: PartSubject) -> Tensor:
    """Seven samples of its kind, from a data set that is here."""
    offers = subject.world.registry.offers("dataset")
    offers.sort(key=lambda offer: offer.distribution != subject.offer.distribution)
    for offer in offers:
        data = opened(subject.world, Part(offer.qualified))
        if data is not None and data.kind == subject.offer.name:
            return data.batch(torch.arange(7) % len(data))[0]
    raise Skipped(f"no data set of the kind {subject.offer.name!r} is here to take samples from")
