"""Matching a file's tensors to a network's: by name, by order and shape, or by shape alone.

Tensors are grouped into layers: `main.0.weight` and `main.0.bias` belong to one.
Nothing is guessed: no match, or more than one, is an error that names the tensors.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile

from torch import Tensor

from ganzoo.errors import WeightsError

#: A layer's tensors: the last parts of their names with their shapes.
Signature = frozenset[tuple[str, tuple[int, ...]]]
#: A counter of batch norm that no network needs; checkpoints from before torch 0.4.1 lack it.
COUNTER = "num_batches_tracked"
ADVICE = "assign them with --map FILE.json, from the file's names to the network's"

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class Match:
    """The file's name for each of the network's tensors, and how they were matched.

    `by_order` lists the layers that only their order distinguishes: (the file's, the network's).
    """

    names: Mapping[str, str]
    how: str
    by_order: tuple[tuple[str, str], ...] = ()


def match(given: Tensors, wanted: Tensors, *, ordered: bool = True) -> Match:
    """Assign a file's tensors to a network's; `WeightsError` where that is not certain.

    `ordered` means that the file keeps the order in which its network was built.
    """
    if exact := _by_name(given, wanted):
        return exact
    theirs, ours = layers_of(given), layers_of(wanted)
    if Counter(theirs.values()) != Counter(ours.values()):
        raise WeightsError(_mismatch(given, wanted, theirs, ours))
    if not ordered:
        theirs = dict(sorted(theirs.items(), key=lambda item: natural(item[0])))
        _check_order_by_names(theirs)
        _check_counting_up(ours)
    if list(theirs.values()) == list(ours.values()):
        pairs = dict(zip(ours, theirs, strict=True))
        _check_names(pairs)
        alike = Counter(ours.values())
        by_order = tuple((pairs[layer], layer) for layer, kind in ours.items() if alike[kind] > 1)
        return Match(_paired(pairs, wanted), "by order and shape", by_order)
    if twin := _twins(ours):
        one, other = twin
        raise WeightsError(
            f"the file's layers are in another order than the network's, and {one} and {other} "
            f"have the same shape; {ADVICE}"
        )
    by_shape = {signature: layer for layer, signature in theirs.items()}
    pairs = {layer: by_shape[signature] for layer, signature in ours.items()}
    _check_names(pairs)
    return Match(_paired(pairs, wanted), "by shape")


def _by_name(given: Tensors, wanted: Tensors) -> Match | None:
    """The match where names and shapes are equal, except for counters."""
    needed = {name: t.shape for name, t in wanted.items() if split(name)[1] != COUNTER}
    there = {name: t.shape for name, t in given.items() if split(name)[1] != COUNTER}
    if needed != there:
        return None
    return Match({name: name for name in wanted if name in given}, "by name")


def _paired(pairs: Mapping[str, str], wanted: Tensors) -> dict[str, str]:
    """The file's names of all tensors in paired layers."""
    names = {}
    for name in wanted:
        layer, part = split(name)
        if part != COUNTER:
            names[name] = f"{pairs[layer]}.{part}" if pairs[layer] else part
    return names


def _twins(layers: Mapping[str, Signature]) -> tuple[str, str] | None:
    """Two layers of the same shape."""
    seen: dict[Signature, str] = {}
    for layer, signature in layers.items():
        if signature in seen:
            return seen[signature], layer
        seen[signature] = layer
    return None


def _check_order_by_names(layers: Mapping[str, Signature]) -> None:
    """Refuse layers of the same shape whose names have no numbers that order them."""
    seen: dict[Signature, str] = {}
    for layer, signature in layers.items():
        first = seen.setdefault(signature, layer)
        if counted_only(first) != counted_only(layer):
            raise WeightsError(
                f"{first} and {layer} have the same shape, and a safetensors file keeps no order; "
                f"{ADVICE}"
            )


def _check_counting_up(ours: Mapping[str, Signature]) -> None:
    """Refuse a network whose layers of one shape are numbered downwards."""
    last: dict[Signature, str] = {}
    for layer, signature in ours.items():
        before = last.get(signature, layer)
        if counted_only(before) == counted_only(layer) and natural(before) > natural(layer):
            raise WeightsError(
                f"the network has {before} before {layer}, of the same shape, and a safetensors "
                f"file keeps no order; {ADVICE}"
            )
        last[signature] = layer


def _check_names(pairs: Mapping[str, str]) -> None:
    """Refuse pairs (the network's to the file's) that contradict the layers' names."""
    bare = {_bare(theirs, pairs.values()): theirs for theirs in pairs.values()}
    for ours, theirs in pairs.items():
        same = ours if ours in pairs.values() else bare.get(ours, theirs)
        if same != theirs:
            raise WeightsError(
                f"by shape, {theirs} of the file is the network's {ours}, but {same} has that "
                f"name; {ADVICE}"
            )


def _bare(layer: str, layers: Iterable[str]) -> str:
    """A layer's name without the prefix that all share, such as `module.`."""
    paths = [one.split(".")[:-1] for one in layers]
    shared = takewhile(lambda heads: len(set(heads)) == 1, zip(*paths, strict=False))
    return ".".join(layer.split(".")[len([*shared]) :])


def _mismatch(
    given: Tensors,
    wanted: Tensors,
    theirs: Mapping[str, Signature],
    ours: Mapping[str, Signature],
) -> str:
    """One line on what each side has and the other lacks."""
    extra = _unlike(theirs, Counter(ours.values()), given)
    lacking = _unlike(ours, Counter(theirs.values()), wanted)
    there = f"the file has {listed(extra, given)}" if extra else "the file has nothing else"
    here = f"the network has {listed(lacking, wanted)}" if lacking else "the network lacks nothing"
    return (
        f"the weights belong to another network: {there}; {here}; change the network with --set, "
        "or use another --generator"
    )


def _unlike(
    layers: Mapping[str, Signature], others: Counter[Signature], tensors: Tensors
) -> list[str]:
    """The tensors of layers for which the other side has none."""
    left, names = Counter(others), set()
    for layer, signature in layers.items():
        if left[signature] > 0:
            left[signature] -= 1
        else:
            names.add(layer)
    return [name for name in tensors if split(name)[0] in names]


def split(name: str) -> tuple[str, str]:
    """The layer and the tensor in it: `main.0.weight` is (`main.0`, `weight`)."""
    layer, _, part = name.rpartition(".")
    return layer, part


def layers_of(tensors: Mapping[str, Tensor]) -> dict[str, Signature]:
    """The layers in order, without counters."""
    layers: dict[str, set[tuple[str, tuple[int, ...]]]] = {}
    for name, tensor in tensors.items():
        layer, part = split(name)
        if part != COUNTER:
            layers.setdefault(layer, set()).add((part, tuple(tensor.shape)))
    return {layer: frozenset(parts) for layer, parts in layers.items()}


def shaped(name: str, tensors: Mapping[str, Tensor]) -> str:
    """A tensor's name and shape: `main.0.weight [64, 3, 4, 4]`."""
    return f"{name} {list(tensors[name].shape)}"


def listed(names: Iterable[str], tensors: Mapping[str, Tensor], most: int = 3) -> str:
    """The first tensors' names and shapes, and how many more there are."""
    every = [name for name in names if split(name)[1] != COUNTER]
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(shaped(name, tensors) for name in every[:most]) + more


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts main.2 before main.10."""
    return [(int(word), "") if word.isdigit() else (-1, word) for word in re.split(r"(\d+)", name)]


def counted_only(name: str) -> str:
    """A name without its numbers: layers that differ only in them are ordered by them."""
    return re.sub(r"\d+", "#", name)
