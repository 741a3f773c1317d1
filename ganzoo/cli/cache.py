"""`ganzoo cache`: cached files, listed, verified and removed."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli.parameters import json_option
from ganzoo.errors import UsageError
from ganzoo.terminal import table

if TYPE_CHECKING:
    from ganzoo.cache import CacheEntry

SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class Age(click.ParamType[float]):
    """A number and a unit, such as 30d, in seconds."""

    name = "age"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read `30d`."""
        match = re.fullmatch(r"(\d{1,6})([mhdw])", str(value))
        if match is None:
            self.fail(f"{value!r} is not an age; write a number and m, h, d or w, such as 30d")
        return float(match[1]) * SECONDS[match[2]]


@click.group("cache")
def command() -> None:
    """List, verify or prune cached models, statistics, extractors and packed images.

    Removed entries are fetched or made again when they are needed.
    """


@command.command("list")
@json_option
def listing(as_json: bool) -> None:
    """List cached files with their size and last use."""
    from ganzoo.cache import entries

    _tell(entries(), as_json=as_json)


@command.command("verify")
@json_option
def verify(as_json: bool) -> int:
    """Check cached files against their hashes, where known; exit with 1 on damage."""
    from ganzoo.cache import entries

    examined = [(entry, entry.damage()) for entry in entries()]
    if as_json:
        _print_json([{**_record(entry), "damage": damage} for entry, damage in examined])
    else:
        rows = [(e.kind, e.name, "DAMAGED" if damage else "ok", damage) for e, damage in examined]
        click.echo(table(["KIND", "NAME", "", "FOUND"], rows))
    damaged = sum(bool(damage) for _, damage in examined)
    if damaged:
        click.echo(f"{damaged} damaged; remove them with `ganzoo cache prune NAME`", err=True)
    return 1 if damaged else 0


@command.command("prune")
@click.argument("names", nargs=-1)
@click.option(
    "--older-than", type=Age(), help="Also remove what was not used for this long, such as 30d."
)
@click.option("--dry-run", is_flag=True, help="List what would be removed without removing it.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
def prune(
    names: Sequence[str], older_than: float | None, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Remove NAMES; without names, everything useless: leftovers, and packs of deleted folders."""
    from ganzoo.cache import chosen, entries

    if names and older_than is not None:
        raise UsageError("prune takes names or --older-than, not both")
    selected = chosen(entries(), names, older_than)
    _tell(selected, as_json=as_json)
    if dry_run or not selected:
        return
    if not yes:
        _ask(selected)
    for entry in selected:
        entry.remove()
    click.echo(f"removed {_extent(selected)}", err=True)


def _ask(selected: list[CacheEntry]) -> None:
    """Ask for confirmation on a terminal."""
    if not sys.stdin.isatty():
        raise UsageError("stdin is not a terminal, so prune cannot ask; pass -y or --dry-run")
    click.confirm(f"remove {_extent(selected)}?", abort=True, err=True)


def _tell(selected: list[CacheEntry], *, as_json: bool) -> None:
    if as_json:
        _print_json([_record(entry) for entry in selected])
        return
    now = time.time()
    rows = [(e.kind, e.name, size(e.bytes), age(now - e.used), e.note) for e in selected]
    if rows:
        click.echo(table(["KIND", "NAME", "SIZE", "USED", "NOTE"], rows))
    click.echo(_extent(selected), err=True)


def _record(entry: CacheEntry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "name": entry.name,
        "path": str(entry.path),
        "bytes": entry.bytes,
        "used": datetime.fromtimestamp(entry.used, UTC).isoformat(timespec="seconds"),
        "note": entry.note,
        "useless": entry.useless,
    }


def _print_json(data: Any) -> None:
    from ganzoo.specs.reading import to_json

    click.echo(to_json(data), nl=False)


def _extent(selected: list[CacheEntry]) -> str:
    count, total = len(selected), sum(entry.bytes for entry in selected)
    return f"{count or 'no'} {'entry' if count == 1 else 'entries'}, {size(total)}"


def size(count: int) -> str:
    """Bytes in a readable unit: 1_234_567 -> `1.2 MB`."""
    for unit, bytes_of in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= bytes_of:
            return f"{count / bytes_of:.1f} {unit}"
    return f"{count} B"


def age(seconds: float) -> str:
    """Seconds in a readable unit: 100_000 -> `1 d ago`."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit} ago"
    return "now"
