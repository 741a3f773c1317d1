"""Parameters that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ganzoo.cards import catalogue
from ganzoo.errors import printable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

FC = TypeVar("FC", bound="Callable[..., Any] | click.Command")


def models(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a WHAT: the zoo's names that begin so, and files."""
    from click.shell_completion import CompletionItem

    names = [name for name in catalogue().names() if name.startswith(incomplete)]
    return [*map(CompletionItem, names), CompletionItem(incomplete, type="file")]


def exporters(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of an exporter."""
    from click.shell_completion import CompletionItem

    names = catalogue().registry.names("exporter")
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


#: A model: a name, a folder, a run or an address on the Hub.
what_argument = click.argument("what", shell_complete=models)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
device_option = click.option(
    "--device", help="cpu, cuda, cuda:1 ...; by default the first GPU, else the CPU."
)
threads_option = click.option(
    "--threads", type=click.IntRange(1), help="CPU threads; by default torch's choice."
)


def number_or_name(text: str) -> int | str:
    """A class as --label has it: a number, or a name."""
    return int(text) if text.strip().lstrip("-").isdecimal() else text.strip()


class Seeds(click.ParamType[tuple[int, ...]]):
    """Seeds, divided by commas."""

    name = "seeds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Whole numbers from 0; click reports others."""
        words = [word.strip() for word in str(value).split(",")]
        if not all(word.isdecimal() for word in words):
            self.fail(f"{value!r}: give whole numbers from 0, divided by commas", param, ctx)
        return tuple(map(int, words))


class_option = click.option(
    "--label",
    callback=lambda ctx, param, text: None if text is None else number_or_name(text),
    help="Class of all samples, by number or name.  [default: that of the first seed]",
)
truncation_option = click.option(
    "--truncation",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="Below 1: less variety, and more typical samples.",
)
scale_option = click.option(
    "--scale",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Enlarge pictures: each pixel becomes a square with this side.",
)


def out_option(default: str, text: str, *, folder: bool = False) -> Callable[[FC], FC]:
    """-o for a command that writes one file, or one folder, with its default and help."""
    path = click.Path(path_type=Path, dir_okay=folder, file_okay=not folder)
    return click.option("-o", "--out", type=path, default=default, show_default=True, help=text)


def show_lines(lines: Iterable[str]) -> None:
    """Print samples that are text, without the characters that would steer a terminal."""
    for line in lines:
        click.echo(printable(line))


compute_option = click.option(
    "--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1 ..."
)
