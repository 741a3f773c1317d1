"""The figures that a card states, and the checks by which others measure them again."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from ganzoo.errors import MetricError
from ganzoo.measure.evaluate import Evaluation
from ganzoo.measure.measurement import (
    FigureSpec,
    Measurement,
    Measurements,
    across,
    common_keys,
    median_of,
    over_seeds,
)
from ganzoo.specs import Check, Metric, Part

#: How far a figure of the same weights and latents may differ on another machine: a share of it,
#: and at least the figure's own tolerance, which allows for a few samples that change sides.
SHARE = 0.02


def card_metrics(
    evaluations: Sequence[Evaluation], command: str, *, shipped: int | None = None
) -> tuple[Metric, ...]:
    """A card's figures, from an evaluation of each training seed by one protocol.

    `shipped` is the number of the seed whose weights the folder holds, by default the median.
    """
    first = evaluations[0]
    for other in evaluations[1:]:
        if _basis(other) != _basis(first):
            raise MetricError(
                f"figures of two protocols cannot share a row: {first.protocol} and "
                f"{other.protocol}"
            )
    rows = [evaluation.figures for evaluation in evaluations]
    chosen = median_of(rows) if shipped is None else shipped
    return tuple(
        _metric([row[key] for row in rows], first, command, chosen) for key in common_keys(rows)
    )


def _basis(evaluation: Evaluation) -> tuple[object, ...]:
    """What figures must share to be in one row."""
    return (
        evaluation.protocol,
        evaluation.n,
        evaluation.extractor_sha256,
        evaluation.data_hash,
    )


def _metric(
    measurements: Sequence[Measurement], measured: Evaluation, command: str, shipped: int
) -> Metric:
    """One figure of a card, from each training seed's measurement."""
    figure, row = measurements[0].figure, across(measurements)
    values = tuple(_rounded(value) for value in row.values)
    several = len(values) > 1
    trained = f"{len(values)} training seeds" if several else "one training seed"
    spread = over_seeds(values).spread if several else row.spread
    return Metric(
        name=figure.name(measured.extractor),
        value=_rounded(mean(values)),
        protocol=f"{figure.what}; {measured.protocol}; {trained}",
        n=measured.n,
        command=command,
        spread=None if spread is None else _rounded(spread),
        repeats=len(measured.seeds) or None,
        floor=None if row.floor is None else _rounded(row.floor),
        unit=figure.unit,
        values=values if several else (),
        shipped=values[shipped],
    )


def check_of(evaluation: Evaluation, data: Part, figures: Measurements | None = None) -> Check:
    """The check of an evaluation's figures (or of these) under its first sampling seed."""
    first = {
        key: (one.figure, _rounded(one.values[0]))
        for key, one in (evaluation.figures if figures is None else figures).items()
    }
    return Check(
        extractor=evaluation.extractor,
        data=data.bare_name,
        n=evaluation.n,
        seed=evaluation.seeds[0],
        values={key: value for key, (_, value) in first.items()},
        tolerance={key: tolerance(figure, value) for key, (figure, value) in first.items()},
        arguments=dict(data.arguments),
    )


def tolerance(figure: FigureSpec, value: float) -> float:
    """How far the figure of the same weights and latents may differ from this value."""
    return _rounded(max(SHARE * abs(value), figure.tolerance))


def _rounded(value: float) -> float:
    """Five digits: more than the figures are good for, and stable in a file."""
    return float(f"{value:.5g}")
