"""A mapping file: the file's names to the network's, of tensors or of whole layers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from ganzoo.errors import ConfigError, WeightsError, did_you_mean
from ganzoo.importing.layers import COUNTER, listed, said, split
from ganzoo.importing.match import Match
from ganzoo.specs import read_json


def read_mapping(path: Path) -> dict[str, str | None]:
    """Read `{"main.0": "grow.0", "main.3.weight": "last.weight", "x": null}`; null leaves out."""
    data = read_json(path)
    if not isinstance(data, dict) or not all(
        v is None or isinstance(v, str) for v in data.values()
    ):
        raise ConfigError(
            f"{path}: expected an object of the file's names to the network's, such as "
            '{"main.0": "grow.0"}, or to null for what is left out'
        )
    return data


def mapped(
    found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], mapping: Mapping[str, str | None]
) -> Match:
    """Assign a file's tensors as a mapping says; what it does not name keeps its own name.

    Raises `WeightsError` where a name is not there, is named twice, is left over, or differs in
    shape.
    """
    for name in mapping:
        if not any(one == name or one.startswith(f"{name}.") for one in found):
            raise WeightsError(f"--map: the file holds no {name!r}; {did_you_mean(name, found)}")
    names: dict[str, str] = {}
    for name in found:
        target = _target(name, mapping)
        if target is None or (split(name)[1] == COUNTER and target not in wanted):
            continue
        if target not in wanted:
            raise WeightsError(
                f"--map: the network has no {target!r} for {said(name, found)}; "
                f"{did_you_mean(target, wanted)} (null leaves a tensor out)"
            )
        if target in names:
            raise WeightsError(f"--map: {names[target]} and {name} both go to {target}")
        if found[name].shape != wanted[target].shape:
            raise WeightsError(
                f"--map: {said(name, found)} does not fit {said(target, wanted)} of the network"
            )
        names[target] = name
    lacking = [one for one in wanted if one not in names and split(one)[1] != COUNTER]
    if lacking:
        raise WeightsError(f"--map: nothing goes to {listed(lacking, wanted)} of the network")
    return Match({name: names[name] for name in wanted if name in names}, "by --map")


def _target(name: str, mapping: Mapping[str, str | None]) -> str | None:
    """Where a tensor goes: as its own entry says, else as the nearest layer's above it."""
    above, below = name, ""
    while above:
        if above in mapping:
            place = mapping[above]
            return None if place is None else f"{place}{below}"
        layer, part = split(above)
        above, below = layer, f".{part}{below}"
    return name
