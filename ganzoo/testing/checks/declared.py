"""Checks that a part is what its plugin says: there, of its interface, and buildable."""

from __future__ import annotations

import importlib
from typing import Any

from ganzoo.errors import GanzooError, PartError, did_you_mean, one_line
from ganzoo.interfaces import Dataset
from ganzoo.parts import needed_arguments
from ganzoo.specs import Part
from ganzoo.testing.faults import Skipped, line_of, wrong
from ganzoo.testing.players import NetworkSubject
from ganzoo.testing.probes import seeded
from ganzoo.testing.subjects import DatasetSubject, ExtractorSubject, PartSubject, TrackerSubject


def check_declared(subject: PartSubject) -> None:
    """What its hook names is there, and is a subclass of its interface."""
    try:
        found = subject.entry.resolve()
    except GanzooError as error:
        raise wrong(f"{one_line(error)}{_near(subject.entry.target)}") from error
    if isinstance(found, type) and not issubclass(found, subject.interface):
        raise wrong(
            f"{subject.entry.target} is no subclass of ganzoo.{subject.interface.__name__}: "
            f"write class {found.__name__}(ganzoo.{subject.interface.__name__})",
            line_of(found),
        )


def check_builds(subject: PartSubject) -> None:
    """It can be built with nothing, or with what `ganzoo_examples` or a model gives it."""
    factory = subject.factory
    if isinstance(subject, DatasetSubject):
        subject.must_be_here()
    try:
        with seeded(0):
            made = subject.entry.build(**subject.arguments)
    except GanzooError as error:
        if isinstance(subject, ExtractorSubject) and not isinstance(error, PartError):
            raise Skipped(f"what it needs is not on this machine: {one_line(error)}") from error
        if isinstance(subject, DatasetSubject) and _lacks_arguments(subject):
            raise Skipped(
                f"{one_line(error)}; where it can be built with what the package holds, say how: "
                f'ganzoo_examples = {{"{subject.kind}/{subject.entry.name}": {{...}}}}'
            ) from error
        raise wrong(
            f"{one_line(error)}: give every argument a default, or say what to build it with: "
            f'ganzoo_examples = {{"{subject.kind}/{subject.entry.name}": {{...}}}} in the '
            "plugin's module",
            line_of(factory, method="__init__"),
        ) from error
    if not isinstance(made, subject.interface):
        raise wrong(
            f"{subject.entry.target} makes a {type(made).__name__}, which is no subclass of "
            f"ganzoo.{subject.interface.__name__}: write class "
            f"{type(made).__name__}(ganzoo.{subject.interface.__name__})",
            line_of(factory),
        )


def check_attributes(subject: NetworkSubject[Any]) -> None:
    """`sample_shape`, `latent_dim` and `num_classes` are set, and numbers of their kind."""
    network = subject.bare()
    at = subject.line(method="__init__")
    expected = {"sample_shape": _is_shape, "num_classes": _is_classes}
    if subject.kind == "generator":
        expected["latent_dim"] = _is_size
    for name, holds in expected.items():
        value = getattr(network, name, ...)
        if value is ...:
            raise wrong(
                f"{name} is not set: the engine reads it before the first pass; write "
                f"self.{name} = ... in __init__",
                at,
            )
        if not holds(value):
            raise wrong(f"{name} is {value!r}: it is {_KIND[name]}; set it so in __init__", at)


def check_tracker(subject: TrackerSubject) -> None:
    """The tracker has all four methods; it is not built, since that may call somewhere."""
    factory = subject.factory
    missing = sorted(getattr(factory, "__abstractmethods__", ()))
    if missing:
        raise wrong(
            f"{subject.entry.target} lacks {', '.join(missing)}: an abstract class cannot be "
            "built; write each method, if only with `pass`",
            line_of(factory),
        )


def _lacks_arguments(subject: DatasetSubject) -> bool:
    """Whether a data set needs what nobody can guess, such as a folder's path."""
    return bool(needed_arguments(Dataset, Part(subject.entry.qualified, subject.arguments)))


_KIND = {
    "sample_shape": "a tuple of whole numbers above 0, without the batch, such as (1, 28, 28)",
    "num_classes": "a whole number of 2 or more, or None where labels are not taken",
    "latent_dim": "a whole number of 0 or more",
}


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and all(_is_size(n) and n > 0 for n in value)


def _is_classes(value: Any) -> bool:
    return value is None or (_is_size(value) and value >= 2)


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _near(target: str) -> str:
    """The nearest attribute of the module that a target names, if there is such a module."""
    module, _, attribute = target.partition(":")
    try:
        names = [name for name in vars(importlib.import_module(module)) if name[:1] != "_"]
    except BaseException:
        return ""
    return f"; {did_you_mean(attribute, names, otherwise='')}".rstrip("; ")
