"""The `ganzoo` command. Each subcommand is a module, imported when it is called."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

from ganzoo._version import __version__
from ganzoo.cli.tables import printable
from ganzoo.errors import GanzooError, PluginError, did_you_mean, one_line

#: The core's commands: name to (module and attribute, help), so that --help imports nothing.
COMMANDS = {
    "list": ("ganzoo.cli.list:command", "List the models of the zoo."),
    "show": ("ganzoo.cli.show:command", "Show a model's card: parts, recipe, figures, files."),
    "sample": ("ganzoo.cli.sample:command", "Draw samples from a model into a grid or a folder."),
    "train": ("ganzoo.cli.train:command", "Train a model, or go on where a training stopped."),
    "check": ("ganzoo.cli.check:command", "Check plugins and models: are they right and true?"),
    "eval": ("ganzoo.cli.eval:command", "Measure a model or a folder of images."),
    "bench": ("ganzoo.cli.bench:command", "Run a paper's protocol; its figures beside ours."),
    "new-plugin": ("ganzoo.cli.new_plugin:command", "Write the package of a new plugin."),
    "plugins": ("ganzoo.cli.plugins:command", "List the plugins, what they offer, what is broken."),
    "cards": ("ganzoo.cli.cards:command", "Build the generated parts of the model cards."),
    "publish": ("ganzoo.cli.publish:command", "Make a published model of a finished training."),
    "reproduce": ("ganzoo.cli.reproduce:command", "Train a published model again, and compare."),
    "import": ("ganzoo.cli.import_:command", "Make a model folder of others' PyTorch weights."),
    "pull": ("ganzoo.cli.pull:command", "Copy a model from the Hugging Face Hub into a folder."),
    "push": ("ganzoo.cli.push:command", "Send a model to the Hugging Face Hub."),
    "cache": ("ganzoo.cli.cache:command", "List, verify or prune what is kept on this machine."),
    "doctor": ("ganzoo.cli.doctor:command", "Say what this machine has for ganzoo."),
}
#: Far above any line of ours; what a stranger wrote is cut before, where it comes in.
LONGEST = 4000


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The core's commands, then the plugins'."""
        return [*COMMANDS, *(name for name, _ in _plugin_rows())]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a command; while a shell completes words, a plugin's is a stand-in."""
        if name in COMMANDS:
            return _command(COMMANDS[name][0])
        distribution, slash, bare = name.rpartition("/")
        found = _plugin_commands().get(bare, {})
        if slash:
            found = {owner: pair for owner, pair in found.items() if owner == distribution}
        if len(found) > 1:
            options = " or ".join(repr(f"{owner}/{bare}") for owner in found)
            raise click.UsageError(f"command {name!r} is offered twice; say {options}")
        for owner, (target, text) in found.items():
            if ctx.resilient_parsing:
                return click.Command(name, help=text)
            return _command(target, owner=owner)
        return None

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
        rows += _plugin_rows()
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ganzoo")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """A zoo of generative adversarial networks: list, sample and train them by name."""


def main(args: Sequence[str] | None = None) -> None:
    """Run the command; an error is one line on stderr, its traceback comes with --debug."""
    words = [*(sys.argv[1:] if args is None else args)]
    debug = "--debug" in words  # wherever it stands, also behind a command
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
        _complain(f"{one_line(error)} (this is a defect of ganzoo; --debug shows where)")
        sys.exit(1)
    sys.exit(result if isinstance(result, int) else 0)


def _complain(text: str) -> None:
    rank = os.environ.get("RANK", "0")  # of a process that torchrun started
    who = "ganzoo" if rank == "0" else f"ganzoo (process {rank})"
    line = " ".join(printable(text).split())
    click.echo(f"{who}: {line if len(line) <= LONGEST else line[:LONGEST] + ' ...'}", err=True)


def _plugin_commands() -> dict[str, dict[str, tuple[str, str]]]:
    """The plugins' commands: name to distribution to (target, help)."""
    from ganzoo.cards import catalogue

    found: dict[str, dict[str, tuple[str, str]]] = {}
    for plugin in catalogue().manager.plugins.values():
        for name, pair in plugin.commands.items():
            found.setdefault(name, {})[plugin.distribution] = pair
    return found


def _plugin_rows() -> list[tuple[str, str]]:
    """Each command of a plugin under the name that runs it, with its line of help."""
    return sorted(
        (name if len(owners) == 1 and name not in COMMANDS else f"{owner}/{name}", text)
        for name, owners in _plugin_commands().items()
        for owner, (_, text) in owners.items()
    )


def report_taken_commands() -> None:
    """Report the plugins whose commands have a name of the core's."""
    from ganzoo.cards import catalogue

    for name in COMMANDS.keys() & _plugin_commands().keys():
        for owner in _plugin_commands()[name]:
            catalogue().manager.report(
                owner,
                f"ganzoo_commands: the name {name!r} is taken by ganzoo; "
                f"this one is {owner}/{name}",
            )


def _command(target: str, *, owner: str | None = None) -> click.Command:
    module, _, attribute = target.partition(":")
    try:
        found = importlib.import_module(module)
        for step in attribute.split("."):
            found = getattr(found, step)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if owner is None:
            raise
        raise PluginError(
            f"plugin {owner}: its command at {target!r} cannot be imported: {one_line(error)}"
        ) from error
    if not isinstance(found, click.Command):
        raise PluginError(
            f"plugin {owner}: its command at {target!r} is a {type(found).__name__}, "
            "no click command"
        )
    return found
