"""Figures of runs over the images seen, by matplotlib, whose global state stays as it is."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ganzoo.errors import GanzooError, UsageError
from ganzoo.files import writing, written_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

#: A run's rows of metrics.jsonl.
Rows: TypeAlias = Sequence[Mapping[str, Any]]
#: The panels without names: a title, and the metrics in it by name, or all below a name.
PANELS = {
    "terms": ("generator", "discriminator"),
    "accuracy": ("accuracy.real", "accuracy.fake", "ranked"),
    "diversity": ("diversity",),
    "FD": ("fd",),
}
#: Metrics whose values cross orders of magnitude, by the beginning of their names.
LOGARITHMIC = ("fd.", "kd.")
#: Inches of a panel, and pixels in an inch when it is written.
SIZE, DPI = (8.0, 2.5), 100
#: Told apart by colour-blind readers too (Okabe and Ito 2008); then comes the next style.
STYLES = ("-", "--", ":")
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
ENDINGS = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class Curve:
    """A metric of one training: a line for its mean over seeds, and a band from least to most."""

    label: str
    number: int
    images: Sequence[float]
    mean: Sequence[float]
    least: Sequence[float]
    most: Sequence[float]


def plot(trainings: Mapping[str, Sequence[Rows]], names: Sequence[str]) -> Figure:
    """A Figure with a panel for each name; a training has the rows of each of its seeds.

    A name is a metric's, or all metrics below it. Without names: terms, accuracies, diversity.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise GanzooError("plots need matplotlib; pip install matplotlib") from None
    known, alone = _logged(trainings), len(trainings) == 1
    if not known:
        raise UsageError("there is nothing to draw: no run has logged figures yet")
    shown = known if names or alone else _shared(trainings, known) or known
    panels = _panels(shown, names, alone=alone)
    width, height = SIZE
    figure = Figure(figsize=(width, height * len(panels)), layout="constrained")
    column = figure.subplots(len(panels), squeeze=False, sharex=True)[:, 0]
    for axes, (title, metrics) in zip(column, panels.items(), strict=True):
        _draw(axes, metrics[0] if len(metrics) == 1 else title, [*_curves(trainings, metrics)])
        if all(name.startswith(LOGARITHMIC) for name in metrics):
            _scale_by_factors(axes)
        if alone and len(metrics) > 1:
            _explain(axes, axes.get_lines())
    if not alone:
        _explain(column[0], [line for axes in column for line in axes.get_lines()])
    column[-1].set_xlabel("images seen")
    figure.suptitle(_title(trainings), fontsize="medium")
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a Figure as .png, .svg or .pdf; the same Figure gives the same bytes."""
    check_ending(path)
    import matplotlib

    undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    style = matplotlib.rc_context({"svg.hashsalt": "ganzoo"})
    with writing(path), style, written_whole(path) as beside:
        ending = path.suffix.lower()
        if ending == ".png":
            beside.write_bytes(png(figure))
        else:
            figure.savefig(beside, format=ending[1:], metadata=undated.get(ending))


def png(figure: Figure) -> bytes:
    """A Figure as a PNG file of 256 colours: four panels take about 30 kB, not 100."""
    from PIL import Image

    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    with Image.open(drawn) as picture:
        few = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    few.save(small, format="PNG", optimize=True)
    return small.getvalue()


def check_ending(path: Path) -> None:
    """Refuse a file that is no picture of a plot."""
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"{path}: a plot is written as {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}")


def _logged(trainings: Mapping[str, Sequence[Rows]]) -> list[str]:
    """The names of all metrics that any run logged."""
    rows = (row for seeds in trainings.values() for each in seeds for row in each)
    return sorted({name for row in rows for name in row} - {"images", "step"})


def _shared(trainings: Mapping[str, Sequence[Rows]], known: Sequence[str]) -> list[str]:
    """The metrics that several trainings logged."""
    own = [{name for rows in seeds for row in rows for name in row} for seeds in trainings.values()]
    return [name for name in known if sum(name in names for names in own) > 1]


def _panels(known: Sequence[str], names: Sequence[str], *, alone: bool) -> dict[str, list[str]]:
    """The metrics of each panel, by title; where several trainings share it, one metric each."""
    if unknown := [name for name in names if not _below(known, name)]:
        raise UsageError(f"no run logged {unknown[0]!r}; there are: {', '.join(known)}")
    wanted = {name: (name,) for name in names} or PANELS
    panels = {title: _of(known, places) for title, places in wanted.items()}
    if not any(panels.values()):
        panels = {name: [name] for name in known}
    if not alone:
        panels = {name: [name] for metrics in panels.values() for name in metrics}
    return {title: metrics for title, metrics in panels.items() if metrics}


def _of(known: Sequence[str], places: Iterable[str]) -> list[str]:
    return [name for place in places for name in _below(known, place)]


def _below(known: Sequence[str], place: str) -> list[str]:
    """The metric of a name, and those below it."""
    return [name for name in known if name == place or name.startswith(f"{place}.")]


def _curves(trainings: Mapping[str, Sequence[Rows]], metrics: Sequence[str]) -> Iterator[Curve]:
    """A curve for each training and metric that was logged, named by what differs."""
    for place, (training, seeds) in enumerate(trainings.items()):
        for number, metric in enumerate(metrics):
            named = (training, place) if len(trainings) > 1 else (metric, number)
            if lines := [line for rows in seeds if (line := _line(rows, metric))]:
                yield _curve(*named, lines)


def _line(rows: Rows, metric: str) -> list[tuple[float, float]]:
    """(images, value) of the rows that have a number for a metric."""
    points = [(row["images"], row.get(metric)) for row in rows]
    return [(images, value) for images, value in points if isinstance(value, int | float)]


def _curve(label: str, number: int, lines: Sequence[Sequence[tuple[float, float]]]) -> Curve:
    """Several seeds' lines as one curve, where all of them have values; between these, straight."""
    import numpy

    first, last = max(line[0][0] for line in lines), min(line[-1][0] for line in lines)
    images = sorted({x for line in lines for x, _ in line if first <= x <= last})
    columns = [[*zip(*line, strict=True)] for line in lines]
    seeds = numpy.stack([numpy.interp(images, x, y) for x, y in columns])
    mean, least, most = (values.tolist() for values in (seeds.mean(0), seeds.min(0), seeds.max(0)))
    return Curve(label, number, images, mean, least, most)


