"""A model's README.md: front matter and figures from config.json, and hand-written prose."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ganzoo.errors import CardError, one_line
from ganzoo.specs import CONDITIONS_FILE, Metric, ModelConfig

#: Far above any card.
MAX_BYTES = 1024 * 1024
FENCE = "---\n"
#: These lines of the prose enclose the card's figures.
FIGURES = "<!-- figures: written by `ganzoo cards build` -->\n"
FIGURES_END = "<!-- end of figures -->\n"
#: Curves of the training, drawn when a run is published, and where the prose shows them.
CURVES_FILE = "training.png"
CURVES = f"""## Training curves

![Losses and samples over the images seen]({CURVES_FILE})

"""
UNDESCRIBED = "A model trained with ganzoo."
#: Marks a place in the first prose that a person must fill in.
BLANK = re.compile(r"<!-- write: (.+?) -->")
PIPELINES = {"image": "unconditional-image-generation", "audio": "text-to-audio"}
#: Kinds whose samples are in samples.png.
PICTURES = ("image", "points")


def read_readme(folder: Path) -> str:
    """The text of a folder's README.md, empty without one; `CardError` where it is not text."""
    path = folder / "README.md"
    if not path.is_file():
        return ""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CardError(f"{path}: more than {MAX_BYTES:,} bytes; this is not a model card")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CardError(f"{path} cannot be read: {one_line(error)}") from None


def pipeline_of(config: ModelConfig) -> str | None:
    """The Hub's name of what a model does; None where it has none, as for what is told in words."""
    if config.kind != "image":
        return PIPELINES.get(config.kind)
    if config.condition_names:
        return None
    if CONDITIONS_FILE in config.files:
        return "image-to-image"
    return None if is_class_conditional(config) else PIPELINES["image"]


def is_class_conditional(config: ModelConfig) -> bool:
    """Whether samples are drawn for classes."""
    return bool(config.class_shares or config.generator.arguments.get("num_classes"))


def front_matter(config: ModelConfig, name: str) -> str:
    """The YAML for the Hugging Face Hub, between its fences."""
    from huggingface_hub import EvalResult, ModelCardData

    data = config.recipe.data.name.rpartition("/")[2]
    pipeline = pipeline_of(config)
    conditional = ["class-conditional"] if is_class_conditional(config) else []
    results = [
        EvalResult(
            task_type=pipeline or "other",
            dataset_type=data,
            dataset_name=data,
            metric_type=metric.name,
            metric_value=metric.value,
            metric_name=f"{metric.name}, {metric.protocol}, n = {metric.n:,}",
        )
        for metric in config.metrics
    ]
    fields = ModelCardData(
        license=config.licenses.weights.lower() if config.licenses else None,
        library_name="ganzoo",
        pipeline_tag=pipeline,
        tags=["gan", "generative-adversarial-network", name.partition("-")[0], *conditional],
        datasets=[data],
        model_name=name if results else None,
        eval_results=results or None,
    )
    return f"{FENCE}{fields.to_yaml()}\n{FENCE}"


def prose_of(readme: str) -> str:
    """The text after the front matter."""
    if not readme.startswith(FENCE):
        return readme
    _, end, prose = readme[len(FENCE) :].partition("\n" + FENCE)
    if not end:
        raise CardError("README.md: the front matter is not closed; end it with a line '---'")
    return prose


def readme_of(config: ModelConfig, name: str, prose: str | None = None) -> str:
    """The whole README.md; without prose, a draft for a person to complete."""
    if prose is None:
        prose = _first_prose(config, name)
    return front_matter(config, name) + "\n" + with_figures(config, prose.lstrip("\n"))


def blanks(prose: str) -> list[str]:
    """What the prose still asks a person to write."""
    return BLANK.findall(prose)


def filled(prose: str, ask: Callable[[str], str]) -> str:
    """The prose with each blank replaced by an answer."""
    return BLANK.sub(lambda blank: ask(blank[1]), prose)


def with_place_for_figures(prose: str) -> str:
    """The prose with a place for the card's figures, added at its end where it has none."""
    if FIGURES in prose:
        return prose
    return f"{prose.rstrip()}\n\n## Figures\n\n{FIGURES}{FIGURES_END}"


