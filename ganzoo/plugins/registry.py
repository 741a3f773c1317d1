"""Parts by name: which plugin offers what, imported and built on demand."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ganzoo.errors import (
    GanzooError,
    PartError,
    PluginError,
    UnknownOptionError,
    brief,
    did_you_mean,
    one_line,
)
from ganzoo.plugins import local
from ganzoo.plugins.distributions import imported
from ganzoo.plugins.manager import PART_HOOKS, PluginManager
from ganzoo.plugins.names import CORE, Names

#: How much of a stranger's names, and how many arguments, an error shows.
LONGEST, MOST = 100, 10
#: Says how to get the part of a kind and a name; None where no known plugin offers it.
InstallHint = Callable[[str, str], str | None]


def named_in(error: BaseException, arguments: Iterable[str]) -> list[str]:
    """The arguments that an error speaks of."""
    words = set(re.findall(r"\w+", str(error)))
    return [name for name in arguments if name in words]


def reason_of(error: BaseException, named: Sequence[str]) -> str:
    """A part's error; without its type where the part says which argument it refuses."""
    text = one_line(error)
    return text.removeprefix("ValueError: ") if named and isinstance(error, ValueError) else text


@dataclass(frozen=True)
class Offer:
    """A part that a plugin offers. Nothing of it is imported until it is resolved."""

    kind: str
    name: str
    distribution: str
    target: str

    @property
    def qualified(self) -> str:
        """The name that is never ambiguous: `distribution/name`."""
        return f"{self.distribution}/{self.name}"

    def resolve(self) -> Any:
        """Import the part's factory; `PluginError` names the plugin and the target."""
        failed = f"{self.kind} {self.qualified}: the plugin's target {self.target!r}"
        try:
            factory = imported(self.target)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise PluginError(f"{failed} cannot be imported: {one_line(error)}") from error
        if not callable(factory):
            raise PluginError(f"{failed} is a {type(factory).__name__}, which builds nothing")
        return factory

    def build(self, /, **arguments: Any) -> Any:
        """Build the part; `UnknownOptionError` for an argument that it does not take."""
        factory = self.resolve()
        self.check(factory, arguments, parameters_of(factory))
        try:
            return factory(**arguments)
        except (GanzooError, KeyboardInterrupt):
            raise
        except BaseException as error:
            named = named_in(error, arguments)
            shown = [(name, arguments[name]) for name in named or arguments][:MOST]
            given = ", ".join(f"{name[:LONGEST]}={brief(value)}" for name, value in shown)
            raise PartError(
                f"{self.kind} {self.qualified}({given}) cannot be built: {reason_of(error, named)}"
            ) from error

    def check(
        self, factory: Any, arguments: Mapping[str, Any], taken: Mapping[str, inspect.Parameter]
    ) -> None:
        """Refuse arguments that the part does not take, and text where it takes a number."""
        from ganzoo.arguments import text_for_a_number

        self._check_names(arguments, taken)
        if mistake := text_for_a_number(arguments, factory):
            raise PartError(f"{self.kind} {self.qualified}: {mistake}")

    def _check_names(
        self, arguments: Mapping[str, Any], taken: Mapping[str, inspect.Parameter]
    ) -> None:
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values()):
            return
        if unknown := next((name for name in arguments if name not in taken), None):
            raise UnknownOptionError(
                f"{self.kind} {self.qualified} takes no argument {brief(unknown)}; "
                f"{did_you_mean(unknown[:LONGEST], taken, otherwise='it takes: {}')}"
            )


@dataclass(frozen=True)
class LocalOffer(Offer):
    """A caller's own part, which exists already and need not be imported."""

    factory: Any = None

    def resolve(self) -> Any:
        """The part's factory."""
        return self.factory


def parameters_of(factory: Any) -> Mapping[str, inspect.Parameter]:
    """The parameters that a part can be built with, by name.

    For a class they are those of `__init__`: where a base has a `__new__`, as `Loss` does, Python
    3.11.2's `inspect.signature` would give that one's.
    """
    if not isinstance(factory, type):
        return inspect.signature(factory).parameters
    taken = dict(inspect.signature(factory.__init__).parameters)  # type: ignore[misc]
    taken.pop(next(iter(taken)))  # self
    return taken


class Registry:
    """The parts of all plugins, by kind and name."""

    def __init__(
        self, manager: PluginManager, install_hint: InstallHint = lambda kind, name: None
    ) -> None:
        self.manager = manager
        self._install_hint = install_hint
        self._names = {kind: self._collect(kind) for kind in PART_HOOKS}

    def names(self, kind: str) -> list[str]:
        """Names that `find` accepts, sorted: bare where they are unambiguous."""
        return self._names[kind].names()

    def offers(self, kind: str) -> list[Offer]:
        """All parts of a kind, by name."""
        return [*self._names[kind]]

    def find(self, kind: str, name: str) -> Offer:
        """Find a part by bare or qualified name; `UnknownNameError` suggests what was meant."""
        if local.is_local(name):
            bare = name.removeprefix(f"{local.LOCAL}/")
            return LocalOffer(kind, bare, local.LOCAL, name, local.factory_of(kind, name))
        return self._names[kind].find(name, hint=partial(self._hint, kind))

    def _collect(self, kind: str) -> Names[Offer]:
        """Gather a kind's parts, and report each whose bare name is taken."""
        names = Names(
            kind,
            (
                Offer(kind, name, plugin.distribution, target)
                for plugin in self.manager.plugins.values()
                for name, target in plugin.parts.get(kind, {}).items()
            ),
        )
        for offer, clash in names.clashes():
            self.manager.report(offer.distribution, f"{PART_HOOKS[kind]}: {clash}")
        return names

    def _hint(self, kind: str, name: str) -> str | None:
        """The plugin that is missing or broken; None where none is to blame."""
        if advice := self._install_hint(kind, name):
            return advice
        distribution = name[:LONGEST].rpartition("/")[0]
        plugin = self.manager.plugins.get(distribution)
        if plugin is not None and plugin.problems:
            return f"{distribution} is installed but: {plugin.problems[0]}"
        if distribution and plugin is None:
            known = [other for other in self.manager.plugins if other != CORE]
            installed = did_you_mean(distribution, known, otherwise="installed: {}")
            return f"no plugin {distribution!r} is installed; {installed}"
        return None