def _draw(axes: Axes, title: str, curves: Sequence[Curve]) -> None:
    """Draw a panel."""
    from matplotlib.ticker import EngFormatter

    for curve in curves:
        style, colour = divmod(curve.number, len(COLOURS))
        line, band = (curve.images, curve.mean), (curve.images, curve.least, curve.most)
        (drawn,) = axes.plot(*line, STYLES[style % len(STYLES)], label=curve.label, linewidth=1.2)
        drawn.set_color(COLOURS[colour])
        if curve.least != curve.most:
            axes.fill_between(*band, color=COLOURS[colour], alpha=0.2, linewidth=0)
    axes.set_ylabel(title)
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.grid(alpha=0.3)


def _scale_by_factors(axes: Axes) -> None:
    """A logarithmic scale with plain numbers, also within one order of magnitude."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _explain(axes: Axes, lines: Iterable[Line2D]) -> None:
    """Name each kind of line once, to the right of a panel."""
    named = {str(line.get_label()): line for line in lines}
    axes.legend(
        handles=[*named.values()], fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0)
    )


def _title(trainings: Mapping[str, Sequence[Rows]]) -> str:
    """The name of the only training, and what lines and bands are if there are several seeds."""
    most = max(map(len, trainings.values()))
    said = f"means of up to {most} seeds, with the least and the most" if most > 1 else ""
    names = [*trainings] if len(trainings) == 1 else []
    return ": ".join(filter(None, [*names, said]))
