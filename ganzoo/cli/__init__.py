"""The `ganzoo` command. Each subcommand is a module, imported when it is called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

from ganzoo._version import __version__
from ganzoo.errors import GanzooError, PluginError, did_you_mean, one_line

#: The core's commands: name to (module and attribute, help), so that --help imports nothing.
COMMANDS = {
    "list": ("ganzoo.cli.list:command", "List the models of the zoo."),
    "show": ("ganzoo.cli.show:command", "Show a model's card: parts, recipe, figures, files."),
    "sample": ("ganzoo.cli.sample:command", "Draw samples from a model into a grid or a folder."),
    "train": ("ganzoo.cli.train:command", "Train a model, or go on where a training stopped."),
    "plugins": ("ganzoo.cli.plugins:command", "List the plugins, what they offer, what is broken."),
    "cards": ("ganzoo.cli.cards:command", "Build the generated parts of the model cards."),
    "doctor": ("ganzoo.cli.doctor:command", "Say what this machine has for ganzoo."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The core's commands, then the plugins'."""
        return [*COMMANDS, *sorted(_plugin_commands())]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a command; for --help, a stand-in that has only its line of help."""
        if name in COMMANDS:
            return _command(*COMMANDS[name])
        found = _plugin_commands()
        return _command(*found[name], plugin=True) if name in found else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the nearest."""
        name = args[0]
        if self.get_command(ctx, name) is None:
            near = did_you_mean(name, self.list_commands(ctx), otherwise="there are: {}")
            raise click.UsageError(f"there is no command {name!r}; {near}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command's line without importing it."""
        rows = [(name, text) for name, (_, text) in COMMANDS.items()]
        rows += sorted((name, text) for name, (_, text) in _plugin_commands().items())
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ganzoo")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """A zoo of generative adversarial networks: list, sample and train them by name."""


def main(args: Sequence[str] | None = None) -> None:
    """Run the command; an error is one line on stderr, its traceback comes with --debug."""
    words = list(sys.argv[1:] if args is None else args)
    debug = "--debug" in words  # wherever it stands, also behind a command
    words = [word for word in words if word != "--debug"]
    try:
        result = cli.main(words, prog_name="ganzoo", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        _complain(error.format_message())
        sys.exit(error.exit_code)
    except click.Abort:
        _complain("stopped")
        sys.exit(130)
    except GanzooError as error:
        if debug:
            raise
        _complain(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except Exception as error:
        if debug:
            raise
        _complain(f"{one_line(error)} (this is a defect of ganzoo; --debug shows where)")
        sys.exit(1)
    sys.exit(result if isinstance(result, int) else 0)


def _complain(text: str) -> None:
    click.echo(f"ganzoo: {' '.join(text.split())}", err=True)


def _plugin_commands() -> dict[str, tuple[str, str]]:
    """The plugins' commands; the core's names are not theirs to take."""
    from ganzoo.cards import catalogue

    plugins = catalogue().manager.plugins.values()
    return {
        name: pair
        for plugin in plugins
        for name, pair in plugin.commands.items()
        if name not in COMMANDS
    }


def _command(target: str, text: str, *, plugin: bool = False) -> click.Command:
    module, _, attribute = target.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:
        if not plugin:
            raise
        raise PluginError(f"command at {target!r} cannot be imported: {one_line(error)}") from error
    if not isinstance(found, click.Command):
        raise PluginError(f"command at {target!r} is a {type(found).__name__}, no click command")
    return found
