"""`ganzoo bench`: run a paper's protocol, and lay the result beside the published one."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from ganzoo.cards import catalogue
from ganzoo.errors import UsageError

if TYPE_CHECKING:
    from ganzoo.bench.finding import OfferedProtocol
    from ganzoo.plugins.names import Names
    from ganzoo.specs import Protocol


def completed(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """The protocols' names that begin so, and files."""
    from ganzoo.bench.finding import protocols

    every = protocols(catalogue().manager).names()
    names = [name for name in every if name.startswith(begun)]
    return [*map(CompletionItem, names), CompletionItem(begun, type="file")]


@click.command("bench")
@click.argument("protocol", required=False, shell_complete=completed)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="The bench's folder.")
@click.option("--only", multiple=True, metavar="ENTRY", help="Only this entry, or with * and ?.")
@click.option("--seeds", type=click.IntRange(1), help="Training seeds, in place of the protocol's.")
@click.option("--images", type=click.IntRange(1), help="Another budget, which the table says.")
@click.option("--threads", type=click.IntRange(1), help="CPU threads; torch's choice by default.")
@click.option("--device", help="cpu, cuda, cuda:1 ...; the first GPU where there is one.")
@click.option("--table", "only_table", is_flag=True, help="Run nothing; print what is there.")
@click.option("--json", "as_json", is_flag=True, help="Print for programs.")
@click.option("--quiet", is_flag=True, help="No progress.")
def command(protocol: str | None, **options: Any) -> int:
    """Run a PROTOCOL (a name, or a PATH.json) and print its table; without one, list them.

    \b
    ganzoo bench toys --only 'ring-*' --seeds 3 --threads 1
    ganzoo bench toys --table

    The same command again goes on where it stopped, and a finished run is not trained again.
    The folder keeps every run, results.json and table.md; by default it is runs/bench/NAME.
    """  # noqa: D301
    from ganzoo.bench.finding import find, protocols

    manager = catalogue().manager
    if protocol is None:
        _list(protocols(manager), as_json=options["as_json"])
        return 0
    found = find(manager, protocol)
    out = options["out"] or default_folder(found, options["images"])
    return _show(found, out, options) if options["only_table"] else _run(found, out, options)


def default_folder(protocol: Protocol, images: int | None) -> Path:
    """runs/bench/NAME, and a folder beside it for each other budget."""
    suffix = "" if images is None else f"-{images}-images"
    return Path("runs/bench") / f"{protocol.name}{suffix}"


def _list(offers: Names[OfferedProtocol], *, as_json: bool) -> None:
    from ganzoo.terminal import table

    rows = [(offers.name_of(offer), offer) for offer in offers]
    if as_json:
        click.echo(json.dumps([_record(name, offer) for name, offer in rows], indent=2))
    elif rows:
        lines = [(name, _title(o), _extent(o.protocol), o.distribution) for name, o in rows]
        click.echo(table(("NAME", "TITLE", "ENTRIES", "PLUGIN"), lines))
    else:
        click.echo("there are no protocols: no plugin offers any", err=True)


def _title(offer: OfferedProtocol) -> str:
    return offer.protocol.title if offer.protocol else f"broken: {offer.problem}"


def _extent(protocol: Protocol | None) -> str:
    if protocol is None:
        return ""
    count = sum(not entry.published_only for entry in protocol.entries)
    return f"{count} of {protocol.seeds} seed{'s' if protocol.seeds > 1 else ''}"


def _record(name: str, offer: OfferedProtocol) -> dict[str, Any]:
    protocol = offer.protocol
    return {
        "name": name,
        "distribution": offer.distribution,
        "title": protocol.title if protocol else "",
        "entries": [entry.name for entry in protocol.entries] if protocol else [],
        "seeds": protocol.seeds if protocol else 0,
        "problem": offer.problem,
        "path": str(offer.path),
    }


def _show(protocol: Protocol, out: Path, options: dict[str, Any]) -> int:
    from ganzoo.bench.report import Report

    if not out.is_dir():
        raise UsageError(f"--table: there is no folder {str(out)!r}; run the protocol first")
    report = Report(protocol, out)
    click.echo(report.json() if options["as_json"] else report.markdown(), nl=False)
    return 0


def _run(protocol: Protocol, out: Path, options: dict[str, Any]) -> int:
    from ganzoo.engine.run.process import tune_allocator, tune_cuda

    tune_allocator()
    tune_cuda()
    import torch

    from ganzoo.bench.runner import BenchOptions, run
    from ganzoo.hardware import own_device, usable_device

    if options["threads"]:
        torch.set_num_threads(options["threads"])
    report, code = run(
        protocol,
        BenchOptions(
            out,
            catalogue(),
            only=options["only"],
            seeds=options["seeds"],
            images=options["images"],
            device=str(usable_device(own_device(options["device"]))),
            quiet=options["quiet"],
            command=shlex.join(["ganzoo", *sys.argv[1:]]),
        ),
    )
    click.echo(report.json() if options["as_json"] else report.markdown(), nl=False)
    if code > 1:
        click.echo("stopped and saved; the same command goes on from here", err=True)
    return code
