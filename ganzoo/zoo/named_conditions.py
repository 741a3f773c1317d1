"""Conditions by name, such as the hair of a portrait, for models whose conditions have names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from ganzoo.errors import UsageError, brief, did_you_mean

#: Between a thing's name and one of its values, as in "hair=long03".
OF = "="


def with_wishes(
    own: Tensor, names: Sequence[str], wishes: Mapping[str, object], model: str
) -> Tensor:
    """Conditions [M, K] in which the things wished for are as wished, and all else stays.

    `names` are those of the K numbers: "hair=long03" is one value of a thing, of which exactly one
    is 1; any other name is a number of its own. `UsageError` names what there is.
    """
    if not names:
        raise UsageError(
            f"the conditions of {model} have no names; give a tensor, a folder or a data set"
        )
    made = own.clone()
    for thing, value in wishes.items():
        if thing in names:
            made[:, names.index(thing)] = _number(thing, value)
            continue
        values = values_of(names, thing)
        if not values:
            near = did_you_mean(thing, things_of(names), otherwise="it takes: {}")
            raise UsageError(f"{model} is not told {brief(thing)}; {near}")
        if value not in values:
            near = did_you_mean(str(value), values, otherwise="there are: {}")
            raise UsageError(f"{model} knows no {thing} {brief(value)}; {near}")
        made[:, list(values.values())] = 0.0
        made[:, values[str(value)]] = 1.0
    return made


def things_of(names: Sequence[str]) -> list[str]:
    """What conditions tell: the names before "=", each once."""
    return list(dict.fromkeys(name.partition(OF)[0] for name in names))


def values_of(names: Sequence[str], thing: str) -> dict[str, int]:
    """The values of a thing, and where each stands in a condition."""
    parts = [name.partition(OF) for name in names]
    return {value: at for at, (name, of, value) in enumerate(parts) if of and name == thing}


def _number(thing: str, value: object) -> float:
    """A condition that is a number."""
    try:
        return float(value)  # type: ignore[arg-type]  # whatever it is, float says
    except (TypeError, ValueError):
        raise UsageError(f"{thing} is a number, found {brief(value)}") from None
