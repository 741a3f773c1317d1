"""What was measured beside what was published, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ganzoo.bench.controls import TITLES
from ganzoo.bench.jobs import Row
from ganzoo.bench.measures import Column, measure_named
from ganzoo.bench.results import Result
from ganzoo.errors import ConfigError, did_you_mean
from ganzoo.measure.spread import over_seeds
from ganzoo.specs import Protocol
from ganzoo.specs.protocol import Table

NOTHING = "–"


def table_of(protocol: Protocol, table: Table, rows: Sequence[tuple[Row, list[Result]]]) -> str:
    """One table: a line for each row, from the results of all its seeds."""
    check_published(table, [row for row, _ in rows])
    figures = columns_of(table)
    printed = {key for row, _ in rows if row.entry for key in row.entry.published}
    header = ["entry"]
    for column in figures:
        header += [f"{column.header} {column.better}", *(["published"] * (column.key in printed))]
    header += ["seeds", "images (of the paper's)", *table.published_columns.values()]
    lines = [list(cells(protocol, row, found, figures, printed)) for row, found in rows]
    return markdown(header, lines)


def columns_of(table: Table) -> list[Column]:
    """The measure's columns, their headers filled with its arguments."""
    measure = measure_named(table.measure)
    arguments = measure.arguments(table.measure)
    return [Column(c.key, c.header.format(**arguments), c.form, c.better) for c in measure.columns]


def check_published(table: Table, rows: Sequence[Row]) -> None:
    """Refuse published figures of a column that the table does not have."""
    known = [*(c.key for c in columns_of(table)), *table.published_columns]
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
    found: list[Result],
    figures: Sequence[Column],
    printed: set[str],
) -> Iterator[str]:
    """The cells of a row, from left to right."""
    published = row.entry.published if row.entry else {}
    good = [result for result in found if not result.diverged]
    yield title_of(row)
    for place, column in enumerate(figures):
        if place == 0 and found and not good:
            first = min(found, key=lambda result: result.images)
            yield f"diverged at {first.images:,} of {first.budget:,} images"
        else:
            yield figure(column, [result.values.get(column.key) for result in good])
        if column.key in printed:
            yield published.get(column.key, NOTHING)
    yield f"{len(good)} of {len(found)}" if found else NOTHING if row.runs else "published only"
    yield budget(protocol, row, good)
    for key in row.table.published_columns:
        yield published.get(key, NOTHING)


def title_of(row: Row) -> str:
    """The name that --only takes, and the title."""
    title = row.entry.title if row.entry else TITLES.get(row.control, "")
    return f"`{row.name}` {title}".rstrip()


def figure(column: Column, values: Sequence[float | None]) -> str:
    """Mean ± standard deviation over the seeds, of the values that exist."""
    over = over_seeds(values)
    if over.value is None:
        return NOTHING
    apart = "" if over.spread is None else f" ± {column.text(over.spread)}"
    there = len(over.values)
    some = f" ({there} of {len(values)})" if there < len(values) else ""
    return column.text(over.value) + apart + some


def budget(protocol: Protocol, row: Row, good: Sequence[Result]) -> str:
    """The images that were really shown, and their share of the paper's."""
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
