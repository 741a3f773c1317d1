from __future__ import annotations

import importlib.metadata
import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from commands import python
from distributions import install, offering
from ganzoo import hookimpl
from ganzoo.cards import Catalogue
from ganzoo.cli import main
from ganzoo.errors import PluginError, UnknownNameError
from ganzoo.plugins import CORE, PluginManager, PluginSource, RunRecord, canonical
from ganzoo.plugins.distributions import installed_sources
from ganzoo.specs import Part, Recipe
from model_folders import only_official, write_model
from tiny import make_plugin

GOOD = {"mine": "tiny:TinyGenerator"}


@pytest.fixture(autouse=True)
def _as_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GANZOO_PLUGINS", raising=False)
    monkeypatch.delenv("GANZOO_STRICT", raising=False)
    monkeypatch.setattr(logging.getLogger("ganzoo"), "filters", [])


def plugin_of(
    distribution: str, *functions: Callable[..., Any], version: str = "1.0"
) -> PluginSource:
    """A plugin whose module holds the given functions by their names."""
    module = ModuleType(f"functions_of_{distribution}")
    for function in functions:
        setattr(module, function.__name__, function)
    return PluginSource(distribution, version, lambda: module)


def problems_of(manager: PluginManager, distribution: str) -> str:
    return "\n".join(manager.plugins[distribution].problems)


def run(*args: str, exit_code: int = 0) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(args)
    assert stopped.value.code == exit_code


# A plugin that breaks while it is loaded


def raising() -> ModuleType:
    raise RuntimeError("no luck\ntoday")


def exiting() -> ModuleType:
    sys.exit(3)


def importing() -> ModuleType:
    import surely_not_installed  # type: ignore[import-not-found]

    return surely_not_installed


BREAKS = [
    (raising, "RuntimeError: no luck today"),
    (exiting, "SystemExit: 3"),
    (importing, "ModuleNotFoundError: No module named 'surely_not_installed'"),
]


@pytest.mark.parametrize(("load", "reason"), BREAKS)
def test_a_plugin_that_breaks_is_kept_with_its_version_and_reason(
    load: Callable[[], ModuleType], reason: str
) -> None:
    plugin = PluginManager([PluginSource("broken", "1.2", load)]).plugins["broken"]
    assert (plugin.version, plugin.loaded, plugin.problems) == ("1.2", False, [reason])


@pytest.mark.parametrize(("load", "reason"), BREAKS)
def test_the_other_plugins_go_on_where_one_breaks(
    load: Callable[[], ModuleType], reason: str
) -> None:
    good = make_plugin("good", ganzoo_generators=GOOD)
    catalogue = Catalogue(PluginManager([PluginSource("broken", "1.2", load), good]))
    assert catalogue.registry.find("generator", "mine").distribution == "good"
    assert catalogue.registry.find("loss", "hinge").distribution == CORE


@pytest.mark.parametrize(("load", "reason"), BREAKS)
def test_strict_names_the_plugin_that_breaks(load: Callable[[], ModuleType], reason: str) -> None:
    with pytest.raises(PluginError, match=f"plugin broken 1.2: {reason}"):
        PluginManager([PluginSource("broken", "1.2", load)], strict=True)


def test_strict_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_STRICT", "1")
    with pytest.raises(PluginError, match="no luck"):
        PluginManager([PluginSource("broken", "1.2", raising)])


def test_strict_0_is_not_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_STRICT", "0")
    assert PluginManager([PluginSource("broken", "1.2", raising)]).problems


@pytest.mark.parametrize("strict", [False, True])
def test_ctrl_c_while_loading_passes_through(strict: bool) -> None:
    def interrupted() -> ModuleType:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        PluginManager([PluginSource("slow", "1.0", interrupted)], strict=strict)


def test_ctrl_c_in_a_hook_passes_through() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        PluginManager([make_plugin("slow", ganzoo_losses=interrupted)])


# What hooks return


def failing() -> None:
    raise ValueError("out of order")


