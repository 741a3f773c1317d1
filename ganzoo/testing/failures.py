"""What a check says: what was found, the likely cause, and the line to change."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ganzoo.errors import CheckError, one_line

#: Modules whose lines nobody is asked to change.
OTHERS = ("torch.", "builtins.", "abc.", "typing.", "ganzoo.interfaces.", "ganzoo.layers.")

#: Where torch and Python's own modules lie.
LIBRARIES = (
    f"{Path(torch.__file__).parent}{os.sep}",
    str(Path(inspect.__file__).parent / "copy.py"),
)
#: Files that import others.
IMPORTERS = frozenset({Path(importlib.__file__)})
#: Where the core's modules lie.
CORE = f"{Path(__file__).parents[1]}{os.sep}"


class Skipped(Exception):  # noqa: N818 - nothing is wrong
    """A check that cannot be made here, with the reason."""


class NotOfferedError(CheckError):
    """A part that its plugin, `owner`, does not offer: that one's fault where it does not load."""

    def __init__(self, said: str, owner: str) -> None:
        super().__init__(said)
        self.owner = owner


class Blocked(Skipped):
    """A check that cannot be made because of what another one finds wrong, and tells.

    `check` is that one, `subject` whose it is where that is not the same; `reason` is what was seen
    of it from here.
    """

    def __init__(self, check: str, reason: str, subject: str = "") -> None:
        super().__init__(f"{reason}: {check} says why")
        self.check, self.reason, self.subject = check, reason, subject


@contextmanager
def told_by(check: str, doing: str) -> Iterator[None]:
    """Whatever goes wrong inside is another check's to tell; `doing` says what was tried."""
    try:
        yield
    except Skipped:
        raise
    except Exception as error:
        raise Blocked(check, f"{doing} fails ({one_line(error)[:80]})") from error


def wrong(said: str, at: str = "") -> CheckError:
    """The error of a check; `at` is the line to change, as `line_of` gives it."""
    return CheckError(f"{said} [{at}]" if at else said)


def line_of(part: object, pattern: str = "", method: str = "forward") -> str:
    """`file:line` of what to change in a part, a class or a function.

    It is the first line that matches `pattern` in the part's own classes (those of its layers too),
    else that of `method`, else the class's. Empty where there is no source.
    """
    classes: list[Any] = [*_own_classes(part)] or [part]
    if pattern:
        for made in classes:
            file, lines, start = _source(made)
            for number, line in enumerate(lines):
                if re.search(pattern, line.partition("#")[0]):
                    return f"{_short(file)}:{start + number}"
    for made in classes:
        if isinstance(made, type) and method in vars(made):
            file, _, start = _source(vars(made)[method])
            return f"{_short(file)}:{start}" if file else ""
    file, _, start = _source(classes[0])
    return f"{_short(file)}:{start}" if file else ""


def raised_at(error: BaseException) -> str:
    """The line that raised, as `file:line`: the last of an author's, else the last of ours."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if not frame.filename.startswith(LIBRARIES)]
    own = [frame for frame in ours if not frame.filename.startswith(CORE)] or ours
    return f"{_short(own[-1].filename)}:{own[-1].lineno}" if own else ""


def authors_line(error: BaseException) -> str:
    """The last line of an author's that an error went through; empty where there is none."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _is_authors(frame.filename)]
    return f"{_short(own[-1].filename)}:{own[-1].lineno}" if own else ""


def _is_authors(file: str) -> bool:
    return not file.startswith((*LIBRARIES, CORE, "<frozen")) and Path(file) not in IMPORTERS


def root_of(error: BaseException) -> BaseException:
    """What an error was raised from, at first."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _own_classes(part: object) -> Iterator[type]:
    """The classes that an author wrote: the part's, its layers', and what those inherit from."""
    objects = list(part.modules()) if isinstance(part, nn.Module) else [part]
    kinds = [thing if isinstance(thing, type) else type(thing) for thing in objects]
    seen: set[type] = set()
    for kind in kinds:
        for made in kind.__mro__:
            foreign = f"{made.__module__}.".startswith(OTHERS)
            if made not in seen and not foreign:
                seen.add(made)
                yield made


def _source(thing: Any) -> tuple[str, list[str], int]:
    """File, lines and number of the first line; of nothing where there is no source."""
    try:
        lines, start = inspect.getsourcelines(inspect.unwrap(thing))
        return inspect.getsourcefile(thing) or "", lines, start
    except (OSError, TypeError):
        return "", [], 0


def _short(file: str) -> str:
    """A path from here, where the file lies below."""
    path = Path(file)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file
