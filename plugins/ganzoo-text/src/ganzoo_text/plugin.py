"""The parts of this plugin. Nothing here imports torch: parts are named, not imported."""

from __future__ import annotations

from pathlib import Path

from ganzoo import hookimpl

ganzoo_api = 1

SURNAMES = str(Path(__file__).with_name("data") / "surnames.txt")
#: What `ganzoo check` builds them with.
ganzoo_examples = {
    "dataset/text": [
        {"path": SURNAMES, "split": "test"},
        {"path": SURNAMES, "split": "test", "windows": True, "length": 16},
    ],
    "dataset/oracle": {"vocabulary": 10, "length": 6, "texts": 400},
    "generator/text": {"width": 16, "blocks": 2},
    "generator/text-gumbel": {"width": 16, "blocks": 2},
    "generator/text-recurrent": {"width": 16},
    "discriminator/text": {"width": 16, "blocks": 2},
    "discriminator/text-windows": {"width": 16},
    "game/at-once": {
        "generator": "text-gumbel",
        "discriminator": "text-windows",
        "loss": {"name": "ganzoo/relativistic", "arguments": {"r1_gamma": 0.02, "r2_gamma": 0.02}},
        "data": "text",
    },
    "game/likelihood-first": {
        "generator": "text-recurrent",
        "discriminator": "text-windows",
        "loss": {
            "name": "ganzoo-text/likelihood-first",
            "arguments": {"likelihood_images": 0, "r1_gamma": 0.02},
        },
    },
}


@hookimpl
def ganzoo_datasets() -> dict[str, str]:
    """Any text file, and a list of names that lies in this package."""
    return {
        "oracle": "ganzoo_text.oracle:OracleText",
        "surnames": "ganzoo_text.corpus:Surnames",
        "text": "ganzoo_text.corpus:TextFile",
    }


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """Distributions over characters, and characters drawn from them."""
    return {
        "text": "ganzoo_text.networks:TextGenerator",
        "text-gumbel": "ganzoo_text.networks:GumbelGenerator",
        "text-recurrent": "ganzoo_text.recurrent:RecurrentGenerator",
    }


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """Maximum likelihood before the game."""
    return {"likelihood-first": "ganzoo_text.likelihood:LikelihoodFirst"}


@hookimpl
def ganzoo_metrics() -> dict[str, str]:
    """Figures that only text has."""
    return {
        "js-4": "ganzoo_text.figures:JS4",
        "new-and-likely": "ganzoo_text.figures:NewAndLikely",
        "oracle-nll": "ganzoo_text.oracle:OracleNLL",
        "novelty": "ganzoo_text.figures:Novelty",
        "self-bleu": "ganzoo_text.figures:SelfBLEU",
        "true-words": "ganzoo_text.figures:TrueWords",
    }


@hookimpl
def ganzoo_protocols() -> list[Path]:
    """SeqGAN's oracle test."""
    return [Path(__file__).with_name("protocols")]


@hookimpl
def ganzoo_writers() -> dict[str, str]:
    """Lines of text."""
    return {"text": "ganzoo_text.writing:TextWriter"}


@hookimpl
def ganzoo_discriminators() -> dict[str, str]:
    """The critics."""
    return {
        "text": "ganzoo_text.networks:TextCritic",
        "text-windows": "ganzoo_text.windows:WindowCritic",
    }
