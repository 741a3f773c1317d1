"""Optimizers by the names of timm's factory."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import torch

from ganzoo.errors import ConfigError, did_you_mean, one_line
from ganzoo.specs import Optimizer

#: What a recipe means that does not say: torch's values. The factory's own (momentum 0.9, and
#: Nesterov's) are for classifiers, and momentum is what a clipped critic must not have.
OWN_DEFAULTS: dict[Any, dict[str, Any]] = {
    torch.optim.RMSprop: {"momentum": 0.0, "alpha": 0.99},
    torch.optim.SGD: {"momentum": 0.0, "nesterov": False},
}
#: Where a parameter group keeps its share of the optimizer's rate.
RATE_FACTOR = "lr_factor"
#: Optimizers whose step torch does in one kernel.
FUSED = (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD)


def make_optimizer(spec: Optimizer, module: torch.nn.Module) -> torch.optim.Optimizer:
    """An optimizer from timm's factory, fused where torch has it so."""
    import timm.optim as factory

    known = [str(name) for name in factory.list_optimizers()]
    if spec.name not in known:
        raise ConfigError(f"there is no optimizer {spec.name!r}; {did_you_mean(spec.name, known)}")
    kind = factory.get_optimizer_info(spec.name).opt_class
    arguments = {**OWN_DEFAULTS.get(kind, {}), **spec.arguments}
    if kind in FUSED and not arguments.get("foreach"):
        arguments.setdefault("fused", True)
    try:
        made: torch.optim.Optimizer = factory.create_optimizer_v2(
            parameter_groups(spec, module), opt=spec.name, lr=spec.lr, **_typed(arguments)
        )
    except (TypeError, ValueError, AssertionError, IndexError, RuntimeError) as error:
        raise ConfigError(f"optimizer {spec.name!r}: {one_line(error)}") from error
    return made


def parameter_groups(
    spec: Optimizer, module: torch.nn.Module
) -> list[torch.nn.Parameter] | list[dict[str, Any]]:
    """The parameters that learn, split by the recipe's patterns; the first that fits one has it.

    Raises `ConfigError` for a pattern that fits no parameter.
    """
    named = {name: p for name, p in module.named_parameters() if p.requires_grad}
    if not spec.groups:
        return list(named.values())
    groups: list[dict[str, Any]] = []
    rest = dict(named)
    for pattern, group in spec.groups.items():
        names = [name for name in rest if fnmatchcase(name, pattern)]
        if not names:
            taken = " that no pattern before has" if fnmatch.filter(named, pattern) else ""
            owners = sorted({f"{name.partition('.')[0]}.*" for name in named})
            raise ConfigError(
                f"groups: {pattern!r} matches no parameter of {type(module).__name__}{taken}; "
                f"{did_you_mean(pattern, [*owners, *named])}"
            )
        factor = group.lr_factor
        groups.append(
            {
                "params": [rest.pop(name) for name in names],
                "lr": spec.lr * factor,
                RATE_FACTOR: factor,
                **_typed(group.arguments),
            }
        )
    if rest:
        groups.insert(0, {"params": list(rest.values())})
    return groups


def rate_factor(group: dict[str, Any]) -> float:
    """A parameter group's share of the optimizer's rate."""
    return float(group.get(RATE_FACTOR, 1.0))


def _typed(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as optimizers want them: JSON has no tuples."""
    typed = dict(arguments)
    if "betas" in typed:
        typed["betas"] = tuple(float(beta) for beta in typed["betas"])
    return typed
