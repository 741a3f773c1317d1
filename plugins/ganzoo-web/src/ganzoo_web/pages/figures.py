"""A card's figures and facts as HTML."""

from __future__ import annotations

from html import escape

from ganzoo import Card

DASH = "–"


def figure_rows(card: Card) -> str:
    """A table row for each figure: name, value, spread, real samples' value, what it is."""
    rows = []
    for name, metric in card.figures.items():
        what, _, how = metric.protocol.partition(";")
        spread = "" if metric.spread is None else f"± {metric.spread:.2g}"
        floor = "" if metric.floor is None else f"{metric.floor:.4g}"
        rows.append(
            f'<tr><th scope="row">{escape(name)}</th><td>{metric.value:.4g}</td>'
            f"<td>{spread or DASH}</td><td>{floor or DASH}</td>"
            f'<td title="{escape(how.strip())}">{escape(what)}</td></tr>'
        )
    return "\n".join(rows)


def facts(card: Card) -> str:
    """A list of what the model is, who trained it on what, and its licences."""
    config = card.require_config()
    size = config.parameters.get("generator", 0)
    pairs = [
        ("draws", f"{config.kind}, trained on {card.data}"),
        ("generator", config.generator.name + (f", {size:,} parameters" if size else "")),
        ("seen in training", f"{config.recipe.images:,} samples"),
    ]
    if config.licenses is not None:
        pairs += [
            ("licence of the weights", config.licenses.weights),
            ("licence of the data", config.licenses.data),
            ("licence of the code", config.licenses.code),
        ]
    pairs = [(name, text) for name, text in pairs if text]
    return "\n".join(f"<dt>{escape(n)}</dt><dd>{escape(str(t))}</dd>" for n, t in pairs)
