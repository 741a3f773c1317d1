"""The gallery of published models, and a page for each model's card."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from reference_pages.sources import ROOT, cell, code, table

CARDS = ROOT / "zoo_cards"


def gallery() -> Iterator[str]:
    """Every published model: a picture, its main figure, a command."""
    models = dict(_configs())
    yield "Models"
    yield (
        'Each model loads by its name: `ganzoo sample NAME` or `ganzoo.load("NAME")`. The pictures '
        "show 64 samples of fixed latents; nobody chose them."
    )
    yield table(
        ("model", "data", "quality (lower is better)", "what it is"),
        (
            (f"[`{name}`](#{name})", _data(it), _quality(it), cell(it["description"]))
            for name, it in models.items()
        ),
    )
    yield (
        "Quality is a Fréchet distance (FD) in the features of the extractor named beside it. "
        "Figures in different features cannot be compared. [Figures](figures.md) explains them."
    )
    for name, config in models.items():
        yield from _model(name, config)
    yield "```{toctree}\n:hidden:\n\n" + "\n".join(f"models/{name}" for name in models) + "\n```"


def card_pages() -> Iterator[tuple[str, Iterator[str]]]:
    """A page for each card, which includes all of the card below its heading."""
    for name, _ in _configs():
        card = (CARDS / name / "README.md").read_text(encoding="utf-8")
        heading = next(line for line in card.splitlines() if line.startswith("# "))
        include = f"```{{include}} ../../zoo_cards/{name}/README.md\n"
        options = f':start-after: "{heading}"\n:relative-images:\n```'
        yield f"models/{name}.md", iter((heading.removeprefix("# "), include + options))


def _configs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(CARDS.glob("*/config.json")):
        if (path.parent / "model.safetensors").is_file():
            config = json.loads(path.read_text(encoding="utf-8"))
            yield config["name"], config


def _model(name: str, config: dict[str, Any]) -> Iterator[str]:
    figure = config["metrics"][0]
    spread = f" ± {figure['spread']:.2g}" if figure["spread"] is not None else ""
    yield f"## {name}"
    if (CARDS / name / "samples.png").is_file():
        yield f"![64 samples of {name}](../zoo_cards/{name}/samples.png)"
    else:
        lines = (CARDS / name / "samples.txt").read_text(encoding="utf-8").splitlines()
        yield "> " + ", ".join(lines[:16]) + " …"
    yield f"{config['description']}."
    yield table(
        ("figure", "value", "real images", "training seeds"),
        [
            (
                figure["name"],
                f"{figure['value']:.4g}{spread}",
                "" if figure.get("floor") is None else f"{figure['floor']:.2g}",
                str(len(figure["values"]) or 1),
            )
        ],
    )
    yield code(f"ganzoo sample {name}", "sh")
    yield f"[Card of {name}](models/{name}.md): training, all figures, limits, licences."


def _data(config: dict[str, Any]) -> str:
    return str(config["recipe"]["data"]["name"].rpartition("/")[2])


def _quality(config: dict[str, Any]) -> str:
    figure = config["metrics"][0]
    return f"{figure['name']} {figure['value']:.4g}"
