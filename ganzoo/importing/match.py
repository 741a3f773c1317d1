"""Which tensor of a file is which of a network's: by name, by order and shape, or by shape alone.

Nothing is guessed: where two assignments would fit, or none, that is an error with the tensors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile

from torch import Tensor

from ganzoo.errors import WeightsError
from ganzoo.importing.layers import (
    COUNTER,
    Signature,
    counted_only,
    layers_of,
    listed,
    natural,
    split,
)

ADVICE = "say which is which with --map FILE.json, of the file's names to the network's"

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class Match:
    """The file's name for each of the network's tensors that it has, and how that was found.

    `by_order` are the layers that nothing but their order tells apart: (the file's, the network's).
    """

    names: Mapping[str, str]
    how: str
    by_order: tuple[tuple[str, str], ...] = ()


def match(found: Tensors, wanted: Tensors, *, ordered: bool = True) -> Match:
    """Assign a file's tensors to a network's; `WeightsError` where that cannot be told.

    `ordered` says that the file keeps the order in which its network was built.
    """
    if exact := _by_name(found, wanted):
        return exact
    theirs, ours = layers_of(found), layers_of(wanted)
    if Counter(theirs.values()) != Counter(ours.values()):
        raise WeightsError(_mismatch(found, wanted, theirs, ours))
    if not ordered:
        theirs = dict(sorted(theirs.items(), key=lambda item: natural(item[0])))
        _check_order_by_names(theirs)
        _check_counting_up(ours)
    if list(theirs.values()) == list(ours.values()):
        pairs = dict(zip(ours, theirs, strict=True))
        _check_names(pairs)
        alike = Counter(ours.values())
        told = tuple((pairs[layer], layer) for layer, kind in ours.items() if alike[kind] > 1)
        return Match(_paired(pairs, wanted), "by order and shape", told)
    if twin := _twins(ours):
        one, other = twin
        raise WeightsError(
            f"the file's layers come in another order than the network's, and {one} and {other} "
            f"are alike in shape; {ADVICE}"
        )
    by_shape = {signature: layer for layer, signature in theirs.items()}
    pairs = {layer: by_shape[signature] for layer, signature in ours.items()}
    _check_names(pairs)
    return Match(_paired(pairs, wanted), "by shape")


def _by_name(found: Tensors, wanted: Tensors) -> Match | None:
    """Names and shapes are equal, but for counters."""
    needed = {name: t.shape for name, t in wanted.items() if split(name)[1] != COUNTER}
    there = {name: t.shape for name, t in found.items() if split(name)[1] != COUNTER}
    if needed != there:
        return None
    return Match({name: name for name in wanted if name in found}, "by name")


def _paired(pairs: Mapping[str, str], wanted: Tensors) -> dict[str, str]:
    """The names of all tensors of layers that belong together."""
    names = {}
    for name in wanted:
        layer, part = split(name)
        if part != COUNTER:
            names[name] = f"{pairs[layer]}.{part}" if pairs[layer] else part
    return names


def _twins(layers: Mapping[str, Signature]) -> tuple[str, str] | None:
    """Two layers that are alike in shape."""
    seen: dict[Signature, str] = {}
    for layer, signature in layers.items():
        if signature in seen:
            return seen[signature], layer
        seen[signature] = layer
    return None


def _check_order_by_names(layers: Mapping[str, Signature]) -> None:
    """Refuse layers that are alike and whose names do not count: nothing says which comes first."""
    seen: dict[Signature, str] = {}
    for layer, signature in layers.items():
        first = seen.setdefault(signature, layer)
        if counted_only(first) != counted_only(layer):
            raise WeightsError(
                f"{first} and {layer} are alike in shape, and a safetensors file keeps no order; "
                f"{ADVICE}"
            )


def _check_counting_up(ours: Mapping[str, Signature]) -> None:
    """Refuse a network whose alike layers count down: by their numbers a file's would come up."""
    last: dict[Signature, str] = {}
    for layer, signature in ours.items():
        before = last.get(signature, layer)
        if counted_only(before) == counted_only(layer) and natural(before) > natural(layer):
            raise WeightsError(
                f"the network has {before} before {layer}, alike in shape, and a safetensors file "
                f"keeps no order; {ADVICE}"
            )
        last[signature] = layer


def _check_names(pairs: Mapping[str, str]) -> None:
    """Refuse pairs (the network's to the file's) where a name says that its layer is another."""
    bare = {_bare(theirs, pairs.values()): theirs for theirs in pairs.values()}
    for ours, theirs in pairs.items():
        same = ours if ours in pairs.values() else bare.get(ours, theirs)
        if same != theirs:
            raise WeightsError(
                f"by shape {theirs} of the file would be the network's {ours}, but {same} has its "
                f"name; {ADVICE}"
            )


def _bare(layer: str, layers: Iterable[str]) -> str:
    """A layer's name without what all of them begin with, such as `module.`."""
    paths = [one.split(".")[:-1] for one in layers]
    shared = takewhile(lambda heads: len(set(heads)) == 1, zip(*paths, strict=False))
    return ".".join(layer.split(".")[len([*shared]) :])


def _mismatch(
    found: Tensors,
    wanted: Tensors,
    theirs: Mapping[str, Signature],
    ours: Mapping[str, Signature],
) -> str:
    """What each side has and the other lacks, in one line."""
    extra = _unlike(theirs, Counter(ours.values()), found)
    lacking = _unlike(ours, Counter(theirs.values()), wanted)
    there = f"the file has {listed(extra, found)}" if extra else "the file has nothing more"
    here = f"the network {listed(lacking, wanted)}" if lacking else "the network has all of its own"
    return (
        f"the weights are of another network: {there}; {here}; build it alike with --set, or take "
        "another --generator"
    )


def _unlike(
    layers: Mapping[str, Signature], others: Counter[Signature], tensors: Tensors
) -> list[str]:
    """The tensors of layers that the other side has none for."""
    left, names = Counter(others), set()
    for layer, signature in layers.items():
        if left[signature] > 0:
            left[signature] -= 1
        else:
            names.add(layer)
    return [name for name in tensors if split(name)[0] in names]
