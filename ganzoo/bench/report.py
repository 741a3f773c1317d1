"""The bench's two files: `table.md` for people, `results.json` for programs, always whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ganzoo.bench.footer import footer
from ganzoo.bench.jobs import rows_of
from ganzoo.bench.measures import sample_count
from ganzoo.bench.results import gathered
from ganzoo.bench.table import table_of
from ganzoo.errors import GanzooError
from ganzoo.files import write_text
from ganzoo.specs import Protocol, write_record
from ganzoo.specs.reading import to_json

TABLE_FILE, RESULTS_FILE = "table.md", "results.json"


@dataclass
class Report:
    """What is there of a protocol in a folder.

    `gaps` says why rows cannot be run here, `broken` why jobs broke, each by its name.
    """

    protocol: Protocol
    folder: Path
    gaps: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def write(self) -> None:
        """Write both files anew, from the results that lie there."""
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
        """All results, and what there is none of."""
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
        """The page: each table, and below it what it rests on."""
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
            n = sample_count(table.measure)
            draws = " (of controls, over draws)" if table.controls else ""
            blocks += [
                f"## {table.title}",
                table_of(self.protocol, table, rows),
                f"n = {n:,} samples of each run's average at its last image, sampling seed "
                f"{self.protocol.sampling_seed}; mean ± standard deviation over training seeds"
                f"{draws}, diverged runs left out; `(1 of 2)` where one of two has the figure.",
            ]
        blocks += footer(self.protocol, jobs, self.gaps, self.broken)
        return "\n\n".join(blocks) + "\n"