PARTS = ["generators", "discriminators", "losses", "datasets", "extractors", "trackers", "writers"]
NONSENSE = [
    ("ganzoo_losses", None, r"ganzoo_losses: expected a mapping, found None \(is a return missing"),
    ("ganzoo_losses", ["mine"], r"ganzoo_losses: expected a mapping, found list \['mine'\]"),
    ("ganzoo_losses", "a:b", "ganzoo_losses: expected a mapping, found str 'a:b'"),
    ("ganzoo_losses", {"mine": "no target"}, "ganzoo_losses: 'mine' is 'no target'; give it as"),
    ("ganzoo_losses", {"mine": "module:"}, "ganzoo_losses: 'mine' is 'module:'; give it as text"),
    ("ganzoo_losses", {"mine": ".a:b"}, r"ganzoo_losses: 'mine' is '\.a:b'; give it as text"),
    ("ganzoo_losses", {"mine": dict}, "ganzoo_losses: 'mine' is <class 'dict'>; give it as text"),
    ("ganzoo_losses", {"Mine": "a:b"}, "ganzoo_losses: 'Mine' is not a name; use lower-case words"),
    ("ganzoo_losses", {"my/own": "a:b"}, "ganzoo_losses: 'my/own' is not a name"),
    ("ganzoo_losses", {"mine\n": "a:b"}, "ganzoo_losses: 'mine.n' is not a name"),
    ("ganzoo_losses", {3: "a:b"}, "ganzoo_losses: 3 is not a name"),
    ("ganzoo_losses", failing, "ganzoo_losses: ValueError: out of order"),
    ("ganzoo_losses", exiting, "ganzoo_losses: SystemExit: 3"),
    ("ganzoo_cards", None, "ganzoo_cards: expected a list of folders, found None"),
    ("ganzoo_cards", "/tmp", "ganzoo_cards: expected a list of folders, found str '/tmp'"),
    ("ganzoo_cards", Path("/tmp"), "ganzoo_cards: expected a list of folders, found PosixPath"),
    ("ganzoo_cards", ["/not/there"], "ganzoo_cards: there is no folder '/not/there'"),
    ("ganzoo_cards", [3], "ganzoo_cards: expected a folder, found int 3"),
    ("ganzoo_cards", failing, "ganzoo_cards: ValueError: out of order"),
    ("ganzoo_commands", {"hi": "a:b"}, r"ganzoo_commands: 'hi' is 'a:b'; give \(\"module:command"),
    ("ganzoo_commands", {"hi": ("a", "x")}, "ganzoo_commands: 'hi' is 'a'; give it as"),
    ("ganzoo_commands", {"hi": ("a:b", 3)}, "ganzoo_commands: 'hi' is .*; give"),
    ("ganzoo_commands", {"-hi": ("a:b", "x")}, "ganzoo_commands: '-hi' is not a name"),
]


@pytest.mark.parametrize(("hook", "returned", "reason"), NONSENSE)
def test_nonsense_from_a_hook_names_the_hook_and_the_entry(
    hook: str, returned: object, reason: str
) -> None:
    manager = PluginManager([make_plugin("odd", **{hook: returned})])
    assert re.match(reason, problems_of(manager, "odd"))


@pytest.mark.parametrize(("hook", "returned", "reason"), NONSENSE)
def test_strict_names_the_plugin_whose_hook_returns_nonsense(
    hook: str, returned: object, reason: str
) -> None:
    with pytest.raises(PluginError, match=f"plugin odd 1.0: {reason}"):
        PluginManager([make_plugin("odd", **{hook: returned})], strict=True)


@pytest.mark.parametrize(("hook", "returned", "reason"), NONSENSE)
def test_nonsense_from_one_hook_leaves_the_plugins_other_hooks(
    hook: str, returned: object, reason: str
) -> None:
    manager = PluginManager([make_plugin("odd", ganzoo_generators=GOOD, **{hook: returned})])
    assert manager.plugins["odd"].loaded
    assert manager.plugins["odd"].parts["generator"] == GOOD


def test_the_good_entries_beside_a_bad_one_are_kept() -> None:
    mixed = {"Bad": "a:b", "mine": "a:b", "worse": 3}
    plugin = PluginManager([make_plugin("odd", ganzoo_losses=mixed)]).plugins["odd"]
    assert plugin.parts["loss"] == {"mine": "a:b"}
    assert len(plugin.problems) == 2


@pytest.mark.parametrize("kind", PARTS)
def test_every_hook_for_parts_is_asked(kind: str) -> None:
    manager = PluginManager([make_plugin("all", **{f"ganzoo_{kind}": GOOD})])
    assert [parts for parts in manager.plugins["all"].parts.values() if parts] == [GOOD]


# Hooks that are none


