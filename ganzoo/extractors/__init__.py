"""Networks in whose features samples are measured: by name, or as a data set names them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganzoo.build import build, factory_of, taken_arguments
from ganzoo.errors import UsageError
from ganzoo.interfaces import Dataset, Extractor
from ganzoo.specs import Part


def open_extractor(name: str, *, weights: Path | None = None) -> Extractor:
    """An extractor by name (`cnn-mnist`), or with a model after a colon (`timm:resnet18`).

    `weights` is a file for extractors that would otherwise fetch theirs. Returned in eval mode, and
    frozen.
    """
    bare, colon, model = name.partition(":")
    arguments: dict[str, Any] = {"model": model} if colon else {}
    if weights is not None:
        arguments["weights"] = str(weights)
    part = Part(bare, arguments)
    if arguments:
        taken = taken_arguments(Extractor, Part(bare))
        for argument, what in (("model", f"model, found {name!r}"), ("weights", "weights file")):
            if argument in arguments and argument not in taken:
                raise UsageError(f"extractor {bare!r} takes no {what}; its weights are fixed")
    return build(Extractor, part).eval().requires_grad_(False)


def extractors_of(part: Part) -> tuple[str | None, str | None]:
    """The extractor that a data set names, and its control; built only if needed."""
    factory = factory_of(Dataset, part)
    if isinstance(factory, type) and issubclass(factory, Dataset):
        names = factory.extractor, factory.control
        if all(name is None or isinstance(name, str) for name in names):
            return names
    made = build(Dataset, part)  # a function, or a class whose extractor depends on its arguments
    return made.extractor, made.control


__all__ = ["extractors_of", "open_extractor"]
