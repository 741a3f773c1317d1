"""A table of measured figures beside published ones, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ganzoo.bench.columns import Column, Measure
from ganzoo.bench.controls import TITLES
from ganzoo.bench.jobs import Row
from ganzoo.bench.results import Result
from ganzoo.errors import ConfigError, did_you_mean
from ganzoo.measure.measurement import over_seeds
from ganzoo.specs import Protocol
from ganzoo.specs.protocol import Table

NOTHING = "–"


def table_of(
    protocol: Protocol,
    table: Table,
    measure: Measure,
    rows: Sequence[tuple[Row, list[Result]]],
) -> str:
    """One table: a line for each row, from the results of all its seeds."""
    figures = measure.columns
    check_published(table, figures, [row for row, _ in rows])
    printed = {key for row, _ in rows if row.entry for key in row.entry.published}
    header = ["entry"]
    for column in figures:
        header += [f"{column.header} {column.better}", *(["published"] * (column.key in printed))]
    header += ["seeds", *(["images (of the paper's)"] * protocol.trains(table))]
    header += table.published_columns.values()
    lines = [list(cells(protocol, row, results, figures, printed)) for row, results in rows]
    return markdown(header, lines)


def check_published(table: Table, figures: Sequence[Column], rows: Sequence[Row]) -> None:
    """Refuse published figures for a column that the table lacks."""
    known = [*(column.key for column in figures), *table.published_columns]
    for entry in (row.entry for row in rows if row.entry):
        for key in entry.published:
            if key not in known:
                raise ConfigError(
                    f"entry {entry.name!r}: its table has no column {key!r}; "
                    f"{did_you_mean(key, known)}"
                )


def cells(
    protocol: Protocol,
    row: Row,
    results: list[Result],
    figures: Sequence[Column],
    printed: set[str],
) -> Iterator[str]:
    """The cells of a row, from left to right."""
    published = row.entry.published if row.entry else {}
    good = [result for result in results if not result.diverged]
    yield title_of(row)
    for place, column in enumerate(figures):
        if place == 0 and results and not good:
            first = min(results, key=lambda result: result.images)
            yield f"diverged at {first.images:,} of {first.budget:,} images"
        else:
            yield figure(column, [result.values.get(column.key) for result in good])
        if column.key in printed:
            yield published.get(column.key, NOTHING)
    yield f"{len(good)} of {len(results)}" if results else NOTHING if row.runs else "published only"
    if protocol.trains(row.table):
        yield budget(protocol, row, good)
    for key in row.table.published_columns:
        yield published.get(key, NOTHING)


def title_of(row: Row) -> str:
    """The name that --only takes, and the title."""
    title = row.entry.title if row.entry else TITLES.get(row.control, "")
    return f"`{row.name}` {title}".rstrip()


def figure(column: Column, values: Sequence[float | None]) -> str:
    """Mean ± standard deviation over the seeds whose value exists."""
    over = over_seeds(values)
    if over.value is None:
        return NOTHING
    spread = "" if over.spread is None else f" ± {column.text(over.spread)}"
    count = len(over.values)
    some = f" ({count} of {len(values)})" if count < len(values) else ""
    return column.text(over.value) + spread + some


def budget(protocol: Protocol, row: Row, good: Sequence[Result]) -> str:
    """The images that were shown, and their share of the paper's."""
    if row.entry is None or not good:
        return NOTHING
    paper = row.entry.paper_images or protocol.paper_images
    counts = sorted({result.images for result in good})
    return " / ".join(f"{n:,} ({n / paper:.1%})" if paper else f"{n:,}" for n in counts)


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )
