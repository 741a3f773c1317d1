"""Looking up what plugins offer by name: bare, qualified, ambiguous or unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from ganzoo.errors import UnknownNameError, brief, did_you_mean

#: The core's own name in qualified names, such as `ganzoo/hinge`.
CORE = "ganzoo"
#: Advice for a name that no plugin offers; None where only the nearest name helps.
Hint = Callable[[str], str | None]


class Offered(Protocol):
    """A part, a model, a command or a protocol of a plugin."""

    @property
    def name(self) -> str:
        """The bare name."""

    @property
    def distribution(self) -> str | None:
        """Who offers it."""

    @property
    def qualified(self) -> str:
        """The name that is never ambiguous: `distribution/name`."""


T = TypeVar("T", bound=Offered)


def no_hint(name: str) -> str | None:
    """Nothing beside the nearest name."""
    return None


class Names(Generic[T]):
    """Offers of one kind by name: the core's keep their bare names, two others share none."""

    def __init__(self, kind: str, offers: Iterable[T]) -> None:
        self.kind = kind
        self._by_name: dict[str, list[T]] = {}
        for offer in sorted(offers, key=lambda offer: offer.distribution != CORE):
            self._by_name.setdefault(offer.name, []).append(offer)

    def __iter__(self) -> Iterator[T]:
        return (offer for _, offers in sorted(self._by_name.items()) for offer in offers)

    def names(self) -> list[str]:
        """The names that `find` accepts, sorted: bare where they are unambiguous."""
        return sorted(map(self.name_of, self))

    def name_of(self, offer: T) -> str:
        """The shortest name by which `find` gives this offer."""
        alone = len(self._by_name[offer.name]) == 1 or offer.distribution == CORE
        return offer.name if alone else offer.qualified

    def find(self, name: str, hint: Hint = no_hint, otherwise: str = "known: {}") -> T:
        """The offer of a bare or qualified name; `UnknownNameError` suggests what was meant."""
        distribution, _, bare = name.rpartition("/")
        offers = self._by_name.get(bare, [])
        if distribution:
            offers = [offer for offer in offers if offer.distribution == distribution]
        elif offers and offers[0].distribution == CORE:
            offers = offers[:1]
        if not offers:
            known = [*self._by_name, *self.names()]
            advice = hint(name) or did_you_mean(bare, known, otherwise=otherwise)
            raise UnknownNameError(f"there is no {self.kind} {brief(name)}; {advice}")
        if len(offers) > 1:
            options = " or ".join(repr(offer.qualified) for offer in offers)
            raise UnknownNameError(f"{self.kind} {brief(name)} is offered twice; write {options}")
        return offers[0]

    def clashes(self) -> Iterator[tuple[T, str]]:
        """Each offer whose bare name others had before it, with the sentence that explains it."""
        for name, offers in self._by_name.items():
            for position, offer in enumerate(offers[1:], start=1):
                owners = ", ".join(str(other.distribution) for other in offers[:position])
                yield offer, f"the name {name!r} is taken by {owners}; use {offer.qualified}"
