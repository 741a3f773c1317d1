"""Joining a page's modules into one script, since browsers load no modules from a disk."""

from __future__ import annotations

import re
from pathlib import Path

BROWSER = Path(__file__).parents[1] / "browser"
RUNTIME = Path(__file__).parents[1] / "runtime"

_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./([a-z]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)


def page_script(name: str = "main") -> str:
    """A module and all that it imports: a function for each module, in an order that runs."""
    modules = "\n".join(_joined(name, {}).values())
    return f'"use strict";\n(() => {{\n{modules}}})();\n'


def _joined(name: str, done: dict[str, str]) -> dict[str, str]:
    """Modules by name, each after those that it imports."""
    source = (BROWSER / "page" / f"{name}.js").read_text(encoding="utf-8")
    for _, needed in _IMPORT.findall(source):
        if needed not in done:
            _joined(needed, done)
    exported = ", ".join(_EXPORT.findall(source))
    body = _EXPORT.sub("", _IMPORT.sub(r"const \1 = \2_js;\n", source)).strip()
    done[name] = f"const {name}_js = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();\n"
    return done
