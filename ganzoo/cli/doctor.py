"""`ganzoo doctor`: what this machine has for ganzoo."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterator

import click

from ganzoo._version import __version__
from ganzoo.cards import catalogue


@click.command("doctor")
def command() -> int:
    """Say what this machine has, for a person or for a report; exits with 1 where a part fails."""
    rows = list(_rows())
    for label, text in rows:
        click.echo(f"{label:<14}{text}")
    problems = catalogue().manager.problems
    for plugin, problem in problems:
        click.echo(f"{'problem':<14}{plugin.distribution}: {problem}")
    return 1 if problems else 0


def _rows() -> Iterator[tuple[str, str]]:
    import torch

    from ganzoo.data.mnist import data_root

    yield "ganzoo", __version__
    yield "python", f"{platform.python_version()} on {platform.platform()}"
    for name in ("torch", "torchvision", "timm", "pluggy", "click", "safetensors"):
        yield name, _version(name)
    yield "devices", ", ".join(_devices())
    yield "threads", f"{torch.get_num_threads()} of {os.cpu_count()} processors"
    root = data_root()
    sets = sorted(p.name for p in root.iterdir() if p.is_dir()) if root.is_dir() else []
    yield "data", f"{root}: {', '.join(sets) or 'empty; sets are fetched when they are needed'}"
    ready = [card for card in catalogue().cards if card.status == "ready"]
    yield "models", f"{len(ready)} ready of {len(catalogue().cards)}"


def _devices() -> list[str]:
    import torch

    found = ["cpu"]
    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        found += [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(count)]
    if torch.backends.mps.is_available():
        found.append("mps")
    return found


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
