"""Checks of what a plugin's hooks return. Each problem names the hook and the entry."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ganzoo.errors import PluginError

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
TARGET = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")

#: Receives the reason why an entry is left out.
Report = Callable[[str], None]


def parts(hook: str, returned: Any, report: Report) -> dict[str, str]:
    """Keep the valid entries of a mapping from name to `"module:attribute"`."""
    good = {}
    for name, target in _mapping(hook, returned).items():
        if not _is_name(name):
            report(f"{hook}: {name!r} is not a name; use lower-case words joined by '-'")
        elif not isinstance(target, str) or not TARGET.fullmatch(target):
            report(f'{hook}: {name!r} is {target!r}; give it as text, "module:attribute"')
        else:
            good[name] = target
    return good


def commands(hook: str, returned: Any, report: Report) -> dict[str, tuple[str, str]]:
    """Keep the valid entries of a mapping from name to (`"module:command"`, help)."""
    good = {}
    for name, value in _mapping(hook, returned).items():
        pair = isinstance(value, tuple | list) and len(value) == 2
        if not _is_name(name):
            report(f"{hook}: {name!r} is not a name; use lower-case words joined by '-'")
        elif not pair or not all(isinstance(item, str) for item in value):
            report(f'{hook}: {name!r} is {value!r}; give ("module:command", "one line of help")')
        elif not TARGET.fullmatch(value[0]):
            report(f'{hook}: {name!r} is {value[0]!r}; give it as "module:command"')
        else:
            good[name] = (value[0], value[1])
    return good


def folders(hook: str, returned: Any, report: Report) -> list[Path]:
    """Keep the paths of an iterable that are folders."""
    if isinstance(returned, str | bytes | Path | Mapping) or not isinstance(returned, Iterable):
        raise PluginError(f"{hook}: expected a list of folders, found {_kind(returned)}")
    good = []
    for entry in returned:
        if not isinstance(entry, str | Path):
            report(f"{hook}: expected a folder, found {_kind(entry)}")
        elif not Path(entry).is_dir():
            report(f"{hook}: there is no folder {str(entry)!r}; is it in the package data?")
        else:
            good.append(Path(entry))
    return good


def _mapping(hook: str, returned: Any) -> Mapping[Any, Any]:
    if not isinstance(returned, Mapping):
        raise PluginError(f"{hook}: expected a mapping, found {_kind(returned)}")
    return returned


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and NAME.fullmatch(name) is not None


def _kind(value: Any) -> str:
    return "None (is a return missing?)" if value is None else f"{type(value).__name__} {value!r}"
