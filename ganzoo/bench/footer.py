"""What stands below the tables: what is not in them, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ganzoo.bench.jobs import Job
from ganzoo.bench.results import Result
from ganzoo.specs import Protocol


def footer(
    protocol: Protocol,
    jobs: Sequence[tuple[Job, Result | None]],
    gaps: Mapping[str, str],
    broken: Mapping[str, str],
) -> Iterator[str]:
    """Paragraphs: `gaps` says why rows cannot be run here, `broken` why jobs broke."""
    there = [result for _, result in jobs if result]
    undone = [job for job, result in jobs if result is None and str(job) not in broken]
    yield from not_run(undone, gaps)
    yield from other_budgets(jobs)
    yield from diverged(there)
    for reason, names in by_text(broken).items():
        yield f"Broken: {', '.join(names)}: {reason}"
    sources = {entry.name: entry.published_in for entry in protocol.entries if entry.published}
    for source, names in by_text(sources).items():
        yield f"Published: {source} ({', '.join(names)})."
    yield from circumstances(there)
    yield from notes(protocol)


def not_run(jobs: Iterable[Job], gaps: Mapping[str, str]) -> Iterator[str]:
    """A line for the rows that miss the same seeds, and for those of which the same is missing."""
    seeds: dict[str, list[int]] = {}
    for job in jobs:
        seeds.setdefault(job.row.name, []).append(job.seed)
    why = {
        name: f"({in_words(missed)})" + (f": {gaps[name]}" if name in gaps else "")
        for name, missed in seeds.items()
    }
    for text, names in by_text(why).items():
        yield f"Not run: {', '.join(names)} {text}"


def other_budgets(jobs: Sequence[tuple[Job, Result | None]]) -> Iterator[str]:
    """The rows that were trained for more or less than the protocol says."""
    budgets = {
        result.row: f"{result.budget:,} images in place of {job.budget:,}"
        for job, result in jobs
        if result and not job.row.control and result.budget != job.budget
    }
    for text, names in by_text(budgets).items():
        yield f"Another budget: {text} ({', '.join(names)})."


def diverged(results: Sequence[Result]) -> Iterator[str]:
    """The trainings whose weights were no numbers in the end."""
    for found in (result for result in results if result.diverged):
        place = f"at {found.images:,} of {found.budget:,} images"
        yield f"Diverged: {found.row} seed {found.seed} {place}."


def circumstances(results: Sequence[Result]) -> Iterator[str]:
    """By which commands, on what, and with which versions; each said once."""
    made = [result.made for result in results]
    yield from (f"Command: `{command}`" for command in dict.fromkeys(m.command for m in made))
    yield from dict.fromkeys(
        f"On {m.hardware}, {m.threads} thread{'s' if m.threads > 1 else ''}; "
        + ", ".join(f"{name} {version}" for name, version in m.versions.items())
        for m in made
    )


def notes(protocol: Protocol) -> Iterator[str]:
    """The protocol's own notes and its entries', as a list."""
    own = [f"`{entry.name}`: {entry.note}" for entry in protocol.entries if entry.note]
    if lines := [f"- {note}" for note in (*protocol.notes, *own)]:
        yield "\n".join(lines)


def in_words(seeds: Sequence[int]) -> str:
    """Seeds in words: `seed 3`, `seeds 0, 4`, `seeds 0 to 9`."""
    if len(seeds) > 2 and [*seeds] == [*range(seeds[0], seeds[-1] + 1)]:
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def by_text(said: Mapping[str, str]) -> dict[str, list[str]]:
    """The names of which the same is said, by what is said."""
    found: dict[str, list[str]] = {}
    for name, text in said.items():
        found.setdefault(text, []).append(name)
    return found
