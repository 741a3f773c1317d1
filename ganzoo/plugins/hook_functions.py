"""Checks of the functions that a plugin marks `@hookimpl`, before any is called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pluggy

from ganzoo.errors import PluginError, did_you_mean
from ganzoo.plugins import hookspecs
from ganzoo.plugins.validation import Report

#: Hooks that return an iterable, so that a generator function is fine.
ITERABLES = frozenset({"ganzoo_cards", "ganzoo_protocols"})
#: The arguments of each hook, in their order.
HOOKS: Mapping[str, tuple[str, ...]] = {
    name: tuple(inspect.signature(value).parameters)
    for name, value in vars(hookspecs).items()
    if name.startswith("ganzoo_")
}
#: Hooks that announce something; the others return what a plugin offers.
EVENTS = frozenset(name for name, taken in HOOKS.items() if taken)


class Hooks(pluggy.PluginManager):
    """pluggy's manager, without the functions that were refused."""

    def __init__(self) -> None:
        super().__init__("ganzoo")
        self.add_hookspecs(hookspecs)
        self._refused: frozenset[str] = frozenset()

    def register_but(self, module: ModuleType, name: str, refused: set[str]) -> None:
        """Register a plugin's module without these of its functions."""
        self._refused = frozenset(refused)
        try:
            self.register(module, name=name)
        finally:
            self._refused = frozenset()

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """The options of a plugin's function; None where it is not a hook, or was refused."""
        return None if name in self._refused else super().parse_hookimpl_opts(plugin, name)


@dataclass(frozen=True)
class Marked:
    """A function that is marked `@hookimpl`, and the hook that it implements."""

    name: str
    function: Any
    options: Mapping[str, Any]

    @property
    def hook(self) -> str:
        """The hook that its name or its `specname` names."""
        return self.options.get("specname") or self.name

    @property
    def label(self) -> str:
        """Its name in a report."""
        return self.name if self.hook == self.name else f"{self.name} (specname={self.hook!r})"


def refused(module: ModuleType, report: Report) -> set[str]:
    """Names of a module's marked functions that cannot be used; each is reported in one line.

    Functions that merely look like hooks are reported too. A `PluginError` is raised for arguments
    that the core does not pass: such a plugin was written for another contract.
    """
    names: set[str] = set()
    implemented: dict[str, str] = {}
    for marked in _marked(module, report):
        if reason := _reason(marked, implemented):
            report(f"{marked.label} {reason}")
            names.add(marked.name)
            continue
        implemented.setdefault(marked.hook, marked.name)
        if marked.hook in HOOKS:
            _check_arguments(marked)
            _report_ignored(marked, report)
    return names


def _marked(module: ModuleType, report: Report) -> Iterator[Marked]:
    """The marked functions; unmarked ones that look like hooks are reported."""
    for name, value in vars(module).items():
        options = getattr(value, "ganzoo_impl", None)
        if isinstance(options, Mapping):
            yield Marked(name, value, options)
        elif callable(value) and name.startswith("ganzoo_"):
            report(f"{name} is not marked @hookimpl and is not used")


def _reason(marked: Marked, implemented: Mapping[str, str]) -> str:
    """Why a function cannot implement its hook, and what to do; empty where it can."""
    if marked.hook not in HOOKS:
        if marked.options.get("optionalhook"):
            return ""  # the author knows that some versions lack this hook
        return f"is not a hook of ganzoo; {did_you_mean(marked.hook, HOOKS)}"
    if not inspect.isroutine(marked.function):
        return f"is marked @hookimpl but is a {type(marked.function).__name__}; write a function"
    if marked.options.get("wrapper") or marked.options.get("hookwrapper"):
        return (
            "is a hook wrapper and is not used: each plugin is called by itself, so there is "
            "nothing to wrap; write a plain function under @hookimpl"
        )
    if marked.hook in implemented:
        return (
            f"implements the same hook as {implemented[marked.hook]} and is not used; merge the two"
        )
    return _unreturning(marked)


def _unreturning(marked: Marked) -> str:
    """Why calling the function would not run it."""
    function = marked.function
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return "is async and is not used: nothing awaits a hook; write def instead of async def"
    if inspect.isgeneratorfunction(function) and marked.hook not in ITERABLES:
        advice = "remove the yield" if marked.hook in EVENTS else "return a mapping"
        return f"yields and is not used: calling it runs nothing; {advice}"
    return ""


def _check_arguments(marked: Marked) -> None:
    """Refuse required arguments that are not in the hook's specification.

    Arguments are passed by position; those with a default are left alone, as pluggy does.
    """
    given = HOOKS[marked.hook]
    called = f"it is called with {', '.join(given)}" if given else "it is called with nothing"
    for name, parameter in _parameters(marked.function).items():
        if parameter.default is not parameter.empty:
            continue
        if parameter.kind is parameter.KEYWORD_ONLY:
            raise PluginError(f"{marked.label} takes {name!r} after a *, but {called} by position")
        named = parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        if named and name not in given:
            near = did_you_mean(name, given, otherwise="remove it")
            raise PluginError(f"{marked.label} takes {name!r}, but {called}; {near}")


def _parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}  # a built-in without a signature


def _report_ignored(marked: Marked, report: Report) -> None:
    """Report what has no effect: an order among data hooks, and catch-all arguments."""
    for option in ("tryfirst", "trylast"):
        if marked.options.get(option) and marked.hook not in EVENTS:
            report(
                f"{marked.label} sets {option}, which has no effect: each plugin is called by "
                "itself; remove it"
            )
    for name, parameter in _parameters(marked.function).items():
        stars = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(parameter.kind.name)
        if stars and marked.hook in EVENTS:
            given = ", ".join(HOOKS[marked.hook])
            report(
                f"{marked.label} takes {stars}{name}, which stays empty; name arguments: {given}"
            )