def test_a_misspelt_hook_is_reported_with_the_nearest() -> None:
    manager = PluginManager([make_plugin("typo", ganzoo_generator=GOOD)])
    assert "ganzoo_generator is not a hook of ganzoo; did you mean 'ganzoo_generators'" in (
        problems_of(manager, "typo")
    )


def test_a_misspelt_hook_leaves_the_others_in_use() -> None:
    manager = PluginManager([make_plugin("typo", ganzoo_lozzes=GOOD, ganzoo_generators=GOOD)])
    assert manager.plugins["typo"].parts["generator"] == GOOD


def test_a_forgotten_hookimpl_is_reported() -> None:
    def ganzoo_generators() -> dict[str, str]:
        return GOOD

    manager = PluginManager([plugin_of("forgot", ganzoo_generators)])
    assert problems_of(manager, "forgot") == (
        "ganzoo_generators is not marked @hookimpl and is not used"
    )


def test_a_hook_with_an_argument_that_is_not_offered_breaks_its_plugin() -> None:
    @hookimpl
    def ganzoo_generators(registry: Any) -> dict[str, str]:
        return GOOD

    manager = PluginManager([plugin_of("wrong", ganzoo_generators)])
    assert not manager.plugins["wrong"].loaded
    assert "ganzoo_generators" in problems_of(manager, "wrong")
    assert "registry" in problems_of(manager, "wrong")


def test_a_plugin_with_a_wrong_signature_hears_of_no_event(run_record: RunRecord) -> None:
    heard = []

    @hookimpl
    def ganzoo_training_started(run: RunRecord) -> None:
        heard.append(run)

    @hookimpl
    def ganzoo_training_ended(result: Any) -> None:
        heard.append(result)

    manager = PluginManager([plugin_of("wrong", ganzoo_training_started, ganzoo_training_ended)])
    manager.notify("ganzoo_training_started", run=run_record)
    assert heard == []


@pytest.mark.parametrize("api", [0, 2, "1", None])
def test_a_plugin_for_another_contract_is_reported_before_its_hooks_are_called(api: Any) -> None:
    called = []
    source = make_plugin("old", api=api, ganzoo_generators=lambda: called.append(1))
    manager = PluginManager([source])
    assert problems_of(manager, "old").startswith(f"written for ganzoo_api {api!r}, but ganzoo-")
    assert called == []


def test_strict_names_the_plugin_for_another_contract() -> None:
    with pytest.raises(PluginError, match=r"plugin old 1.0: written for ganzoo_api 2"):
        PluginManager([make_plugin("old", api=2)], strict=True)


def test_a_plugin_that_states_no_contract_is_taken_as_the_first() -> None:
    @hookimpl
    def ganzoo_generators() -> dict[str, str]:
        return GOOD

    assert PluginManager([plugin_of("plain", ganzoo_generators)]).plugins["plain"].loaded


# Names that are taken


def test_a_newcomer_to_a_name_of_the_core_is_reported() -> None:
    catalogue = Catalogue(PluginManager([make_plugin("late", ganzoo_losses={"hinge": "a:b"})]))
    assert "ganzoo_losses: the name 'hinge' is taken by ganzoo; use late/hinge" in (
        problems_of(catalogue.manager, "late")
    )


def test_the_core_keeps_its_bare_name() -> None:
    catalogue = Catalogue(PluginManager([make_plugin("late", ganzoo_losses={"hinge": "a:b"})]))
    assert catalogue.registry.find("loss", "hinge").qualified == "ganzoo/hinge"
    assert catalogue.registry.find("loss", "late/hinge").target == "a:b"


def two_of_a_name() -> Catalogue:
    sources = [make_plugin(name, ganzoo_losses={"mine": f"{name}:Mine"}) for name in ("one", "two")]
    return Catalogue(PluginManager(sources))


def test_a_newcomer_to_a_name_of_another_plugin_is_reported() -> None:
    assert "taken by one; use two/mine" in problems_of(two_of_a_name().manager, "two")


def test_a_bare_name_of_two_plugins_is_ambiguous_and_both_are_listed() -> None:
    with pytest.raises(UnknownNameError, match="offered twice; write 'one/mine' or 'two/mine'"):
        two_of_a_name().registry.find("loss", "mine")


@pytest.mark.parametrize("name", ["one", "two"])
def test_a_qualified_name_is_never_ambiguous(name: str) -> None:
    assert two_of_a_name().registry.find("loss", f"{name}/mine").target == f"{name}:Mine"


