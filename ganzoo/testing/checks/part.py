"""Checks that a part is what its plugin says: there, of its interface, and buildable."""

from __future__ import annotations

import importlib
from typing import Any

from ganzoo.build import needed_arguments
from ganzoo.errors import CheckError, GanzooError, did_you_mean, one_line
from ganzoo.specs import Part
from ganzoo.testing.attributes import fault_of, unseen_layers
from ganzoo.testing.building import build
from ganzoo.testing.causes import remedy
from ganzoo.testing.failures import Skipped, authors_line, line_of, raised_at, root_of, wrong
from ganzoo.testing.network_subjects import NetworkSubject
from ganzoo.testing.numerics import seeded
from ganzoo.testing.subjects import (
    DatasetSubject,
    ExtractorSubject,
    PartSubject,
    ScheduleSubject,
    TrackerSubject,
)


def check_declared(subject: PartSubject) -> None:
    """What its hook names is there, and is a subclass of its interface."""
    try:
        found = subject.entry.resolve()
    except GanzooError as error:
        raise _unimported(subject, error) from error
    if isinstance(found, type) and not issubclass(found, subject.interface):
        raise wrong(
            f"{subject.entry.target} is no subclass of ganzoo.{subject.interface.__name__}: "
            f"write class {found.__name__}(ganzoo.{subject.interface.__name__})",
            line_of(found),
        )


def _unimported(subject: PartSubject, error: GanzooError) -> CheckError:
    """Why what a hook names is not there: a misspelt name, or a module that cannot be imported."""
    root = root_of(error)
    near = _near(subject.entry.target) if isinstance(root, AttributeError) else ""
    hint = near or remedy(root)
    at = authors_line(root)
    if isinstance(root, SyntaxError) and root.filename:
        at = f"{root.filename}:{root.lineno}"
    return wrong(f"{one_line(error)}{hint and f'; {hint}'}", at)


def check_builds(subject: PartSubject) -> None:
    """It can be built with nothing, or with what `ganzoo_examples` or a model gives it."""
    factory = subject.factory
    if isinstance(subject, DatasetSubject):
        subject.must_be_here()
    try:
        with seeded(0):
            made = build(subject.entry, subject.arguments)
    except CheckError as error:
        if isinstance(subject, DatasetSubject | ScheduleSubject) and _lacks_arguments(subject):
            raise Skipped(
                f"{one_line(error.__cause__ or error)}; where it can be built with what the "
                "package holds, or with numbers that make sense, say how: "
                f'ganzoo_examples = {{"{subject.kind}/{subject.entry.name}": {{...}}}}'
            ) from error
        raise
    except GanzooError as error:
        if isinstance(subject, ExtractorSubject):
            raise Skipped(f"what it needs is not on this machine: {one_line(error)}") from error
        raise wrong(f"it cannot be built: {one_line(error)}", raised_at(error)) from error
    if not isinstance(made, subject.interface):
        raise wrong(
            f"{subject.entry.target} makes a {type(made).__name__}, which is no subclass of "
            f"ganzoo.{subject.interface.__name__}: write class "
            f"{type(made).__name__}(ganzoo.{subject.interface.__name__})",
            line_of(factory),
        )


def check_attributes(subject: NetworkSubject[Any]) -> None:
    """`sample_shape`, `latent_dim`, `num_classes` are set as they should, layers are torch's."""
    network = subject.bare()
    if said := fault_of(network):
        raise wrong(said, subject.line(method="__init__"))
    if name := unseen_layers(network):
        raise wrong(
            f"layers are kept in self.{name}, a plain list or dict, where torch does not see them: "
            "they are never trained, moved or saved; keep them in nn.Sequential, nn.ModuleList or "
            "nn.ModuleDict",
            subject.line(rf"self\.{name}\b", method="__init__"),
        )


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


def _lacks_arguments(subject: DatasetSubject | ScheduleSubject) -> bool:
    """Whether a part needs what nobody can guess, such as a folder's path, or a number's end."""
    interface: Any = subject.interface
    return bool(needed_arguments(interface, Part(subject.entry.qualified, subject.arguments)))


def _near(target: str) -> str:
    """The nearest attribute of the module that a target names, if there is such a module."""
    module, _, attribute = target.partition(":")
    try:
        names = [name for name in vars(importlib.import_module(module)) if name[:1] != "_"]
    except BaseException:
        return ""
    return did_you_mean(attribute, names, otherwise="")
