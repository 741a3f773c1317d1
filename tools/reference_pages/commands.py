"""The page of commands and their options."""

from __future__ import annotations

import importlib
import re
import textwrap
from collections.abc import Iterator

import click

from reference_pages.sources import cell, code, table


def commands() -> Iterator[str]:
    """Every command of the core, with its options."""
    core = importlib.import_module("ganzoo.cli").COMMANDS
    yield "Commands"
    yield (
        "Exit codes: 0 for success, 1 for failure, 2 for wrong usage, 130 and 143 for a training "
        "that was stopped and saved. An error is one line; `--debug` shows its traceback."
    )
    yield table(
        ("command", "purpose"),
        ((f"[`ganzoo {name}`](#ganzoo-{name})", cell(line)) for name, (_, line) in core.items()),
    )
    for name, (target, _) in core.items():
        module, _, attribute = target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        yield from _command(f"ganzoo {name}", command, level=2)


def _command(name: str, command: click.Command, level: int) -> Iterator[str]:
    """A command, its options, and its subcommands."""
    inner = command.commands if isinstance(command, click.Group) else {}
    words = [word for parameter in command.params for word in _usage(parameter)]
    yield f"{'#' * level} `{name}`"
    yield code(" ".join([name, *words, *(["COMMAND ..."] if inner else [])]), "text")
    yield from _help(command.help or "")
    options = [option for option in command.params if isinstance(option, click.Option)]
    if options:
        yield table(("option", "value", "meaning"), map(_option_row, options))
    for inner_name, subcommand in inner.items():
        yield from _command(f"{name} {inner_name}", subcommand, level + 1)


def _usage(parameter: click.Parameter) -> Iterator[str]:
    """What the line of usage says of a parameter; it leaves optional options out."""
    if isinstance(parameter, click.Argument):
        word = (parameter.name or "").upper() + ("..." if parameter.nargs == -1 else "")
        yield word if parameter.required else f"[{word}]"
    elif parameter.required:
        yield f"{parameter.opts[0]} {_value(parameter)}"


def _help(text: str) -> Iterator[str]:
    """A command's help; a paragraph that click is told to leave as it is becomes code."""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        first, _, rest = paragraph.partition("\n")
        if first.strip() == "\b":
            yield code(textwrap.dedent(rest), "text")
        else:
            yield " ".join(paragraph.split())


def _option_row(option: click.Option) -> tuple[str, ...]:
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    words = [re.sub(r" *\[default: ([^\]]+)\]", r" Default: \1.", option.help or "")]
    if option.show_default and not option.is_flag:
        words.append(f"Default: {option.default}.")
    if option.multiple:
        words.append("Repeatable.")
    if option.required:
        words.append("Required.")
    return names, cell("" if option.is_flag else f"`{_value(option)}`"), cell(" ".join(words))


def _value(parameter: click.Parameter) -> str:
    """A word for the values that a parameter takes."""
    kind = parameter.type
    if parameter.metavar:
        return parameter.metavar
    if isinstance(kind, click.IntRange | click.FloatRange):
        least = "" if kind.min is None else f" >= {kind.min:g}"
        return f"{'N' if isinstance(kind, click.IntRange) else 'X'}{least}"
    if isinstance(kind, click.Choice):
        return "|".join(map(str, kind.choices))
    if isinstance(kind, click.Path):
        return "PATH"
    return {"integer": "N", "float": "X", "text": "TEXT"}.get(kind.name, kind.name.upper())
