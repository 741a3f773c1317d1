"""The registry of figures: what each is called, how it is read, and which plugin offers it.

`eval`, `publish`, `check` and `bench` all read it. The core's figures stand in the tables below;
how they are computed stands in `computing`. Plugins' come from the hook `ganzoo_metrics`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, isfinite, log10

from ganzoo.build import build, offer_of, offers_of
from ganzoo.errors import MetricError, one_line
from ganzoo.interfaces import Figure
from ganzoo.measure.core_figures import CONFIDENT, DENSITY_K, PRECISION_K, measure
from ganzoo.measure.draws import NEEDS
from ganzoo.measure.features import NEIGHBOURS
from ganzoo.plugins.registry import Offer
from ganzoo.specs import Part

MOST_DIGITS = 8
#: How many samples are compared one by one, whatever n is beyond it.
SOME = f"up to {NEIGHBOURS:,}"
#: The extractor on whose features the distances have the field's own names.
INCEPTION = "inception-v3"
NAMES_ON_INCEPTION = {"fd": "FID", "kd": "KID"}
#: Arrows by direction, as tables have them.
ARROWS = {"lower": "↓", "higher": "↑", "nearest": "→"}
#: What of a draw comes from an extractor.
FROM_EXTRACTOR = frozenset({"features", "logits"})


@dataclass(frozen=True)
class Known:
    """A figure of the registry; `best` is what a perfect generator has, None what real samples get.

    `key` is a name of the core's, or a plugin's `distribution/name`. `what` says what is computed.
    `tolerance` is how far the same weights' value may lie on another machine, at the least.
    `named_after` says that the extractor stands in the name, and `plugin` is a plugin's figure.
    """

    key: str
    title: str
    what: str
    direction: str
    best: float | None = None
    digits: int = 3
    unit: str = ""
    tolerance: float = 0.01
    named_after: bool = False
    plugin: Figure | None = None

    @property
    def needs(self) -> frozenset[str]:
        """What a plugin's figure reads of a draw beside its samples."""
        return frozenset() if self.plugin is None else frozenset(self.plugin.needs)

    def name(self, extractor: str = "") -> str:
        """Its name on an extractor's features: FID means Inception and nothing else."""
        if not self.named_after:
            return self.title
        if extractor == INCEPTION and self.key in NAMES_ON_INCEPTION:
            return NAMES_ON_INCEPTION[self.key]
        return f"{self.title} ({extractor})"

    def text(self, value: float) -> str:
        """A value with the digits that mean something; with more where it would seem to be 0."""
        small = value != 0 and isfinite(value)
        digits = max(self.digits, -floor(log10(abs(value)))) if small else self.digits
        return f"{value:.{min(digits, MOST_DIGITS)}f}{self.unit}"

    @property
    def best_in_words(self) -> str:
        """What a perfect generator has: `real` where that is what real samples get."""
        return "real" if self.best is None else f"{self.best:g}"

    @property
    def arrow(self) -> str:
        """Where better values lie: up, down, or to a value of which both sides are worse."""
        towards = f" {self.best_in_words}" if self.direction == "nearest" else ""
        return ARROWS[self.direction] + towards

    def badness(self, value: float, floor: float | None = None) -> float:
        """Higher for a worse value; `floor` is what real samples get."""
        if self.direction == "nearest":
            target = floor if self.best is None else self.best
            return value if target is None else abs(value - target)
        return -value if self.direction == "higher" else value


