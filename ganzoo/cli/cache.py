"""`ganzoo cache`: what is kept on this machine, listed, verified and removed."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

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
        found = re.fullmatch(r"(\d{1,6})([mhdw])", str(value))
        if found is None:
            self.fail(f"{value!r} is no age; write a number of m, h, d or w, such as 30d")
        return float(found[1]) * SECONDS[found[2]]


@click.group("cache")
def command() -> None:
    """List, verify or prune what is kept: models, statistics, extractors, packed images.

    All of it is fetched or made again when it is needed.
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print for programs.")
def listing(as_json: bool) -> None:
    """List what is kept, with sizes and when it was last used."""
    from ganzoo.cache import entries

    _tell(entries(), as_json=as_json)


@command.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print for programs.")
def verify(as_json: bool) -> int:
    """Hold what is kept to its hashes, as far as they are known; exits with 1 on damage."""
    from ganzoo.cache import entries

    found = [(entry, entry.damage()) for entry in entries()]
    if as_json:
        _print_json([{**_record(entry), "damage": damage} for entry, damage in found])
    else:
        rows = [(e.kind, e.name, "DAMAGED" if damage else "ok", damage) for e, damage in found]
        click.echo(table(["KIND", "NAME", "", "FOUND"], rows))
    damaged = sum(bool(damage) for _, damage in found)
    if damaged:
        click.echo(f"{damaged} damaged: `ganzoo cache prune NAME` removes by name", err=True)
    return 1 if damaged else 0


@command.command("prune")
@click.argument("names", nargs=-1)
@click.option("--older-than", type=Age(), help="Also what was not used for that long, as 30d.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@click.option("--json", "as_json", is_flag=True, help="Print for programs.")
def prune(
    names: Sequence[str], older_than: float | None, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Remove NAMES; without any, what is of no use: packs of folders that are gone, leftovers."""
    from ganzoo.cache import chosen, entries

    if names and older_than is not None:
        raise UsageError("prune takes names or --older-than, not both")
    found = chosen(entries(), names, older_than)
    _tell(found, as_json=as_json)
    if dry_run or not found:
        return
    if not yes:
        _ask(found)
    for entry in found:
        entry.remove()
    click.echo(f"removed {_extent(found)}", err=True)


def _ask(found: list[CacheEntry]) -> None:
    """Have a person agree."""
    if not sys.stdin.isatty():
        raise UsageError("prune asks before it removes, and nobody is here; say -y or --dry-run")
    click.confirm(f"remove {_extent(found)}?", abort=True, err=True)


def _tell(found: list[CacheEntry], *, as_json: bool) -> None:
    if as_json:
        _print_json([_record(entry) for entry in found])
        return
    now = time.time()
    rows = [(e.kind, e.name, size(e.bytes), age(now - e.used), e.note) for e in found]
    if rows:
        click.echo(table(["KIND", "NAME", "SIZE", "USED", "NOTE"], rows))
    click.echo(_extent(found), err=True)


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


def _extent(found: list[CacheEntry]) -> str:
    count, total = len(found), sum(entry.bytes for entry in found)
    return f"{count or 'no'} {'entry' if count == 1 else 'entries'}, {size(total)}"


def size(count: int) -> str:
    """Bytes in the unit that matters: 1_234_567 -> `1.2 MB`."""
    for unit, bytes_of in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= bytes_of:
            return f"{count / bytes_of:.1f} {unit}"
    return f"{count} B"


def age(seconds: float) -> str:
    """Seconds in the unit that matters: 100_000 -> `1 d ago`."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit} ago"
    return "now"
