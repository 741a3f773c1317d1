"""`ganzoo watch` and `ganzoo report`. Each imports what it needs when it runs."""

from __future__ import annotations

from pathlib import Path

import click

LOOPBACK = "127.0.0.1"


@click.command("watch")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port of the page.  [default: one that is free]",
)
@click.option(
    "--host",
    default=LOOPBACK,
    show_default=True,
    help="Address to serve on; another than the loopback lets others see the run.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
def watch(run: Path, port: int, host: str, opens: bool) -> None:
    """Serve a training as a live page: curves, samples, health, and points in the plane.

    RUN is a run's folder, or a folder of several, such as those of training seeds. The page is
    served on this machine alone, and only reads. Ctrl-C ends it; the training goes on.
    """
    from ganzoo_web.trainings.server import TrainingServer

    if host not in (LOOPBACK, "localhost", "::1"):
        click.echo(f"warning: whoever reaches {host} can see this run", err=True)
    with TrainingServer([run], host, port) as server:
        try:
            click.echo(f"{server.url}  (Ctrl-C ends it)")
            if opens:
                import webbrowser

                webbrowser.open(server.url)
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo(err=True)  # the terminal's ^C stands alone in its line


@click.command("report")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default="report.html",
    show_default=True,
    help="The file to write.",
)
def report(runs: tuple[Path, ...], out: Path) -> None:
    """Write trainings as one page that needs no server; several are compared.

    Each RUN is a run's folder, or a folder of several.
    """
    from ganzoo_web.trainings.report import write_report

    click.echo(str(write_report(*runs, out=out)))
