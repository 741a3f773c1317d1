"""Evaluations as a table of plain text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ganzoo.measure.figures import MODES
from ganzoo.measure.measurement import REAL, FigureSpec
from ganzoo.terminal import table

if TYPE_CHECKING:
    from ganzoo.measure.training_seeds import SeedEvaluations


def evaluation_text(measured: SeedEvaluations) -> str:
    """A table for a terminal: a column for each training seed, or for each anchor."""
    first, several, in_features = measured.first, measured.several, bool(measured.first.extractor)
    seeds = [*measured.by_seed] if several else []
    all_anchors = in_features and not several
    anchors = [*next(iter(first.figures.values())).anchors] if all_anchors else [REAL]
    header = [
        *("FIGURE", "MEAN" if several else "VALUE", "SPREAD"),
        *(f"SEED {seed}" for seed in seeds),
        *(["BEST"] if all_anchors else []),
        *(name.upper() for name in anchors),
    ]
    rows = []
    for figure, row in measured.rows.items():
        measurement = first.figures.get(figure.key)
        floors = {**(measurement.anchors if measurement else {}), REAL: row.floor}
        rows.append(
            [
                figure.name(first.extractor),
                _cell(figure, row.value, "none"),
                "" if row.spread is None else f"± {figure.text(row.spread)}",
                *(_cell(figure, value, "none") for value in (row.each if several else ())),
                *([figure.best_in_words] if all_anchors else []),
                *(_cell(figure, floors.get(name)) for name in anchors),
            ]
        )
    each = f", of each of {len(seeds)} training seeds" if several and in_features else ""
    name = first.source if all_anchors else measured.source
    return "\n".join(
        [f"{name}: {first.protocol}{each}", "", table(header, rows), "", *_footer(measured)]
    )


def _cell(figure: FigureSpec, value: float | None, otherwise: str = "") -> str:
    return otherwise if value is None else figure.text(value)


def _footer(measured: SeedEvaluations) -> Iterator[str]:
    """The lines below the table."""
    yield from measured.notes
    lacking = [figure.title for figure, row in measured.rows.items() if None in row.each]
    if lacking and any(figure in MODES for figure in measured.rows):
        yield f"no sample lies near a mode where there is no {' and no '.join(lacking)}"
    if measured.several:
        name = measured.deciding.name(measured.first.extractor)
        yield f"the median by {name} is seed {measured.median}"
    else:
        yield f"{measured.first.seconds:.0f} s on {measured.first.hardware}"
