"""A mapping file, from names in the weights file to the network's: tensors or layers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from ganzoo.errors import ConfigError, WeightsError, did_you_mean
from ganzoo.importing.match import COUNTER, Match, listed, shaped, split
from ganzoo.specs import read_json


def read_mapping(path: Path) -> dict[str, str | None]:
    """Read `{"main.0": "grow.0", "main.3.weight": "last.weight", "x": null}`; null omits."""
    data = read_json(path)
    if not isinstance(data, dict) or not all(
        v is None or isinstance(v, str) for v in data.values()
    ):
        raise ConfigError(
            f"{path}: expected an object of the file's names to the network's, such as "
            '{"main.0": "grow.0"}, or to null for tensors to leave out'
        )
    return data


def mapped(
    given: Mapping[str, Tensor], wanted: Mapping[str, Tensor], mapping: Mapping[str, str | None]
) -> Match:
    """Assign a file's tensors by a mapping; tensors that it does not name keep their names.

    Raises `WeightsError` where a name is absent, used twice or left over, or shapes differ.
    """
    for name in mapping:
        if not any(one == name or one.startswith(f"{name}.") for one in given):
            raise WeightsError(f"--map: the file has no {name!r}; {did_you_mean(name, given)}")
    names: dict[str, str] = {}
    for name in given:
        target = _target(name, mapping)
        if target is None or (split(name)[1] == COUNTER and target not in wanted):
            continue
        if target not in wanted:
            raise WeightsError(
                f"--map: the network has no {target!r} for {shaped(name, given)}; "
                f"{did_you_mean(target, wanted)} (null leaves a tensor out)"
            )
        if target in names:
            raise WeightsError(f"--map: {names[target]} and {name} both go to {target}")
        if given[name].shape != wanted[target].shape:
            raise WeightsError(
                f"--map: {shaped(name, given)} does not fit {shaped(target, wanted)} of the network"
            )
        names[target] = name
    lacking = [one for one in wanted if one not in names and split(one)[1] != COUNTER]
    if lacking:
        raise WeightsError(f"--map: nothing is assigned to the network's {listed(lacking, wanted)}")
    return Match({name: names[name] for name in wanted if name in names}, "by --map")


def _target(name: str, mapping: Mapping[str, str | None]) -> str | None:
    """The target of a tensor: by its own entry, else by that of the nearest layer above."""
    above, below = name, ""
    while above:
        if above in mapping:
            place = mapping[above]
            return None if place is None else f"{place}{below}"
        layer, part = split(above)
        above, below = layer, f".{part}{below}"
    return name
