"""The bench's two files, rewritten each time: `table.md` and `results.json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ganzoo.bench.jobs import Job, rows_of
from ganzoo.bench.measuring import measure_of
from ganzoo.bench.results import Result, gathered
from ganzoo.bench.table import table_of
from ganzoo.errors import GanzooError
from ganzoo.files import write_text
from ganzoo.specs import Protocol, write_record
from ganzoo.specs.protocol import Table
from ganzoo.specs.reading import to_json

TABLE_FILE, RESULTS_FILE = "table.md", "results.json"


@dataclass
class Report:
    """The results of a protocol in a folder.

    `gaps` tells why rows cannot be run here, `broken` why jobs failed, each by its name.
    """

    protocol: Protocol
    folder: Path
    gaps: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def write(self) -> None:
        """Write both files from the results in the folder."""
        pages = {TABLE_FILE: self.markdown(), RESULTS_FILE: self.json()}
        try:
            for name, text in pages.items():
                write_text(self.folder / name, text)
        except OSError as error:
            reason = error.strerror or error
            raise GanzooError(
                f"{self.folder} cannot be written ({reason}); give another --out"
            ) from None

    def json(self) -> str:
        """All results, and the jobs without one."""
        jobs = gathered(self.protocol, self.folder)
        return to_json(
            {
                "protocol": self.protocol.name,
                "title": self.protocol.title,
                "source": write_record(self.protocol.source),
                "budget": self.protocol.budget,
                "results": [write_record(result) for _, result in jobs if result],
                "not_run": [str(job) for job, result in jobs if result is None],
                "broken": self.broken,
            }
        )

    def markdown(self) -> str:
        """The page: each table, then what is missing and how the rest was made."""
        jobs, source = gathered(self.protocol, self.folder), self.protocol.source
        blocks = [
            f"# {self.protocol.title}",
            f"{source.paper}, {source.section}. {source.url}".strip(),
            f"Budget: {self.protocol.budget}",
        ]
        for table in self.protocol.tables:
            rows = [
                (row, [result for job, result in jobs if result and job.row.name == row.name])
                for row in rows_of(self.protocol)
                if row.table is table
            ]
            measure = measure_of(table.measure)
            blocks += [
                f"## {table.title}",
                table_of(self.protocol, table, measure, rows),
                self._basis(table, measure.n),
            ]
        return "\n\n".join([*blocks, *self._footer(jobs)]) + "\n"

    def _basis(self, table: Table, n: int) -> str:
        """What a table's figures are means over."""
        if not self.protocol.trains(table):
            return (
                f"n = {n:,} samples of each finished model; mean ± standard deviation over seeds, "
                "each with other samples and another draw of the measure."
            )
        draws = " (of controls, over draws)" if table.controls else ""
        return (
            f"n = {n:,} samples of each run's average at its last image, sampling seed "
            f"{self.protocol.sampling_seed}; mean ± standard deviation over training seeds"
            f"{draws}, diverged runs left out; `(1 of 2)` where one of two has the figure."
        )

    def _footer(self, jobs: Sequence[tuple[Job, Result | None]]) -> Iterator[str]:
        """The paragraphs below the tables."""
        results = [result for _, result in jobs if result]
        undone = [job for job, result in jobs if result is None and str(job) not in self.broken]
        yield from not_run(undone, self.gaps)
        yield from other_budgets(jobs)
        for result in (result for result in results if result.diverged):
            place = f"at {result.images:,} of {result.budget:,} images"
            yield f"Diverged: {result.row} seed {result.seed} {place}."
        for reason, names in by_text(self.broken).items():
            yield f"Broken: {', '.join(names)}: {reason}"
        entries = self.protocol.entries
        places = {entry.name: entry.published_in for entry in entries if entry.published}
        for place, names in by_text(places).items():
            yield f"Published: {place} ({', '.join(names)})."
        yield from circumstances(results)
        own = [f"`{entry.name}`: {entry.note}" for entry in entries if entry.note]
        if lines := [f"- {note}" for note in (*self.protocol.notes, *own)]:
            yield "\n".join(lines)


def not_run(jobs: Iterable[Job], gaps: Mapping[str, str]) -> Iterator[str]:
    """A line for all rows that lack the same seeds for the same reason."""
    seeds: dict[str, list[int]] = {}
    for job in jobs:
        seeds.setdefault(job.row.name, []).append(job.seed)
    reasons = {
        name: f"({in_words(missing)})" + (f": {gaps[name]}" if name in gaps else "")
        for name, missing in seeds.items()
    }
    for text, names in by_text(reasons).items():
        yield f"Not run: {', '.join(names)} {text}"


def other_budgets(jobs: Sequence[tuple[Job, Result | None]]) -> Iterator[str]:
    """The rows that were trained for more or less than the protocol's budget."""
    budgets = {
        result.row: f"{result.budget:,} images in place of {job.budget:,}"
        for job, result in jobs
        if result and not job.row.control and result.budget != job.budget
    }
    for text, names in by_text(budgets).items():
        yield f"Another budget: {text} ({', '.join(names)})."


def circumstances(results: Sequence[Result]) -> Iterator[str]:
    """The commands, the machines and the versions, each once."""
    made = [result.made for result in results]
    yield from (f"Command: `{command}`" for command in dict.fromkeys(m.command for m in made))
    yield from dict.fromkeys(
        f"On {m.hardware}, {m.threads} thread{'s' if m.threads > 1 else ''}; "
        + ", ".join(f"{name} {version}" for name, version in m.versions.items())
        for m in made
    )


def in_words(seeds: Sequence[int]) -> str:
    """Seeds in words: `seed 3`, `seeds 0, 4`, `seeds 0 to 9`."""
    if len(seeds) > 2 and [*seeds] == [*range(seeds[0], seeds[-1] + 1)]:
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def by_text(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """The names that share a text, by the text."""
    names: dict[str, list[str]] = {}
    for name, text in texts.items():
        names.setdefault(text, []).append(name)
    return names