def with_curves(prose: str) -> str:
    """The prose with the curves of the training before its figures, unless it shows them."""
    if f"]({CURVES_FILE})" in prose:
        return prose
    before, place, after = with_place_for_figures(prose).rpartition("## Figures\n")
    if not place:  # the figures' place has a heading of its own
        before, place, after = with_place_for_figures(prose).partition(FIGURES)
    return before + CURVES + place + after


def without_curves(prose: str) -> str:
    """The prose without the section that `with_curves` adds."""
    return prose.replace(CURVES, "")


def with_figures(config: ModelConfig, prose: str) -> str:
    """The prose with the card's figures in their place, if it has one."""
    before, start, rest = prose.partition(FIGURES)
    if not start:
        return prose
    _, end, after = rest.partition(FIGURES_END)
    if not end:
        raise CardError(
            f"README.md: the figures are not closed; end them with {FIGURES_END.strip()}"
        )
    return before + FIGURES + figures(config) + FIGURES_END + after


def figures(config: ModelConfig) -> str:
    """The card's figures as Markdown, one table per protocol."""
    tables = []
    for protocol, rows in by_protocol(config).items():
        commands = dict.fromkeys(metric.command for metric in rows)
        tables.append(
            f"\n{protocol[0].upper()}{protocol[1:]}:\n\n"
            "| figure | value | these weights | real | what it is |\n|---|---|---|---|---|\n"
            + "".join(_row(metric) for metric in rows)
            + "\n```\n"
            + "".join(f"{command}\n" for command in commands)
            + "```\n"
        )
    return "".join(tables) + "\n"


def by_protocol(config: ModelConfig) -> dict[str, list[Metric]]:
    """The card's figures, sorted by what their protocols share."""
    sorted_figures: dict[str, list[Metric]] = {}
    for metric in config.metrics:
        sorted_figures.setdefault(_protocol(metric), []).append(metric)
    return sorted_figures


def without_figures(prose: str) -> str:
    """The prose without the place of the figures, and without a heading that is left empty."""
    before, start, rest = prose.partition(FIGURES)
    if not start:
        return prose
    return f"{before.rstrip().removesuffix('## Figures')}{rest.partition(FIGURES_END)[2]}"


def without_blanks(prose: str) -> str:
    """The prose without what is still to be written, and without headings left empty by that."""
    return re.sub(rf"(?m)^(#+ .*\n\s*)?{BLANK.pattern}\n*", "", prose)


def _protocol(metric: Metric) -> str:
    """The part of a protocol that all figures of a table share."""
    return metric.protocol.partition("; ")[2] or metric.protocol


def _row(metric: Metric) -> str:
    what = metric.protocol.partition("; ")[0]
    spread = "" if metric.spread is None else f" ± {metric.spread:.2g}"
    shipped = "" if metric.shipped is None else f"{metric.shipped:.4g}"
    floor = "" if metric.floor is None else f"{metric.floor:.4g}"
    cells = (metric.name, f"{metric.value:.4g}{spread}{metric.unit}", shipped, floor, what)
    return f"| {' | '.join(cells)} |\n"


def _first_prose(config: ModelConfig, name: str) -> str:
    recipe = config.recipe
    shown = "![Samples of fixed latents](samples.png)"
    if config.kind not in PICTURES:
        shown = "Samples of fixed latents lie beside this page."
    return f"""# {name}

{config.description or UNDESCRIBED}

{shown}

Generator `{config.generator.name}`, discriminator `{config.discriminator.name}`, loss
`{recipe.loss.name}`, trained on `{recipe.data.name}` for {recipe.images:,} images.
`config.json` holds the whole recipe.

## Use

<!-- write: what the model is for, and what it is not for -->

## Limits

<!-- write: how its samples fail, and what it cannot draw -->

## Figures

{FIGURES}{FIGURES_END}
```python
import ganzoo

model = ganzoo.load("path/to/this/folder/")
samples = model.sample(64, seed=0)
```
"""
