"""Optimizers by the names of timm's factory."""

from __future__ import annotations

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
    parameters = [p for p in module.parameters() if p.requires_grad]
    try:
        if "betas" in arguments:
            arguments["betas"] = tuple(float(beta) for beta in arguments["betas"])
        made: torch.optim.Optimizer = factory.create_optimizer_v2(
            parameters, opt=spec.name, lr=spec.lr, **arguments
        )
    except (TypeError, ValueError, AssertionError, IndexError, RuntimeError) as error:
        raise ConfigError(f"optimizer {spec.name!r}: {one_line(error)}") from error
    return made
