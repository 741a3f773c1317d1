"""What a network must say of itself before its first pass."""

from __future__ import annotations

from typing import Any

from torch import nn

from ganzoo.interfaces import Discriminator, Generator


def fault_of(network: Generator | Discriminator) -> str:
    """What is wrong with the attributes of a network, and what to do; empty where nothing is."""
    expected = {
        "sample_shape": _is_shape,
        "num_classes": _is_classes,
        "condition_shape": _is_condition,
    }
    if isinstance(network, Generator):
        expected["latent_dim"] = _is_size
    for name, holds in expected.items():
        value = getattr(network, name, ...)
        if value is ...:
            return (
                f"{name} is not set: the engine reads it before the first pass; write "
                f"self.{name} = ... in __init__"
            )
        if not holds(value):
            return f"{name} is {value!r}: it is {_KIND[name]}; set it so in __init__"
    return ""


def unseen_layers(network: nn.Module) -> str:
    """The attribute in which a network keeps layers that torch knows nothing of; empty if none."""
    known = {id(module) for module in network.modules()}
    for module in network.modules():
        for name, value in vars(module).items():
            held = value.values() if isinstance(value, dict) else value
            if name.startswith("_") or not isinstance(value, dict | list | tuple):
                continue
            if any(isinstance(one, nn.Module) and id(one) not in known for one in held):
                return name
    return ""


_KIND = {
    "sample_shape": "a tuple of whole numbers above 0, without the batch, such as (1, 28, 28)",
    "num_classes": "a whole number of 2 or more, or None where labels are not taken",
    "condition_shape": "a tuple of whole numbers above 0, without the batch, or None",
    "latent_dim": "a whole number of 0 or more",
}


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and all(_is_size(n) and n > 0 for n in value)


def _is_classes(value: Any) -> bool:
    return value is None or (_is_size(value) and value >= 2)


def _is_condition(value: Any) -> bool:
    return value is None or _is_shape(value)


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
