"""Installed distributions, as the import system finds them: a dist-info beside its modules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def install(
    site: Path,
    distribution: str,
    entries: Mapping[str, str],
    *,
    version: str = "1.0",
    modules: Mapping[str, str] | None = None,
) -> None:
    """Install `distribution` into `site`: its ganzoo entry points, and modules by name."""
    folder = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
    (folder / "METADATA").write_text(metadata)
    lines = [f"{name} = {value}" for name, value in entries.items()]
    (folder / "entry_points.txt").write_text("\n".join(["[ganzoo]", *lines, ""]))
    for module, source in (modules or {}).items():
        (site / f"{module}.py").write_text(source)


def offering(hook: str, value: object) -> str:
    """The source of a plugin module with one hook that returns `value`."""
    return f"from ganzoo import hookimpl\n\n@hookimpl\ndef {hook}():\n    return {value!r}\n"