def test_two_distributions_of_one_name_are_one_plugin_and_a_problem() -> None:
    first = make_plugin("same", ganzoo_generators=GOOD)
    manager = PluginManager([first, make_plugin("same", ganzoo_losses=GOOD)])
    assert manager.plugins["same"].parts["generator"] == GOOD
    assert "a second distribution of this name" in problems_of(manager, "same")


def test_a_stranger_of_the_cores_own_name_does_not_replace_it() -> None:
    manager = PluginManager([make_plugin("ganzoo", ganzoo_losses={"hinge": "evil:Hinge"})])
    assert manager.plugins[CORE].parts["loss"]["hinge"] == "ganzoo.losses:Hinge"
    assert "a second distribution of this name" in problems_of(manager, CORE)


# Events


@pytest.fixture
def run_record(tmp_path: Path) -> RunRecord:
    return RunRecord(tmp_path, Recipe(loss=Part("hinge"), data=Part("mnist-mini")), 64)


def test_listeners_are_told_with_the_values_they_ask_for(run_record: RunRecord) -> None:
    heard = []

    @hookimpl
    def ganzoo_metrics_logged(metrics: dict[str, float]) -> None:
        heard.append(metrics)

    manager = PluginManager([plugin_of("ears", ganzoo_metrics_logged)])
    manager.notify("ganzoo_metrics_logged", run=run_record, metrics={"loss": 0.5})
    assert heard == [{"loss": 0.5}]


@pytest.mark.parametrize("end", [failing, exiting])
def test_a_listener_that_raises_is_reported_once_and_dropped(
    end: Callable[[], None], run_record: RunRecord, caplog: pytest.LogCaptureFixture
) -> None:
    calls, heard = [], []

    @hookimpl
    def ganzoo_metrics_logged() -> None:
        calls.append(1)
        end()

    def good(name: str) -> PluginSource:
        def ganzoo_metrics_logged() -> None:
            heard.append(name)

        return plugin_of(name, hookimpl(ganzoo_metrics_logged))

    manager = PluginManager([good("first"), plugin_of("bad", ganzoo_metrics_logged), good("last")])
    for _ in range(3):
        manager.notify("ganzoo_metrics_logged", run=run_record, metrics={})
    assert calls == [1]
    assert sorted(heard) == ["first"] * 3 + ["last"] * 3
    assert [record.getMessage() for record in caplog.records if "bad" in record.getMessage()] == [
        caplog.records[0].getMessage()
    ]
    assert "plugin bad: ganzoo_metrics_logged failed" in caplog.text


def test_ctrl_c_in_a_listener_passes_through(run_record: RunRecord) -> None:
    @hookimpl
    def ganzoo_training_started() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        PluginManager([plugin_of("slow", ganzoo_training_started)]).notify(
            "ganzoo_training_started", run=run_record
        )


# Commands


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], str]]:
    """Write an importable module, which is forgotten after the test."""
    monkeypatch.syspath_prepend(tmp_path)
    written = []

    def write(name: str, source: str) -> str:
        (tmp_path / f"{name}.py").write_text(source)
        written.append(name)
        return name

    yield write
    for name in written:
        sys.modules.pop(name, None)


HELLO = """
import click

@click.command()
@click.argument("whom")
def command(whom):
    click.echo(f"hello {whom}")

class Holder:
    inner = command
"""


def commands_of(name: str, **commands: str) -> PluginSource:
    told = {command: (target, f"Say {command}.") for command, target in commands.items()}
    return make_plugin(name, ganzoo_commands=told)


