"""Loading a file's weights into a network, at any depth of the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from ganzoo.errors import WeightsError, did_you_mean
from ganzoo.importing.mapping import mapped
from ganzoo.importing.match import COUNTER, Match, match, shaped, split
from ganzoo.weights import ties
from ganzoo.weights.untrusted import Checkpoint, read_checkpoint

Tensors = dict[str, Tensor]
Names = Mapping[str, str | None]


@dataclass(frozen=True)
class Taken:
    """The tensors of a file that a network took, how they were matched, and what was left out.

    `by_order` lists the layers that only their order distinguishes: (the file's, the network's).
    """

    path: Path
    how: str
    tensors: int
    left_out: tuple[str, ...]
    by_order: tuple[tuple[str, str], ...] = ()


def take(
    path: Path,
    network: nn.Module,
    *,
    key: str | None = None,
    mapping: Names | None = None,
    option: str = "--key",
) -> Taken:
    """Load a file's weights into a network of the same layers; `WeightsError` names what differs.

    `key` names the part of the file that holds them, such as `netG`; `option` is its option on the
    command line. Wrappers (`state_dict`, `module.`) are removed.
    """
    file, wanted = read_checkpoint(path), network.state_dict()
    try:
        inner = file if key is None else _part(file, key)
        try:
            tensors, pairs = _matched(inner, wanted, mapping, option)
        except WeightsError:
            if not ties(wanted):
                raise
            tensors, pairs = _matched(inner, _tied_once(wanted, inner.tensors), mapping, option)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    state = {name: tensors[theirs] for name, theirs in pairs.names.items()}
    _check_types(path, state, wanted)
    plain = {name: tensor.to(wanted[name].dtype) for name, tensor in state.items()}
    _check_values(path, plain)
    network.load_state_dict({**wanted, **plain})
    used = {id(tensor) for tensor in state.values()}
    left = tuple(name for name, tensor in file.tensors.items() if id(tensor) not in used)
    return Taken(path, pairs.how, len(state), left, pairs.by_order)


def _tied_once(wanted: Tensors, given: Tensors) -> Tensors:
    """A network's state with each tied tensor under one name, as some files hold it."""
    left: set[str] = set()
    for names in ties(wanted):
        held = (name for name in names if any(f".{one}".endswith(f".{name}") for one in given))
        left |= {*names} - {next(held, names[0])}
    return {name: tensor for name, tensor in wanted.items() if name not in left}


def _matched(
    file: Checkpoint, wanted: Tensors, mapping: Names | None, option: str
) -> tuple[Tensors, Match]:
    """The tensors under their innermost fitting names, and the match."""
    if mapping is not None:
        levels = [*_unwrapped(file.tensors)]
        fits = (level for level in levels if all(_holds(level, name) for name in mapping))
        tensors = next(fits, levels[0])
        return tensors, mapped(tensors, wanted, mapping)
    try:
        return _first(file, wanted)
    except WeightsError as error:
        fitting = {name: pair for name in file.groups if (pair := _fits(file, name, wanted))}
        if not fitting:
            several = len(file.groups) > 1
            named = f" ({option} takes one of {', '.join(file.groups[:5])})" if several else ""
            raise WeightsError(f"{error}{named}") from None
    if len(fitting) > 1:
        raise WeightsError(f"{' and '.join(fitting)} hold such weights; choose with {option}")
    return next(iter(fitting.values()))


def _first(file: Checkpoint, wanted: Tensors) -> tuple[Tensors, Match]:
    """The level whose names are the network's, else the outermost one."""
    levels = [*_unwrapped(file.tensors)]
    inner = [level for level in levels if _holds_all(level, wanted)]
    chosen = inner[0] if inner else levels[0]
    return chosen, match(chosen, wanted, ordered=file.ordered)


def _fits(file: Checkpoint, group: str, wanted: Tensors) -> tuple[Tensors, Match] | None:
    """The match of one part of a file; None without one, or where an inner part matches."""
    inner = any(other.startswith(f"{group}.") for other in file.groups)
    try:
        return None if inner else _first(_part(file, group), wanted)
    except WeightsError:
        return None


def _unwrapped(given: Tensors) -> Iterator[Tensors]:
    """The tensors under their own names, then without each prefix that all share."""
    yield given
    while len(heads := {name.partition(".")[0] for name in given}) == 1:
        if any("." not in name for name in given):
            return
        given = _below(given, heads.pop())
        yield given


def _part(file: Checkpoint, key: str) -> Checkpoint:
    """The part of a file below a name."""
    inner = tuple(n.removeprefix(f"{key}.") for n in file.groups if n.startswith(f"{key}."))
    return Checkpoint(_below(file.tensors, key), inner, file.ordered)


def _below(given: Tensors, key: str) -> Tensors:
    """The tensors below a name, without that prefix."""
    below = {n.removeprefix(f"{key}."): t for n, t in given.items() if n.startswith(f"{key}.")}
    if not below:
        heads = [name.partition(".")[0] for name in given]
        raise WeightsError(f"the file has nothing below {key!r}; {did_you_mean(key, heads)}")
    return below


def _holds_all(level: Tensors, wanted: Tensors) -> bool:
    """Whether all names of the network are there, except for counters, which old files lack."""
    return all(name in level or split(name)[1] == COUNTER for name in wanted)


def _holds(level: Tensors, name: str) -> bool:
    return any(one == name or one.startswith(f"{name}.") for one in level)


def _check_types(path: Path, state: Tensors, wanted: Tensors) -> None:
    """Refuse tensors of other kinds of numbers than the network's: complex or quantised ones."""
    for name, tensor in state.items():
        if wanted[name].is_floating_point() and not tensor.is_floating_point():
            given, asked = (str(one.dtype).removeprefix("torch.") for one in (tensor, wanted[name]))
            raise WeightsError(
                f"{path}: {shaped(name, state)} is {given}, the network's {asked}; give the "
                "original weights"
            )


def _check_values(path: Path, plain: Tensors) -> None:
    """Refuse weights that are not finite, or not finite in the network's own type."""
    for name, tensor in plain.items():
        if not tensor.isfinite().all():
            raise WeightsError(
                f"{path}: {shaped(name, plain)} holds NaN or infinity, or more than the network's "
                f"{str(tensor.dtype).removeprefix('torch.')} can hold"
            )
