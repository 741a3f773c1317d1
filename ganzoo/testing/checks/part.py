"""Checks that a part is what its plugin says: importable, of its interface, and buildable."""

from __future__ import annotations

import importlib
from typing import Any

from ganzoo.build import needed_arguments
from ganzoo.errors import CheckError, GanzooError, did_you_mean, one_line
from ganzoo.specs import Part
from ganzoo.testing.building import attribute_fault, build, unregistered_layers
from ganzoo.testing.failures import (
    Skipped,
    authors_line,
    line_of,
    raising_line,
    remedy,
    root_of,
    wrong,
)
from ganzoo.testing.network_subjects import NetworkSubject
from ganzoo.testing.numerics import seeded
from ganzoo.testing.subjects import (
    DatasetSubject,
    PartSubject,
)


def check_declared(subject: PartSubject) -> None:
    """What the hook names can be imported, and is a subclass of its interface."""
    try:
        part = subject.offer.resolve()
    except GanzooError as error:
        raise _import_error(subject, error) from error
    if isinstance(part, type) and not issubclass(part, subject.interface):
        raise wrong(_no_subclass(subject, subject.offer.target, part.__name__), line_of(part))


def _no_subclass(subject: PartSubject, what: str, name: str) -> str:
    interface = f"ganzoo.{subject.interface.__name__}"
    return f"{what} is no subclass of {interface}: write class {name}({interface})"


def _import_error(subject: PartSubject, error: GanzooError) -> CheckError:
    """Why the hook's target is missing: a misspelt name, or a module that cannot be imported."""
    root = root_of(error)
    hint = (isinstance(root, AttributeError) and _nearest(subject.offer.target)) or remedy(root)
    line = authors_line(root)
    if isinstance(root, SyntaxError) and root.filename:
        line = f"{root.filename}:{root.lineno}"
    return wrong(f"{one_line(error)}{hint and f'; {hint}'}", line)


def _nearest(target: str) -> str:
    """The nearest attribute of the module that a target names, if the module can be imported."""
    module, _, attribute = target.partition(":")
    try:
        names = [name for name in vars(importlib.import_module(module)) if name[:1] != "_"]
    except BaseException:
        return ""
    return did_you_mean(attribute, names, otherwise="")


def check_builds(subject: PartSubject) -> None:
    """It can be built with no arguments, or with those of `ganzoo_examples` or a model."""
    factory = subject.factory
    if isinstance(subject, DatasetSubject):
        subject.must_be_here()
    try:
        with seeded(0):
            made = build(subject.offer, subject.arguments)
    except CheckError as error:
        if subject.kind in ("dataset", "schedule") and _lacks_arguments(subject):
            raise Skipped(
                f"{one_line(error.__cause__ or error)}; if the package holds data, or sensible "
                "numbers, to build it with, list them: "
                f'ganzoo_examples = {{"{subject.kind}/{subject.offer.name}": {{...}}}}'
            ) from error
        raise
    except GanzooError as error:
        if subject.kind == "extractor":
            raise Skipped(f"what it needs is not on this machine: {one_line(error)}") from error
        raise wrong(f"it cannot be built: {one_line(error)}", raising_line(error)) from error
    if not isinstance(made, subject.interface):
        name = type(made).__name__
        problem = _no_subclass(subject, f"{subject.offer.target} makes a {name}, which", name)
        raise wrong(problem, line_of(factory))


def _lacks_arguments(subject: PartSubject) -> bool:
    """Whether a part needs what nobody can guess, such as a folder or a final value."""
    interface: Any = subject.interface
    return bool(needed_arguments(interface, Part(subject.offer.qualified, subject.arguments)))


def check_attributes(subject: NetworkSubject[Any]) -> None:
    """`sample_shape`, `latent_dim` and `num_classes` have sound values; torch sees every layer."""
    network = subject.made()
    if fault := attribute_fault(network):
        raise subject.wrong(fault, method="__init__")
    if name := unregistered_layers(network):
        raise subject.wrong(
            f"layers are kept in self.{name}, a plain list or dict that torch does not look into, "
            "so they are never trained, moved or saved: use nn.Sequential, nn.ModuleList or "
            "nn.ModuleDict",
            rf"self\.{name}\b",
            "__init__",
        )


def check_tracker(subject: PartSubject) -> None:
    """The tracker has all four methods; it is not built, as that might connect to a service."""
    factory = subject.factory
    if missing := sorted(getattr(factory, "__abstractmethods__", ())):
        raise wrong(
            f"{subject.offer.target} lacks {', '.join(missing)}, and an abstract class cannot be "
            "built: write each method, even if its body is `pass`",
            line_of(factory),
        )
