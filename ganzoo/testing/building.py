"""Building a part, and what is wrong with one that cannot be built or used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, TypeAlias, TypeGuard

import torch
from torch import nn

from ganzoo.errors import GanzooError, PartError, UnknownOptionError, one_line
from ganzoo.interfaces import Discriminator, Generator
from ganzoo.plugins.registry import Offer, parameters_of
from ganzoo.testing.failures import CALL_SUPER, authors_line, line_of, remedy, root_of, wrong
from ganzoo.testing.numerics import any_labels, pack_size, seeded
from ganzoo.weights import unfilled

Network: TypeAlias = Generator | Discriminator

#: What an attribute of a network must be.
A_SHAPE = "a tuple of positive integers without the batch dimension"
EXPECTED = {
    "sample_shape": f"{A_SHAPE}, such as (1, 28, 28)",
    "num_classes": "an integer of at least 2, or None if the network takes no labels",
    "condition_shape": f"{A_SHAPE}, or None",
    "latent_dim": "an integer of at least 0",
}


def built(offer: Offer, arguments: Mapping[str, Any]) -> Any:
    """The part, or None if it cannot be built."""
    try:
        with seeded(0):
            return build(offer, arguments)
    except GanzooError:
        return None


def size_of(offer: Offer, arguments: Mapping[str, Any]) -> int:
    """The number of a network's parameters, counted without drawing them; 0 if it is not built."""
    try:
        network = unfilled.built(lambda: _network(offer, arguments))
    except GanzooError:
        return 0
    return sum(p.numel() for p in network.parameters())


def _network(offer: Offer, arguments: Mapping[str, Any]) -> nn.Module:
    made = build(offer, arguments)
    if not isinstance(made, nn.Module):
        raise PartError(f"{offer.target} makes a {type(made).__name__}, and no module")
    return made


def build(offer: Offer, arguments: Mapping[str, Any]) -> Any:
    """The part; `CheckError` says why it cannot be built.

    ganzoo's own errors that a part raises on purpose (its data is not on this machine) pass
    through.
    """
    try:
        made = offer.build(**arguments)
    except (PartError, UnknownOptionError) as error:
        _raise_reason(offer, arguments, error)
    if isinstance(made, nn.Module) and "_modules" not in vars(made):
        raise wrong(
            f"{type(made).__name__} was built without nn.Module's own __init__: {CALL_SUPER}",
            line_of(offer.resolve(), method="__init__"),
        )
    return made


def _raise_reason(offer: Offer, arguments: Mapping[str, Any], error: GanzooError) -> NoReturn:
    """Raise for an abstract class, a missing argument, or the part's own error."""
    factory, root = offer.resolve(), root_of(error)
    at = line_of(factory, method="__init__")
    if missing := sorted(getattr(factory, "__abstractmethods__", ())):
        raise wrong(
            f"{offer.target} lacks {', '.join(missing)}, which its interface requires: write "
            f"def {missing[0]} in the class",
            line_of(factory, method=""),
        ) from error
    lacks = _missing_arguments(factory, arguments, root)
    if lacks or isinstance(error, UnknownOptionError):
        raise wrong(
            f"{lacks or one_line(error)}: give every argument a default, or list what to build it "
            f'with in the plugin\'s module: ganzoo_examples = {{"{offer.kind}/{offer.name}": '
            "{...}}",
            at,
        ) from error
    hint = remedy(root)
    raise wrong(f"{one_line(error)}{hint and f': {hint}'}", authors_line(root) or at) from error


def _missing_arguments(factory: Any, arguments: Mapping[str, Any], root: BaseException) -> str:
    """Which required arguments were not given; empty if the error lies inside the part."""
    if not isinstance(root, TypeError) or authors_line(root):
        return ""
    missing = [
        repr(name)
        for name, parameter in parameters_of(factory).items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and parameter.default is parameter.empty
        and name not in arguments
    ]
    return f"it cannot be built without {', '.join(missing)}" if missing else ""


# --- Attributes and layers of a network ----------------------------------------------------------


def attribute_fault(network: Generator | Discriminator) -> str:
    """What is wrong with the attributes of a network, and what to do; empty if nothing is."""
    holds = {"sample_shape": is_shape, "num_classes": _is_classes, "condition_shape": _is_condition}
    if isinstance(network, Generator):
        holds["latent_dim"] = _is_count
    for name, is_right in holds.items():
        value = getattr(network, name, ...)
        if value is ...:
            return (
                f"{name} is not set, and the engine reads it before the first pass: set "
                f"self.{name} in __init__"
            )
        if not is_right(value):
            return f"{name} is {value!r} instead of {EXPECTED[name]}: set it in __init__"
    return ""


def unregistered_layers(network: nn.Module) -> str:
    """The attribute that keeps layers where torch does not see them; empty if none does."""
    known = {id(module) for module in network.modules()}
    for module in network.modules():
        for name, value in vars(module).items():
            if name.startswith("_") or not isinstance(value, dict | list | tuple):
                continue
            held = value.values() if isinstance(value, dict) else value
            if any(isinstance(one, nn.Module) and id(one) not in known for one in held):
                return name
    return ""


def is_shape(value: Any) -> bool:
    """Whether a value is the shape of a sample."""
    return isinstance(value, tuple) and bool(value) and all(_is_count(n) and n > 0 for n in value)


def _is_classes(value: Any) -> bool:
    return value is None or (_is_count(value) and value >= 2)


def _is_condition(value: Any) -> bool:
    return value is None or is_shape(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_network(made: object) -> TypeGuard[Network]:
    """Whether it is a player with sound attributes; `check_attributes` reports others."""
    return isinstance(made, Generator | Discriminator) and not attribute_fault(made)


def fit(one: Network, other: Network) -> bool:
    """Whether two networks have the same samples, classes and conditions."""
    return (
        tuple(one.sample_shape) == tuple(other.sample_shape)
        and one.num_classes == other.num_classes
        and one.condition_shape == other.condition_shape
    )


def published_by(network: Network) -> set[str]:
    """The names of a pass's outputs; empty if it fails, which the network's checks report."""
    rows = 2 if isinstance(network, Generator) else 2 * pack_size(network)
    labels = any_labels(network, rows)
    try:
        with torch.no_grad(), seeded(0):
            if isinstance(network, Generator):
                rng = torch.Generator().manual_seed(0)
                return {*network.eval().outputs(network.sample_latents(rows, rng=rng), labels)}
            return {*network.eval().outputs(torch.zeros(rows, *network.sample_shape), labels)}
    except Exception:
        return set()