#: In features of an extractor, against real samples' statistics.
FIGURES = (
    Known("fd", "FD", "Fréchet distance of all features", "lower", digits=2, named_after=True),
    Known(
        "kd",
        "KD",
        f"unbiased polynomial MMD² to features of {SOME} test samples",
        "lower",
        best=0,
        digits=4,
        tolerance=0.002,
        named_after=True,
    ),
    Known(
        "precision",
        "precision",
        f"samples among the real ones, k = {PRECISION_K}, of {SOME} each",
        "nearest",
    ),
    Known(
        "recall",
        "recall",
        f"real samples among the drawn ones, k = {PRECISION_K}, of {SOME} each",
        "nearest",
    ),
    Known(
        "density",
        "density",
        f"real neighbourhoods around one, over k = {DENSITY_K}, of {SOME} each",
        "nearest",
        best=1,
    ),
    Known(
        "coverage",
        "coverage",
        f"real neighbourhoods with a sample, k = {DENSITY_K}, of {SOME} each",
        "nearest",
    ),
    Known(
        "class_kl",
        "class KL",
        "winning classes to the real samples', in nats",
        "lower",
        best=0,
        digits=4,
        tolerance=0.002,
    ),
    Known("confident", "confident share", f"winning class at {CONFIDENT:.0%} or more", "nearest"),
    Known(
        "memorisation",
        "memorisation ratio",
        f"distance to the nearest training sample, over a test sample's, of {SOME}",
        "nearest",
        best=1,
    ),
    Known(
        "swd",
        "sliced Wasserstein",
        f"Wasserstein-2, 512 projections of pixels, of {SOME} each",
        "lower",
        digits=4,
        tolerance=0.001,
    ),
)
#: Of points, against the modes of a Gaussian mixture (DESIGN's ring and grid).
MODES = (
    Known("high_quality", "high quality", "share of samples within 3 sigma of a mode", "higher"),
    Known("modes", "modes", "modes that have such a sample", "higher", digits=1),
    Known(
        "reverse_kl",
        "reverse KL",
        "such samples' histogram over the modes to the even one, in nats",
        "lower",
        best=0,
    ),
    Known(
        "spread_ratio",
        "spread ratio",
        "such samples' spread over a perfect sampler's",
        "nearest",
        best=1,
        digits=2,
    ),
)
#: Of Stacked-MNIST's images, by a classifier of digits; `modes` is the same word there.
STACKED = (
    Known("kl", "KL", "samples' histogram over the modes to the data's, in nats", "lower", best=0),
    Known("confident_modes", "confident modes", "modes that have a sure sample", "higher"),
    Known("confident_share", "confident samples", "samples whose three digits are sure", "higher"),
)
BY_KEY = {figure.key: figure for figure in (*FIGURES, *MODES, *STACKED)}


def known(key: str) -> Known:
    """A figure by its key; `UnknownNameError` where no plugin here offers it."""
    if key in BY_KEY:
        return BY_KEY[key]
    return figure_of(offer_of(Figure, key))


def offered() -> tuple[list[Known], list[str]]:
    """The figures of all plugins, and why some of them cannot be used."""
    figures, notes = [], []
    for entry in offers_of(Figure):
        try:
            figures.append(figure_of(entry))
        except Exception as error:  # whatever it is, the others go on
            notes.append(left_out(entry.qualified, one_line(error)))
    return figures, notes


def figure_of(entry: Offer, **arguments: object) -> Known:
    """A plugin's figure as the registry has it; `MetricError` where it does not say what it is."""
    figure = build(Figure, Part(entry.qualified, arguments))
    if wrong := list(_undeclared(figure)):
        raise MetricError(f"metric {entry.qualified}: {'; '.join(wrong)}")
    return Known(
        entry.qualified,
        figure.title,
        figure.protocol,
        figure.direction,
        best=figure.best,
        digits=figure.digits,
        unit=figure.unit,
        tolerance=figure.tolerance,
        named_after=bool(figure.needs & FROM_EXTRACTOR),
        plugin=figure,
    )


def left_out(key: str, why: str) -> str:
    """The line that says why a plugin's figure is not there."""
    return f"metric {key} is left out: {why.removeprefix(f'metric {key}: ')}"


def _undeclared(figure: Figure) -> list[str]:
    """What a figure must say of itself and does not, each with what to write."""
    wrong = []
    for name in ("title", "protocol"):
        text = getattr(figure, name, None)
        if not isinstance(text, str) or not text.strip():
            wrong.append(f"{name} is {text!r}; give it a line of text")
        elif name == "title" and set(text) & set("()|\n"):
            wrong.append(f"title is {text!r}; leave out brackets, which name extractors, and bars")
        elif name == "protocol" and set(text) & set(";|\n"):
            wrong.append(f"protocol is {text!r}; write one line without ';' and '|'")
    if getattr(figure, "direction", None) not in ARROWS:
        found = getattr(figure, "direction", None)
        wrong.append(f"direction is {found!r}; it is one of {', '.join(map(repr, ARROWS))}")
    if odd := sorted(set(figure.needs) - NEEDS.keys()):
        wrong.append(f"needs names {odd[0]!r}; it knows {', '.join(NEEDS)}")
    return wrong


__all__ = [
    "BY_KEY",
    "FIGURES",
    "INCEPTION",
    "MODES",
    "NAMES_ON_INCEPTION",
    "STACKED",
    "Known",
    "figure_of",
    "known",
    "left_out",
    "measure",
    "offered",
]
