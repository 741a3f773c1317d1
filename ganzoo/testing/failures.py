"""How a failure is reported: what was found, the likely cause, and the line to change."""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ganzoo.errors import CheckError, did_you_mean, one_line

#: Modules whose lines no author can change.
FOREIGN = ("torch.", "builtins.", "abc.", "typing.", "ganzoo.interfaces.", "ganzoo.layers.")
#: Where torch and the standard library's `copy` lie, whose frames are no author's either.
LIBRARIES = (
    f"{Path(torch.__file__).parent}{os.sep}",
    str(Path(inspect.__file__).parent / "copy.py"),
)
IMPORTER = Path(importlib.__file__)
CORE = f"{Path(__file__).parents[1]}{os.sep}"
#: What torch raises about a module whose own __init__ never ran.
UNINITIALISED = (
    "before Module.__init__() call",
    *(f"has no attribute '{name}'" for name in ("_modules", "_parameters", "_backward_hooks")),
)
CALL_SUPER = "call super().__init__() first in its __init__"
#: Words in torch's errors about sizes that do not match.
SIZES = ("shape", "size", "channels", "dimension", "Dimension", "running_mean")


class Skipped(Exception):  # noqa: N818 - nothing is wrong
    """A check that cannot run on this machine, with the reason."""


class Blocked(Skipped):
    """A check that cannot run because of a fault that another check reports.

    `check` is that other one, `subject` its subject if it is another one; `reason` is what was
    seen of the fault.
    """

    def __init__(self, check: str, reason: str, subject: str = "") -> None:
        super().__init__(f"{reason}: {check} says why")
        self.check, self.reason, self.subject = check, reason, subject


class NotOfferedError(CheckError):
    """A model's part that its plugin, `owner`, does not offer."""

    def __init__(self, problem: str, owner: str) -> None:
        super().__init__(problem)
        self.owner = owner


def wrong(problem: str, line: str = "") -> CheckError:
    """The error of a check; `line` is the one to change, from `line_of`."""
    return CheckError(f"{problem} [{line}]" if line else problem)


def short(error: BaseException, characters: int = 160) -> str:
    """An error in one line, cut to so many characters."""
    return one_line(error)[:characters]


@contextmanager
def reported_by(check: str, action: str) -> Iterator[None]:
    """Leave any error inside to another check to report; `action` is what was tried."""
    try:
        yield
    except Skipped:
        raise
    except Exception as error:
        raise Blocked(check, f"{action} fails ({short(error, 80)})") from error


# --- Which line to change ------------------------------------------------------------------------


def line_of(part: object, pattern: str = "", method: str = "forward") -> str:
    """`file:line` of what to change in a part, a class or a function.

    The first line that matches `pattern` in the part's own classes (its layers' too); otherwise
    that of `method`; otherwise the class's. Empty if there is no source.
    """
    classes: list[Any] = [*_own_classes(part)] or [part]
    for made in classes if pattern else []:
        file, lines, start = _source(made)
        for number, line in enumerate(lines):
            if re.search(pattern, line.partition("#")[0]):
                return f"{short_path(file)}:{start + number}"
    having = [vars(made)[method] for made in classes if method in getattr(made, "__dict__", {})]
    file, _, start = _source((having or classes)[0])
    return f"{short_path(file)}:{start}" if file else ""


def raising_line(error: BaseException) -> str:
    """The line that raised: the last one outside ganzoo and torch, otherwise the last of ganzoo."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if not frame.filename.startswith(LIBRARIES)]
    own = [frame for frame in ours if not frame.filename.startswith(CORE)] or ours
    return f"{short_path(own[-1].filename)}:{own[-1].lineno}" if own else ""


def authors_line(error: BaseException) -> str:
    """The last line of a plugin's that an error went through; empty if there is none."""
    others = (*LIBRARIES, CORE, "<frozen")
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not f.filename.startswith(others) and Path(f.filename) != IMPORTER]
    return f"{short_path(own[-1].filename)}:{own[-1].lineno}" if own else ""


def root_of(error: BaseException) -> BaseException:
    """The first error in a chain of causes."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def short_path(file: str) -> str:
    """A path relative to the current folder, if it lies inside."""
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file


def _own_classes(part: object) -> Iterator[type]:
    """The classes that an author wrote: the part's, its layers', and what those inherit from."""
    objects = list(part.modules()) if isinstance(part, nn.Module) else [part]
    kinds = [thing if isinstance(thing, type) else type(thing) for thing in objects]
    for made in dict.fromkeys(made for kind in kinds for made in kind.__mro__):
        if not f"{made.__module__}.".startswith(FOREIGN):
            yield made


@functools.lru_cache(maxsize=256)  # Python parses a whole file anew for each class
def _source(thing: Any) -> tuple[str, list[str], int]:
    """File, lines and number of the first line; empty if there is no source."""
    try:
        lines, start = inspect.getsourcelines(inspect.unwrap(thing))
        return inspect.getsourcefile(thing) or "", lines, start
    except (OSError, TypeError):
        return "", [], 0


# --- What the cause may be -----------------------------------------------------------------------


def remedy(error: BaseException) -> str:
    """What to do about an error whose kind says it; empty for other errors."""
    text = str(error)
    if any(phrase in text for phrase in UNINITIALISED):
        return CALL_SUPER
    match error:
        case ModuleNotFoundError():
            return (
                f"is {error.name!r} misspelt? If not, install it, and list it under dependencies "
                "in pyproject.toml"
            )
        case ImportError():
            return "the name may be misspelt or belong to another version; import one that exists"
        case UnboundLocalError():
            return "assign it on every path that leads there"
        case NameError():
            return "import it, or correct its spelling"
        case SyntaxError():
            return "Python cannot parse that line; correct it"
        case AttributeError():
            return _nearest_attribute(error)
    if "numpy() on Tensor" in text:
        return "numpy computes no gradients; write it with torch's operations"
    return ""


def _nearest_attribute(error: AttributeError) -> str:
    near = ""
    if error.obj is not None and isinstance(error.name, str):
        near = did_you_mean(error.name, dir(error.obj), otherwise="")
    return near or "it may be misspelt, or be set only later"


def about_sizes(error: BaseException) -> bool:
    """Whether an error is about tensors whose sizes do not match."""
    return isinstance(error, RuntimeError | ValueError) and any(s in str(error) for s in SIZES)


def refuses(method: Callable[..., Any], inputs: int, **named: Any) -> bool:
    """Whether a method's signature does not take this many inputs and these names."""
    try:
        signature = inspect.signature(method)
    except (TypeError, ValueError):
        return False
    try:
        signature.bind(*[None] * inputs, **named)
    except TypeError:
        return True
    return False


def signature_of(method: Callable[..., Any]) -> str:
    """How a method is declared: `forward(latents)`."""
    names = [str(one).partition(":")[0] for one in inspect.signature(method).parameters.values()]
    return f"{getattr(method, '__name__', 'it')}({', '.join(names)})"
