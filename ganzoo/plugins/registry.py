"""Parts by name: which plugin offers what, and what to say where none does."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ganzoo.arguments import text_for_a_number
from ganzoo.errors import (
    GanzooError,
    PartError,
    PluginError,
    UnknownNameError,
    UnknownOptionError,
    brief,
    did_you_mean,
    one_line,
)
from ganzoo.plugins import CORE, PART_HOOKS, PluginManager
from ganzoo.plugins.manager import parts_of

#: Of a stranger's names and arguments, how much is told in an error.
LONGEST, MOST = 100, 10
#: Says which distribution would offer a part that is not installed, and how to get it.
Hint = Callable[[str, str], str | None]


@dataclass(frozen=True)
class Offer:
    """A part that a plugin offers: nothing of it is imported until it is resolved."""

    kind: str
    name: str
    distribution: str
    target: str

    @property
    def qualified(self) -> str:
        """The name that is never ambiguous: `distribution/name`."""
        return f"{self.distribution}/{self.name}"

    def resolve(self) -> Any:
        """Import the part; `PluginError` names the plugin and the target where it fails."""
        module, _, attribute = self.target.partition(":")
        try:
            found: Any = importlib.import_module(module)
            for step in attribute.split("."):
                found = getattr(found, step)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise PluginError(
                f"{self.kind} {self.qualified}: its plugin says {self.target!r}, and importing "
                f"that fails: {one_line(error)}"
            ) from error
        if not callable(found):
            raise PluginError(
                f"{self.kind} {self.qualified}: its plugin says {self.target!r}, and that is a "
                f"{type(found).__name__}, which builds nothing"
            )
        return found

    def build(self, /, **arguments: Any) -> Any:
        """Build the part; an argument it does not take is an `UnknownOptionError`.

        Text where the part's own annotation asks for a number is told as that.
        """
        factory = self.resolve()
        taken = parameters_of(factory)
        if not any(p.kind is p.VAR_KEYWORD for p in taken.values()):
            for name in arguments:
                if name not in taken:
                    raise UnknownOptionError(
                        f"{self.kind} {self.qualified} takes no argument {brief(name)}; "
                        f"{did_you_mean(name[:LONGEST], taken, otherwise='it takes: {}')}"
                    )
        if wrong := text_for_a_number(arguments, factory):
            raise PartError(f"{self.kind} {self.qualified}: {wrong}")
        try:
            return factory(**arguments)
        except (GanzooError, KeyboardInterrupt):
            raise
        except BaseException as error:
            given = ", ".join(f"{k[:LONGEST]}={brief(v)}" for k, v in [*arguments.items()][:MOST])
            raise PartError(
                f"{self.kind} {self.qualified}({given}) cannot be built: {one_line(error)}"
            ) from error


def parameters_of(factory: Any) -> Mapping[str, inspect.Parameter]:
    """What a part can be built with, by name.

    A class is asked for its `__init__`: of one whose base has a `__new__`, as `Loss` does, Python
    3.11.2 would give that one's.
    """
    if not isinstance(factory, type):
        return inspect.signature(factory).parameters
    taken = dict(inspect.signature(factory.__init__).parameters)  # type: ignore[misc]
    taken.pop(next(iter(taken)))  # self
    return taken


class Registry:
    """The parts of all plugins. The core's keep their bare names; two others share none."""

    def __init__(self, manager: PluginManager, hint: Hint = lambda kind, name: None) -> None:
        self.manager = manager
        self.hint = hint
        self._parts = {kind: self._collect(kind) for kind in PART_HOOKS}

    def names(self, kind: str) -> list[str]:
        """Names that `find` takes, sorted: bare where they are clear, else qualified."""
        return sorted(
            name if len(entries) == 1 or entry.distribution == CORE else entry.qualified
            for name, entries in self._parts[kind].items()
            for entry in entries
        )

    def offers(self, kind: str) -> list[Offer]:
        """All parts of a kind, by name."""
        return [entry for _, entries in sorted(self._parts[kind].items()) for entry in entries]

    def find(self, kind: str, name: str) -> Offer:
        """Find a part by bare or qualified name; `UnknownNameError` says what comes near."""
        distribution, _, bare = name.rpartition("/")
        found = self._parts[kind].get(bare, [])
        if distribution:
            found = [entry for entry in found if entry.distribution == distribution]
        elif len(found) > 1:
            found = [entry for entry in found if entry.distribution == CORE] or found
        if not found:
            raise UnknownNameError(f"there is no {kind} {brief(name)}; {self._advice(kind, name)}")
        if len(found) > 1:
            options = " or ".join(repr(entry.qualified) for entry in found)
            raise UnknownNameError(f"{kind} {name!r} is offered twice; say {options}")
        return found[0]

    def _collect(self, kind: str) -> dict[str, list[Offer]]:
        """Gather a kind's parts by bare name, and report newcomers to a name of the core's."""
        found: dict[str, list[Offer]] = {}
        for name, distribution, target in parts_of(self.manager.plugins, kind):
            others = found.setdefault(name, [])
            if others:
                self._report_taken(kind, name, distribution, others)
            others.append(Offer(kind, name, distribution, target))
        return found

    def _report_taken(
        self, kind: str, name: str, distribution: str, others: Iterable[Offer]
    ) -> None:
        owners = ", ".join(entry.distribution for entry in others)
        self.manager.report(
            distribution,
            f"{PART_HOOKS[kind]}: the name {name!r} is taken by {owners}; "
            f"this one is {distribution}/{name}",
        )

    def _advice(self, kind: str, name: str) -> str:
        """Climb the ladder: a missing plugin, a broken one, a near name."""
        if hint := self.hint(kind, name):
            return hint
        distribution, _, bare = name[:LONGEST].rpartition("/")
        plugin = self.manager.plugins.get(distribution)
        if plugin is not None and plugin.problems:
            return f"{distribution} is installed but: {plugin.problems[0]}"
        if distribution and plugin is None:
            known = [n for n in self.manager.plugins if n != CORE]
            installed = did_you_mean(distribution, known, otherwise="installed: {}")
            return f"no plugin {distribution!r} is installed; {installed}"
        return did_you_mean(bare, [*self._parts[kind], *self.names(kind)])
