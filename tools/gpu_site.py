"""Make the checkout importable where nothing can be installed.

    python tools/gpu_site.py SITE [--wheels .whl]

The script writes into the folder SITE what an installer would: a `dist-info` for the core and for
each plugin, with its entry points, and the carried wheels that this Python lacks. It prints a
PYTHONPATH.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path)
    parser.add_argument("--wheels", type=Path, default=ROOT / ".whl")
    given = parser.parse_args()
    dist_info = given.site / "dist-info"
    dist_info.mkdir(parents=True, exist_ok=True)
    paths = [dist_info, ROOT]
    for project in (ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))):
        write_dist_info(dist_info, project)
        if (source := project.parent / "src").is_dir():
            paths.append(source)
    if wheels := missing(given.wheels):
        install(wheels, given.site / "wheels")
        paths.append(given.site / "wheels")
    print(":".join(str(path) for path in paths))


def write_dist_info(folder: Path, project: Path) -> None:
    """Write the files that `importlib.metadata` reads for a distribution."""
    about = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    name, version = about["name"], about.get("version") or core_version()
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    groups = dict(about.get("entry-points", {}))
    if about.get("scripts"):
        groups["console_scripts"] = about["scripts"]
    lines = [
        line
        for group, points in groups.items()
        for line in (f"[{group}]", *(f"{key} = {value}" for key, value in points.items()), "")
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))


def core_version() -> str:
    """The version in the package itself."""
    module: dict[str, str] = {}
    exec((ROOT / "ganzoo" / "_version.py").read_text(encoding="utf-8"), module)
    return module["__version__"]


def missing(wheels: Path) -> list[Path]:
    """The carried wheels whose distribution this Python lacks or has too old (click)."""
    lacking = []
    for wheel in sorted(wheels.glob("*.whl")):
        name = wheel.name.split("-")[0]
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            lacking.append(wheel)
            continue
        if name == "click" and tuple(map(int, version.split(".")[:2])) < (8, 2):
            lacking.append(wheel)
    return lacking


def install(wheels: list[Path], target: Path) -> None:
    """Unpack wheels into a folder, without an index."""
    names = ", ".join(wheel.name.split("-")[0] for wheel in wheels)
    print(f"from carried wheels: {names}", file=sys.stderr)
    command = ["install", "-q", "--no-index", "--no-deps", "--no-compile", "--upgrade"]
    subprocess.run(
        [sys.executable, "-m", "pip", *command, "--target", str(target), *map(str, wheels)],
        check=True, stdout=sys.stderr,
    )  # fmt: skip


if __name__ == "__main__":
    main()
