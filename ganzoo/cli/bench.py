"""`ganzoo bench`: run a paper's protocol, and compare the results with the published ones."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from ganzoo.cards import catalogue
from ganzoo.cli.parameters import device_option, json_option, threads_option
from ganzoo.errors import UsageError

if TYPE_CHECKING:
    from ganzoo.bench.protocols import OfferedProtocol
    from ganzoo.plugins.names import Names
    from ganzoo.specs import Protocol


def completed(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """The protocols' names with this beginning, and files."""
    from ganzoo.bench.protocols import protocols

    every = protocols(catalogue().manager).names()
    names = [name for name in every if name.startswith(begun)]
    return [*map(CompletionItem, names), CompletionItem(begun, type="file")]


@click.command("bench")
@click.argument("protocol", required=False, shell_complete=completed)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the bench.  [default: runs/bench/NAME]",
)
@click.option(
    "--only", multiple=True, metavar="ENTRY", help="Run only this entry; * and ? match any text."
)
@click.option(
    "--model",
    "models_too",
    multiple=True,
    metavar="WHAT",
    help="Measure this finished model too, where a protocol measures such: a name, folder or run.",
)
@click.option("--seeds", type=click.IntRange(1), help="Training seeds, by default the protocol's.")
@click.option(
    "--images", type=click.IntRange(1), help="Images per training, if not the protocol's."
)
@threads_option
@device_option
@click.option("--table", "only_table", is_flag=True, help="Run nothing; print the results.")
@json_option
@click.option("--quiet", is_flag=True, help="Show no progress.")
def command(protocol: str | None, **options: Any) -> int:
    """Run a PROTOCOL (a name, or a PATH.json) and print its table; without one, list them.

    \b
    ganzoo bench toys --only 'ring-*' --seeds 3 --threads 1
    ganzoo bench toys --table
    ganzoo bench augment --only dcgan-letters --threads 1

    Run the same command again to continue where it stopped; finished runs are not trained again.
    The folder keeps every run, results.json and table.md.
    """  # noqa: D301
    from ganzoo.bench.protocols import find, protocols, with_models

    manager = catalogue().manager
    if protocol is None:
        _list(protocols(manager), as_json=options["as_json"])
        return 0
    chosen = with_models(find(manager, protocol), options["models_too"], catalogue())
    out = options["out"] or default_folder(chosen, options["images"])
    return _show(chosen, out, options) if options["only_table"] else _run(chosen, out, options)


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
    from ganzoo.engine.run.process import tune_training

    tune_training(options["threads"])
    from ganzoo.bench.performing import BenchOptions
    from ganzoo.bench.runner import run
    from ganzoo.hardware import own_device, usable_device

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
        click.echo("stopped and saved; run the same command again to continue", err=True)
    return code
