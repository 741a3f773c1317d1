"""`ganzoo doctor`: packages, devices and data on this machine, and what is wrong with them."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import platformdirs

from ganzoo._version import __version__
from ganzoo.cards import catalogue
from ganzoo.errors import one_line
from ganzoo.files import nearest_existing


@dataclass(frozen=True)
class Finding:
    """What was found, and what to do if it is wrong."""

    text: str
    advice: str = ""


@click.command("doctor")
def command() -> int:
    """Report packages, devices and data found here; exit with 1 if something is wrong."""
    wrong = 0
    for label, examine in EXAMINATIONS.items():
        try:
            finding = examine()
        except Exception as error:  # one failure must not stop the others
            finding = Finding(one_line(error), "this part of the installation is broken")
        click.echo(f"{label:<12}{finding.text}")
        if finding.advice:
            wrong += 1
            click.echo(f"{'':<12}-> {finding.advice}")
    for plugin, problem in catalogue().manager.problems:
        wrong += 1
        click.echo(f"{'plugin':<12}{plugin.distribution} {plugin.version}: {problem}")
        click.echo(f"{'':<12}-> update or remove it, or leave it out of GANZOO_PLUGINS")
    click.echo(f"{'':<12}{wrong or 'no'} problem{'s' if wrong > 1 else ''} found")
    return 1 if wrong else 0


def _python() -> Finding:
    return Finding(f"{platform.python_version()} on {platform.platform()}")


def _packages() -> Finding:
    names = ("torch", "torchvision", "timm", "pluggy", "click", "safetensors", "huggingface_hub")
    versions = {name: _version(name) for name in names}
    missing = [name for name, version in versions.items() if not version]
    text = ", ".join(f"{name} {version or 'missing'}" for name, version in versions.items())
    return Finding(text, f"pip install {' '.join(missing)}" if missing else "")


def _torch() -> Finding:
    try:
        import torch
        import torchvision  # noqa: F401  (its import fails where the two do not match)
    except Exception as error:
        return Finding(
            one_line(error), "install versions that match: pip install -U torch torchvision"
        )
    devices = ["cpu"]
    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        devices += [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(count)]
    if torch.backends.mps.is_available():
        devices.append("mps")
    return Finding(
        f"{', '.join(devices)}; {torch.get_num_threads()} threads, {os.cpu_count()} CPUs"
    )


def _gpu() -> Finding:
    import torch

    if not torch.cuda.is_available():
        return Finding("none that torch can use; trainings run on the CPU")
    memory = torch.cuda.get_device_properties(0).total_memory / 1e9
    text = f"{torch.cuda.get_device_name(0)}, {memory:.0f} GB, driver {_driver()}"
    try:
        _record_a_graph()
    except RuntimeError as error:
        return Finding(
            f"{text}; turns cannot run as CUDA graphs: {one_line(error)}",
            "train with --no-graph, or update the driver",
        )
    return Finding(f"{text}; turns can run as CUDA graphs")


def _driver() -> str:
    """The version of the NVIDIA driver."""
    try:
        shown = subprocess.run(
            ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"],
            capture_output=True, text=True, timeout=20, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return shown.stdout.splitlines()[0].strip()


def _record_a_graph() -> None:
    """Record a sum as a CUDA graph, and replay it."""
    import torch

    number = torch.zeros(1, device="cuda")
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        number += 1
    graph.replay()
    torch.cuda.synchronize()
    if number.item() != 1:
        raise RuntimeError("replaying a graph had no effect")


def _data() -> Finding:
    from ganzoo.cache.places import data_root

    root = data_root()
    sets = sorted(p.name for p in root.iterdir() if p.is_dir()) if root.is_dir() else []
    text = f"{root}: {', '.join(sets) or 'empty; data sets are fetched when they are needed'}"
    if sets or _writable(root):
        return Finding(text)
    return Finding(text, "it is not writable; set GANZOO_DATA to a writable folder")


def _cache() -> Finding:
    root = Path(platformdirs.user_cache_path("ganzoo"))
    advice = "" if _writable(root) else "it is not writable; set XDG_CACHE_HOME"
    return Finding(str(root), advice)


def _models() -> Finding:
    cards = catalogue().cards
    ready = [card for card in cards if card.status == "ready"]
    useless = [card for card in cards if card.status not in ("ready", "recipe")]
    others = [f"{card.name}: {card.problem}" for card in useless]
    text = f"{len(ready)} ready of {len(cards)}"
    return Finding(text, "; ".join(others))


def _writable(folder: Path) -> bool:
    """Whether the folder, or its nearest existing parent, is writable."""
    folder = nearest_existing(folder)
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


EXAMINATIONS: dict[str, Callable[[], Finding]] = {
    "ganzoo": lambda: Finding(__version__),
    "python": _python,
    "packages": _packages,
    "devices": _torch,
    "gpu": _gpu,
    "data": _data,
    "cache": _cache,
    "models": _models,
}