def test_help_shows_a_plugins_commands_without_importing_them(
    world: Callable[..., Catalogue],
    module: Callable[[str, str], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    poison = module("poisoned_command", "raise AssertionError('imported')")
    world(commands_of("greeter", hello=f"{poison}:command"))
    run("--help")
    assert "hello" in (shown := capsys.readouterr().out)
    assert "Say hello." in shown
    assert poison not in sys.modules


@pytest.mark.parametrize("attribute", ["command", "Holder.inner"])
def test_a_plugins_command_runs(
    attribute: str,
    world: Callable[..., Catalogue],
    module: Callable[[str, str], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    world(commands_of("greeter", hello=f"{module('hello_command', HELLO)}:{attribute}"))
    run("hello", "world")
    assert capsys.readouterr().out == "hello world\n"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import surely_not_installed", "No module named 'surely_not_installed'"),
        ("raise RuntimeError('no\\nluck')", "RuntimeError: no luck"),
        ("import sys; sys.exit(0)", "SystemExit"),
        ("command = 3", "is a int, not a click command"),
        ("", "has no attribute 'command'"),
    ],
)
def test_a_command_that_cannot_be_imported_is_one_line_with_its_plugin(
    source: str,
    reason: str,
    world: Callable[..., Catalogue],
    module: Callable[[str, str], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    world(commands_of("greeter", hello=f"{module('broken_command', source)}:command"))
    run("hello", "world", exit_code=1)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("ganzoo: ")
    assert err.count("\n") == 1
    assert reason in err
    assert "greeter" in err


def test_a_command_of_a_plugin_does_not_replace_one_of_the_core_and_is_reported(
    world: Callable[..., Catalogue],
    module: Callable[[str, str], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    world(commands_of("greeter", list=f"{module('own_list', HELLO)}:command"))
    run("plugins")
    assert "the name 'list' is taken by ganzoo" in capsys.readouterr().out
    run("list", "--json")
    assert isinstance(json.loads(capsys.readouterr().out), list)


def test_a_command_of_two_plugins_is_ambiguous_and_both_are_listed(
    world: Callable[..., Catalogue],
    module: Callable[[str, str], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = f"{module('hello_command', HELLO)}:command"
    world(commands_of("one", hello=target), commands_of("two", hello=target))
    run("hello", "world", exit_code=2)
    out, err = capsys.readouterr()
    assert out == ""
    assert "one/hello" in err
    assert "two/hello" in err


def test_a_command_runs_by_its_qualified_name(
    world: Callable[..., Catalogue],
    module: Callable[[str, str], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = f"{module('hello_command', HELLO)}:command"
    world(commands_of("one", hello=target), commands_of("two", hello=target))
    run("two/hello", "world")
    assert capsys.readouterr().out == "hello world\n"


def test_looking_at_the_plugins_does_not_silence_the_log(tiny_world: Catalogue) -> None:
    run("plugins")
    assert logging.getLogger("ganzoo").filters == []


# Installed distributions


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path to install into; its modules are forgotten after the test."""
    folder = tmp_path / "site"
    folder.mkdir()
    before = set(sys.modules)
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


def test_an_installed_plugin_is_found(site: Path) -> None:
    modules = {"found_plugin": offering("ganzoo_generators", GOOD)}
    install(site, "found", {"found": "found_plugin"}, version="3.2.1", modules=modules)
    plugin = PluginManager().plugins["found"]
    assert (plugin.version, plugin.problems) == ("3.2.1", [])
    assert plugin.parts["generator"] == GOOD


def test_a_distributions_name_is_normalised(site: Path) -> None:
    modules = {"odd_plugin": offering("ganzoo_generators", GOOD)}
    install(site, "My_Odd.Plugin", {"odd": "odd_plugin"}, modules=modules)
    catalogue = Catalogue(PluginManager())
    assert catalogue.registry.find("generator", "mine").qualified == "my-odd-plugin/mine"


def test_a_distribution_with_two_plugin_modules_is_reported(site: Path) -> None:
    modules = {"plugin_a": "", "plugin_b": ""}
    install(site, "double", {"a": "plugin_a", "b": "plugin_b"}, modules=modules)
    assert problems_of(PluginManager(), "double") == (
        "declares 2 plugin modules (plugin_a, plugin_b); declare one"
    )


def test_strict_names_a_distribution_with_two_plugin_modules(site: Path) -> None:
    install(site, "double", {"a": "plugin_a", "b": "plugin_b"})
    with pytest.raises(PluginError, match=r"plugin double 1.0: declares 2 plugin modules"):
        PluginManager(strict=True)


def test_other_groups_and_comments_of_entry_points_are_passed_over(site: Path) -> None:
    install(site, "mixed", {"m": "mixed_plugin"}, modules={"mixed_plugin": ""})
    entries = "[console_scripts]\nx = a:b\n\n[ganzoo]\n# old = gone\nm=mixed_plugin\n\n[z]\ny = c\n"
    (site / "mixed-1.0.dist-info" / "entry_points.txt").write_text(entries)
    assert problems_of(PluginManager(), "mixed") == ""


def test_the_first_distribution_of_a_name_on_the_path_counts(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, "twin", {"t": "twin_plugin"}, version="1.0", modules={"twin_plugin": ""})
    install(tmp_path / "late", "twin", {"t": "gone"}, version="2.0")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "late")])
    plugin = PluginManager().plugins["twin"]
    assert (plugin.version, plugin.problems) == ("1.0", [])


def test_a_plugin_with_an_egg_info_is_found(site: Path) -> None:
    install(site, "older", {"o": "older_plugin"}, modules={"older_plugin": ""})
    folder = (site / "older-1.0.dist-info").rename(site / "older.egg-info")
    (folder / "METADATA").rename(folder / "PKG-INFO")
    assert PluginManager().plugins["older"].loaded


def test_what_is_found_is_what_importlib_finds() -> None:
    theirs = {
        canonical(entry.dist.name): entry.dist.version
        for entry in importlib.metadata.entry_points(group="ganzoo")
        if entry.dist is not None
    }
    assert {source.distribution: source.version for source in installed_sources()} == theirs


def test_an_entry_point_that_is_no_module_is_reported(site: Path) -> None:
    install(site, "deep", {"deep": "deep_plugin:Plugin"}, modules={"deep_plugin": "Plugin = 3"})
    assert (
        problems_of(PluginManager(), "deep")
        == "its entry point 'deep_plugin:Plugin' is not a module"
    )


def test_a_distribution_that_lost_its_metadata_breaks_nothing(site: Path) -> None:
    install(site, "torn", {"torn": "torn_plugin"}, modules={"torn_plugin": ""})
    (site / "torn-1.0.dist-info" / "METADATA").unlink()
    install(
        site, "good", {"g": "good_plugin"}, modules={"good_plugin": offering("ganzoo_losses", GOOD)}
    )
    assert PluginManager().plugins["good"].loaded


def installed_two(site: Path) -> None:
    for name in ("one-plugin", "two-plugin"):
        module = name.replace("-", "_")
        source = offering("ganzoo_losses", {"mine": "a:b"})
        install(site, name, {name: module}, modules={module: source})


@pytest.mark.parametrize(
    ("wish", "allowed"),
    [
        ("one-plugin", {"one-plugin"}),
        ("One_Plugin", {"one-plugin"}),
        (" one-plugin , two-plugin ", {"one-plugin", "two-plugin"}),
        ("", set()),
        (",", set()),
    ],
)
def test_only_the_plugins_that_are_allowed_are_loaded(
    site: Path, monkeypatch: pytest.MonkeyPatch, wish: str, allowed: set[str]
) -> None:
    installed_two(site)
    monkeypatch.setenv("GANZOO_PLUGINS", wish)
    manager = PluginManager()
    assert set(manager.plugins) == {CORE, *allowed}
    assert manager.plugins[CORE].parts["loss"]
    assert ("one_plugin" in sys.modules) is ("one-plugin" in allowed)


def test_without_an_allow_list_all_are_loaded(site: Path) -> None:
    installed_two(site)
    assert {"one-plugin", "two-plugin"} <= set(PluginManager().plugins)


def test_an_unknown_name_in_the_allow_list_is_reported(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed_two(site)
    monkeypatch.setenv("GANZOO_PLUGINS", "one-plugin,no-plugin")
    manager = PluginManager()
    assert problems_of(manager, "no-plugin") == ("GANZOO_PLUGINS names it, but it is not installed")
    assert manager.plugins["one-plugin"].loaded


# The command, beside all kinds of broken plugins at once


#: Distribution -> source of its plugin module, and the reason that is shown.
BROKEN = {
    "bad-raise": ("raise RuntimeError('no\\nluck')", "RuntimeError: no luck"),
    "bad-exit": ("import sys\nsys.exit(3)", "SystemExit: 3"),
    "bad-import": ("import surely_not_installed", "No module named 'surely_not_installed'"),
    "bad-syntax": ("def broken(:", "SyntaxError"),
    "bad-api": ("ganzoo_api = 2", "written for ganzoo_api 2"),
    "bad-none": (offering("ganzoo_generators", None), "found None (is a return missing?)"),
    "bad-list": (offering("ganzoo_generators", ["x"]), "expected a mapping, found list"),
    "bad-target": (offering("ganzoo_losses", {"x": "y"}), "ganzoo_losses: 'x' is 'y'"),
    "bad-cards": (offering("ganzoo_cards", ["/not/there"]), "no folder '/not/there'"),
    "bad-taken": (offering("ganzoo_losses", {"hinge": "a:b"}), "'hinge' is taken by ganzoo"),
    "bad-typo": (offering("ganzoo_loses", {}), "did you mean 'ganzoo_losses'"),
    "bad-twice": (
        offering("ganzoo_losses", {"X": "a:b", "Y": "a:b", "Z": "a:b"}),
        "ganzoo_losses: 'X' is not a name",
    ),
    "bad-long": (f"raise RuntimeError('{'no luck ' * 1000}')", "RuntimeError: no luck no luck"),
}


@dataclass
class Shown:
    """What commands say where all the broken plugins are installed."""

    plugins: str
    records: dict[str, dict[str, Any]]
    stderr_of_plugins: str
    listed: list[dict[str, Any]]
    stderr_of_list: list[str]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    site = tmp_path_factory.mktemp("site")
    for name, (source, _) in BROKEN.items():
        module = name.replace("-", "_")
        install(site, name, {"it": module}, version="4.5", modules={module: source})
    write_model(site / "models" / "good-ring")
    good = offering("ganzoo_cards", [str(site / "models")])
    install(site, "good", {"it": "good_plugin"}, modules={"good_plugin": good})

    def ganzoo(*words: str) -> subprocess.CompletedProcess[str]:
        return python("-m", "ganzoo", *words, path=site, cwd=site)

    plugins, records = ganzoo("plugins"), ganzoo("plugins", "--json")
    listed = ganzoo("list", "--json")
    return Shown(
        plugins.stdout,
        {record["distribution"]: record for record in json.loads(records.stdout)},
        plugins.stderr,
        json.loads(listed.stdout),
        listed.stderr.splitlines(),
    )


@pytest.mark.parametrize("name", BROKEN)
def test_the_plugins_command_names_version_and_reason(name: str, shown: Shown) -> None:
    _, _, block = shown.plugins.partition(f"{name} 4.5")
    lines = block.splitlines()[1:]
    own = lines[: next((i for i, line in enumerate(lines) if not line.startswith(" ")), None)]
    assert any(BROKEN[name][1] in line for line in own)


@pytest.mark.parametrize("name", BROKEN)
def test_the_plugins_command_tells_programs_too(name: str, shown: Shown) -> None:
    assert shown.records[name]["version"] == "4.5"
    assert BROKEN[name][1] in shown.records[name]["problems"][0]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_one_short_line_on_stderr_elsewhere(name: str, shown: Shown) -> None:
    lines = [line for line in shown.stderr_of_list if name in line]
    assert len(lines) == 1
    assert BROKEN[name][1] in lines[0]
    assert len(lines[0]) < 300


def test_the_plugins_command_says_nothing_twice(shown: Shown) -> None:
    assert shown.stderr_of_plugins == ""


def test_no_traceback_is_shown(shown: Shown) -> None:
    assert not any("Traceback" in line for line in shown.stderr_of_list)


def test_the_good_plugin_and_the_core_go_on(shown: Shown) -> None:
    assert "good-ring" in [model["name"] for model in shown.listed]
    assert shown.records["good"]["problems"] == []
    assert "hinge" in shown.records[CORE]["offers"]["losses"]


def test_strict_ends_the_command_with_one_line(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(site, "bad-raise", {"it": "bad_raise"}, modules={"bad_raise": "raise OSError('no')"})
    monkeypatch.setenv("GANZOO_STRICT", "1")
    from ganzoo.cards import installed as current

    monkeypatch.setattr(current, "_installed", current._installed.__wrapped__)
    run("list", exit_code=1)
    assert "plugin bad-raise 1.0: OSError: no" in capsys.readouterr().err


def test_a_newcomer_to_an_official_models_name_is_reported(
    tmp_path: Path, world: Callable[..., Catalogue]
) -> None:
    write_model(tmp_path / "official" / "tiny-ring")
    write_model(tmp_path / "other" / "tiny-ring")
    catalogue = world(make_plugin("late", ganzoo_cards=[tmp_path / "other"]))
    assert only_official(catalogue, tmp_path / "official").cards
    assert "ganzoo_cards: the name 'tiny-ring' is taken by ganzoo; use late/tiny-ring" in (
        problems_of(catalogue.manager, "late")
    )
