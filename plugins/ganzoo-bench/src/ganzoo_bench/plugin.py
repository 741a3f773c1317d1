"""What this plugin offers. Nothing here imports torch: parts are named, not imported."""

from __future__ import annotations

from pathlib import Path

from ganzoo import hookimpl

ganzoo_api = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """A generator for each kind of protocol."""
    return {
        "infogan": "ganzoo_bench.infogan:InfoGANGenerator",
        "points": "ganzoo_bench.points:PointsGenerator",
        "stacked": "ganzoo_bench.stacked:StackedGenerator",
    }


@hookimpl
def ganzoo_discriminators() -> dict[str, str]:
    """A discriminator for each; those of `points` and `stacked` take packs."""
    return {
        "infogan": "ganzoo_bench.infogan:InfoGANDiscriminator",
        "points": "ganzoo_bench.points:PointsDiscriminator",
        "stacked": "ganzoo_bench.stacked:StackedDiscriminator",
    }


@hookimpl
def ganzoo_protocols() -> list[Path]:
    """The protocols, one file each."""
    return [Path(__file__).parent / "protocols"]
