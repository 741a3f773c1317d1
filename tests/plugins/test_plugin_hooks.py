"""What pluggy's marks and odd functions come to: each is honoured, or refused in one line."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ganzoo import hookimpl
from ganzoo.errors import PluginError
from ganzoo.plugins import PluginManager, PluginSource, RunRecord
from ganzoo.specs import Part, Recipe

GOOD = {"mine": "my_gan:Mine"}
Hook = Callable[..., Any]


def plugin_of(distribution: str = "odd", **functions: Any) -> PluginSource:
    """A plugin whose module holds these functions by these names, and a generator."""
    module = ModuleType(f"functions_of_{distribution}")
    vars(module).update(functions)
    vars(module).setdefault("ganzoo_generators", hookimpl(lambda: GOOD))
    return PluginSource(distribution, "1.0", lambda: module)


def problems_of(*sources: PluginSource) -> list[str]:
    """What is wrong with the plugins, a line each; nothing of it keeps others from working."""
    manager = PluginManager(sources)
    for source in sources:
        assert manager.plugins[source.distribution].parts["generator"] == GOOD
    return [text for _, text in manager.problems]


@pytest.fixture
def run_record(tmp_path: Path) -> RunRecord:
    return RunRecord(tmp_path, Recipe(loss=Part("hinge"), data=Part("mnist-mini")), 64)


# The order of listeners


def listener(heard: list[str], name: str, **options: bool) -> PluginSource:
    def ganzoo_training_ended(outcome: str) -> None:
        heard.append(f"{name} {outcome}")

    return plugin_of(name, ganzoo_training_ended=hookimpl(**options)(ganzoo_training_ended))


def test_listeners_are_told_in_the_order_that_pluggy_tells_them(run_record: RunRecord) -> None:
    heard: list[str] = []
    sources = [
        listener(heard, "late", trylast=True),
        listener(heard, "one"),
        listener(heard, "first", tryfirst=True),
        listener(heard, "two"),
    ]
    manager = PluginManager(sources)
    assert manager.problems == []
    manager.notify("ganzoo_training_ended", run=run_record, outcome="ok")
    ours, heard[:] = list(heard), []
    manager.pluggy.hook.ganzoo_training_ended(run=run_record, outcome="ok")
    assert ours == heard == ["first ok", "two ok", "one ok", "late ok"]


def test_a_listener_that_raises_does_not_change_the_order(run_record: RunRecord) -> None:
    heard: list[str] = []

    def ganzoo_training_ended() -> None:
        raise RuntimeError("no")

    bad = plugin_of("bad", ganzoo_training_ended=hookimpl(tryfirst=True)(ganzoo_training_ended))
    manager = PluginManager([listener(heard, "one"), bad, listener(heard, "two")])
    for _ in range(2):
        manager.notify("ganzoo_training_ended", run=run_record, outcome="ok")
    assert heard == ["two ok", "one ok"] * 2


@pytest.mark.parametrize("option", ["tryfirst", "trylast"])
def test_an_order_of_what_a_plugin_offers_is_reported_and_the_hook_is_used(option: str) -> None:
    hook = hookimpl(**{option: True})(lambda: GOOD)
    manager = PluginManager([plugin_of(ganzoo_losses=hook)])
    assert manager.plugins["odd"].parts["loss"] == GOOD
    (said,) = manager.plugins["odd"].problems
    assert said.startswith(f"ganzoo_losses sets {option}, which has no effect")


# Functions that are no hooks


def losses_wrapper() -> Iterator[None]:
    return (yield)


def ended_wrapper(run: RunRecord, outcome: str) -> Iterator[None]:
    yield


def yielding_losses() -> Iterator[dict[str, str]]:
    yield GOOD


def yielding_event(outcome: str) -> Iterator[None]:
    yield


async def awaited() -> dict[str, str]:
    return GOOD


async def awaited_cards() -> Any:
    yield "cards"


class Answering:
    ganzoo_impl: Any

    def __call__(self) -> dict[str, str]:
        return GOOD


REFUSED: dict[str, tuple[str, Hook, str]] = {
    "a wrapper": ("ganzoo_losses", hookimpl(wrapper=True)(losses_wrapper), "is a hook wrapper"),
    "an old wrapper": (
        "ganzoo_losses",
        hookimpl(hookwrapper=True)(losses_wrapper),
        "is a hook wrapper",
    ),
    "a wrapped event": (
        "ganzoo_training_ended",
        hookimpl(wrapper=True)(ended_wrapper),
        "write a plain function",
    ),
    "yielded parts": ("ganzoo_losses", hookimpl(yielding_losses), "yields.*return a mapping"),
    "a yielding event": (
        "ganzoo_training_ended",
        hookimpl(yielding_event),
        "yields.*remove the yield",
    ),
    "async": ("ganzoo_losses", hookimpl(awaited), "is async.*nothing awaits a hook"),
    "async cards": ("ganzoo_cards", hookimpl(awaited_cards), "is async"),
    "an object": ("ganzoo_losses", hookimpl(Answering()), "is a Answering; write a function"),
    "a partial": ("ganzoo_losses", hookimpl(functools.partial(dict)), "is a partial; write a"),
    "a hook of nobody": (
        "my_losses",
        hookimpl(specname="ganzoo_lozzes")(lambda: GOOD),
        r"\(specname='ganzoo_lozzes'\) is not a hook of ganzoo; did you mean 'ganzoo_losses'",
    ),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", REFUSED)
def test_a_function_that_cannot_be_a_hook_is_refused_by_name(
    name: str, run_record: RunRecord
) -> None:
    hook, function, reason = REFUSED[name]
    source = plugin_of(**{hook: function})
    (said,) = problems_of(source)
    assert said.startswith(hook) and "\n" not in said
    with pytest.raises(PluginError, match=f"plugin odd 1.0: {hook}.*{reason}"):
        PluginManager([source], strict=True)
    PluginManager([source]).notify("ganzoo_training_ended", run=run_record, outcome="ok")


def test_a_generator_function_may_answer_where_a_list_is_asked_for(tmp_path: Path) -> None:
    def ganzoo_cards() -> Iterator[Path]:
        yield tmp_path

    manager = PluginManager([plugin_of(ganzoo_cards=hookimpl(ganzoo_cards))])
    assert (manager.plugins["odd"].cards, manager.problems) == ([tmp_path], [])


# Names


def test_a_hook_may_have_a_name_of_its_own(run_record: RunRecord) -> None:
    heard = []

    def when_it_ends(outcome: str) -> None:
        heard.append(outcome)

    manager = PluginManager(
        [
            plugin_of(
                my_losses=hookimpl(specname="ganzoo_losses")(lambda: GOOD),
                when_it_ends=hookimpl(specname="ganzoo_training_ended")(when_it_ends),
            )
        ]
    )
    manager.notify("ganzoo_training_ended", run=run_record, outcome="ok")
    assert (manager.plugins["odd"].parts["loss"], heard, manager.problems) == (GOOD, ["ok"], [])


def test_two_functions_for_one_hook_are_told() -> None:
    source = plugin_of(
        ganzoo_losses=hookimpl(lambda: GOOD),
        more_losses=hookimpl(specname="ganzoo_losses")(lambda: {"more": "a:b"}),
    )
    (said,) = problems_of(source)
    assert said.startswith("more_losses (specname='ganzoo_losses') implements the same hook as")
    assert PluginManager([source]).plugins["odd"].parts["loss"] == GOOD


def test_a_hook_that_may_be_absent_is_left_alone() -> None:
    """What a plugin offers to a later ganzoo is no fault in this one."""
    assert problems_of(plugin_of(ganzoo_songs=hookimpl(optionalhook=True)(lambda: GOOD))) == []
    used = PluginManager([plugin_of(ganzoo_losses=hookimpl(optionalhook=True)(lambda: GOOD))])
    assert used.plugins["odd"].parts["loss"] == GOOD


# Arguments


@pytest.mark.parametrize(
    ("hook", "function", "said"),
    [
        (
            "ganzoo_metrics_logged",
            lambda run, metric: None,
            "ganzoo_metrics_logged takes 'metric', but it is called with run, metrics; "
            "did you mean 'metrics'?",
        ),
        (
            "ganzoo_generators",
            lambda registry: GOOD,
            "ganzoo_generators takes 'registry', but it is called with nothing; remove it",
        ),
        (
            "ganzoo_training_ended",
            lambda *, outcome: None,
            "ganzoo_training_ended takes 'outcome' after a *, but it is called with run, outcome "
            "by position",
        ),
    ],
)
def test_an_argument_that_is_not_given_is_named_with_the_nearest(
    hook: str, function: Hook, said: str
) -> None:
    """The plugin was written for another contract, so that none of it is used."""
    plugin = PluginManager([plugin_of(**{hook: hookimpl(function)})]).plugins["odd"]
    assert (plugin.loaded, plugin.problems) == (False, [said])


def test_loose_arguments_of_an_event_are_told() -> None:
    (said,) = problems_of(plugin_of(ganzoo_metrics_logged=hookimpl(lambda **values: None)))
    assert said == (
        "ganzoo_metrics_logged takes **values, which stays empty; name arguments: run, metrics"
    )


def test_arguments_with_a_default_are_the_plugins_own() -> None:
    assert problems_of(plugin_of(ganzoo_losses=hookimpl(lambda cache=GOOD: cache))) == []
