"""Checks of the functions that a plugin marks `@hookimpl`, before any of them is called."""

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

#: Hooks that answer with an iterable, so that a generator function will do.
ITERABLES = frozenset({"ganzoo_cards", "ganzoo_protocols"})
#: Each hook with the arguments that it is called with, in their order.
HOOKS: Mapping[str, tuple[str, ...]] = {
    name: tuple(inspect.signature(value).parameters)
    for name, value in vars(hookspecs).items()
    if name.startswith("ganzoo_")
}
#: Hooks that tell of something; the others return what a plugin offers.
EVENTS = frozenset(name for name, taken in HOOKS.items() if taken)


class Hooks(pluggy.PluginManager):
    """pluggy's manager, which passes over the functions that were refused."""

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
        """Options of a plugin's function; None of one that is no hook, or was refused."""
        return None if name in self._refused else super().parse_hookimpl_opts(plugin, name)


@dataclass(frozen=True)
class Marked:
    """A function that is marked `@hookimpl`: its name, and the hook that it answers."""

    name: str
    function: Any
    options: Mapping[str, Any]

    @property
    def hook(self) -> str:
        """The hook of its name, or of its `specname`."""
        return self.options.get("specname") or self.name

    @property
    def said(self) -> str:
        """How it is named in a report."""
        return self.name if self.hook == self.name else f"{self.name} (specname={self.hook!r})"


def refused(module: ModuleType, report: Report) -> set[str]:
    """Names of a module's functions that cannot be hooks; each is reported, in one line.

    Functions that merely look like hooks are reported too. Arguments that the core does not give
    are a `PluginError`: such a plugin was written for another contract.
    """
    found: set[str] = set()
    answered: dict[str, str] = {}
    for one in _marked(module, report):
        reason = _reason(one, answered)
        if reason:
            report(f"{one.said} {reason}")
            found.add(one.name)
            continue
        answered.setdefault(one.hook, one.name)
        if one.hook in HOOKS:
            _check_arguments(one)
            _tell_unheeded(one, report)
    return found


def _marked(module: ModuleType, report: Report) -> Iterator[Marked]:
    """The functions that are marked; those that only look like hooks are reported."""
    for name, value in vars(module).items():
        options = getattr(value, "ganzoo_impl", None)
        if isinstance(options, Mapping):
            yield Marked(name, value, options)
        elif callable(value) and name.startswith("ganzoo_"):
            report(f"{name} is not marked @hookimpl and is not used")


def _reason(one: Marked, answered: Mapping[str, str]) -> str:
    """Why a function cannot answer its hook, and what to do; nothing where it can."""
    if one.hook not in HOOKS:
        if one.options.get("optionalhook"):
            return ""  # its author says that not every ganzoo has this hook
        return f"is no hook of ganzoo; {did_you_mean(one.hook, HOOKS)}"
    if not inspect.isroutine(one.function):
        return f"is marked @hookimpl and is a {type(one.function).__name__}; write a function"
    if one.options.get("wrapper") or one.options.get("hookwrapper"):
        return (
            "is a hook wrapper, and is not used: each plugin is asked, and told, by itself, so "
            "there is nothing to wrap; write a plain function under @hookimpl"
        )
    if one.hook in answered:
        return f"answers the same hook as {answered[one.hook]}, and is not used; make them one"
    return _unreturning(one)


def _unreturning(one: Marked) -> str:
    """Why calling the function would not run it."""
    function = one.function
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return "is async, and is not used: nothing awaits a hook; write def in place of async def"
    if inspect.isgeneratorfunction(function) and one.hook not in ITERABLES:
        wanted = "take the yield out" if one.hook in EVENTS else "return a mapping"
        return f"yields, and is not used: calling it runs nothing; {wanted}"
    return ""


def _check_arguments(one: Marked) -> None:
    """A hook is called with what its specification names, by position: all else must be optional.

    As pluggy reads it: arguments with a default are left alone.
    """
    given = HOOKS[one.hook]
    called = f"it is called with {', '.join(given)}" if given else "it is called with nothing"
    for name, parameter in _parameters(one.function).items():
        if parameter.default is not parameter.empty:
            continue
        if parameter.kind is parameter.KEYWORD_ONLY:
            raise PluginError(f"{one.said} takes {name!r} after a *; {called}, by position")
        named = parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        if named and name not in given:
            near = did_you_mean(name, given, otherwise="take it out")
            raise PluginError(f"{one.said} takes {name!r}, and {called}; {near}")


def _parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}  # a built-in that does not say


def _tell_unheeded(one: Marked, report: Report) -> None:
    """Report what a hook asks for and does not get: an order where there is none, loose names."""
    for option in ("tryfirst", "trylast"):
        if one.options.get(option) and one.hook not in EVENTS:
            report(
                f"{one.said} says {option}, which means nothing here: each plugin is asked by "
                "itself; take it out"
            )
    for name, parameter in _parameters(one.function).items():
        stars = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(parameter.kind.name)
        if stars and one.hook in EVENTS:
            given = ", ".join(HOOKS[one.hook])
            report(
                f"{one.said} takes {stars}{name}, which stays empty; name what it reads: {given}"
            )
