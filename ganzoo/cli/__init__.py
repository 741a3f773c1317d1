"""The `ganzoo` command. Each subcommand is a module, imported when it is called."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from ganzoo._version import __version__
from ganzoo.errors import GanzooError, PluginError, one_line, printable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from ganzoo.plugins.names import Names
    from ganzoo.plugins.registry import Offer

#: The core's commands by purpose: name to (module and attribute, help). --help imports none.
GROUPS = {
    "Use": {
        "list": ("ganzoo.cli.list:command", "List the models of the zoo."),
        "show": ("ganzoo.cli.show:command", "Show a model's card: parts, recipe, figures, files."),
        "sample": ("ganzoo.cli.sample:command", "Draw samples from a model."),
        "pull": ("ganzoo.cli.hub:pull", "Copy a model from the Hugging Face Hub into a folder."),
        "import": ("ganzoo.cli.import_:command", "Make a model folder from PyTorch weights."),
    },
    "Steer": {
        "walk": ("ganzoo.cli.walk:command", "Make a film of a way through a model's latents."),
        "mix": ("ganzoo.cli.mix:command", "Mix the samples of several seeds into a grid."),
        "directions": (
            "ganzoo.cli.directions:command",
            "Find directions that change one thing about samples.",
        ),
        "edit": ("ganzoo.cli.edit:command", "Move samples along directions."),
        "invert": ("ganzoo.cli.invert:command", "Find the latents that draw given pictures."),
        "dissect": ("ganzoo.cli.dissect:command", "Find the units that cause what is drawn."),
    },
    "Train": {
        "data": ("ganzoo.cli.data:command", "Show what a network would see of pictures or data."),
        "train": ("ganzoo.cli.train:command", "Train a model, or resume a training."),
    },
    "Measure": {
        "eval": ("ganzoo.cli.eval:command", "Measure a model or a folder of images."),
        "bench": ("ganzoo.cli.bench:command", "Run a paper's protocol and compare the figures."),
        "reproduce": (
            "ganzoo.cli.reproduce:command",
            "Train a published model again and compare.",
        ),
    },
    "Publish": {
        "publish": ("ganzoo.cli.publish:command", "Turn a finished training into a model."),
        "cards": ("ganzoo.cli.cards:command", "Build the generated parts of model cards."),
        "export": ("ganzoo.cli.export:command", "Write a model for other programs, such as ONNX."),
        "push": ("ganzoo.cli.hub:push", "Upload a model to the Hugging Face Hub."),
    },
    "Write plugins": {
        "new-plugin": ("ganzoo.cli.new_plugin:command", "Create the package of a new plugin."),
        "check": ("ganzoo.cli.check:command", "Run the conformance checks on plugins and models."),
    },
    "Look after the installation": {
        "plugins": ("ganzoo.cli.plugins:command", "List plugins, their parts and problems."),
        "cache": ("ganzoo.cli.cache:command", "List, verify or prune cached files."),
        "doctor": (
            "ganzoo.cli.doctor:command",
            "Report packages, devices and data found here.",
        ),
    },
}
COMMANDS = {name: pair for group in GROUPS.values() for name, pair in group.items()}
#: Characters of an error at most. Our own are far shorter.
LONGEST = 4000


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The core's commands, then the plugins'."""
        return [*COMMANDS, *dict(_plugin_rows())]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a command; while a shell completes words, a plugin's is a placeholder."""
        if name in COMMANDS:
            return _command(COMMANDS[name][0])
        if ctx.resilient_parsing:
            return click.Command(name, help=dict(_plugin_rows()).get(name))
        offer = offered_commands().find(name, otherwise="there are: {}")
        return _command(offer.target, owner=offer.distribution)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands and options that begin so; no command is imported."""
        from click.shell_completion import CompletionItem

        rows = [*((name, text) for name, (_, text) in COMMANDS.items()), *_plugin_rows()]
        items = [CompletionItem(n, help=text) for n, text in rows if n.startswith(incomplete)]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command's line under its group, without importing it."""
        for title, commands in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name, text) for name, (_, text) in commands.items()])
        if rows := [*_plugin_rows()]:
            with formatter.section("From plugins"):
                formatter.write_dl(rows)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ganzoo")
@click.option("--debug", is_flag=True, help="Show the traceback of errors.")
def cli(debug: bool) -> None:
    """A zoo of generative adversarial networks: list, sample and train them by name.

    Run `ganzoo COMMAND --help` for the options of a command.
    """


def main(args: Sequence[str] | None = None) -> None:
    """Run the command. An error is one line on stderr; --debug shows its traceback."""
    words = [*(sys.argv[1:] if args is None else args)]
    debug = "--debug" in words  # before or after the command
    words = [word for word in words if word != "--debug"]
    try:
        result = cli.main(words, prog_name="ganzoo", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        help_hint = f"; see `{context.command_path} --help`" if context else ""
        _complain(error.format_message().rstrip(".") + help_hint)
        sys.exit(error.exit_code)
    except click.Abort:
        _complain("stopped")
        sys.exit(130)
    except GanzooError as error:
        if debug:
            import traceback

            traceback.print_exc()
        else:
            _complain(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except Exception as error:
        if debug:
            raise
        _complain(f"{one_line(error)} (a bug in ganzoo; --debug shows the traceback)")
        sys.exit(1)
    sys.exit(result if isinstance(result, int) else 0)


def _complain(text: str) -> None:
    rank = os.environ.get("RANK", "0")  # of a process that torchrun started
    who = "ganzoo" if rank == "0" else f"ganzoo (process {rank})"
    line = " ".join(printable(text).split())
    click.echo(f"{who}: {line if len(line) <= LONGEST else line[:LONGEST] + ' ...'}", err=True)


def offered_commands() -> Names[Offer]:
    """The commands of the core and of all plugins."""
    from ganzoo.cards import catalogue
    from ganzoo.plugins.names import CORE, Names
    from ganzoo.plugins.registry import Offer

    own = {CORE: COMMANDS}
    plugins = {p.distribution: p.commands for p in catalogue().manager.plugins.values()}
    return Names(
        "command",
        (
            Offer("command", name, distribution, target)
            for distribution, commands in (plugins | own).items()
            for name, (target, _) in commands.items()
        ),
    )


def _plugin_rows() -> Iterator[tuple[str, str]]:
    """Each command of a plugin under the name that runs it, with its line of help."""
    from ganzoo.cards import catalogue

    plugins, offers = catalogue().manager.plugins, offered_commands()
    for offer in offers:
        if offer.name in (commands := plugins[offer.distribution].commands):
            yield offers.name_of(offer), commands[offer.name][1]


def _command(target: str, *, owner: str | None = None) -> click.Command:
    from ganzoo.plugins.distributions import imported

    try:
        command: Any = imported(target)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if owner is None:
            raise
        raise PluginError(
            f"plugin {owner}: its command {target!r} cannot be imported: {one_line(error)}"
        ) from error
    if not isinstance(command, click.Command):
        raise PluginError(
            f"plugin {owner}: its command {target!r} is a {type(command).__name__}, not a click "
            "command"
        )
    return command
