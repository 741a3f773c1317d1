"""Optimizers by the names that timm's factory gives them; torch's own are made without timm."""

from __future__ import annotations

import fnmatch
import inspect
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch.optim import Optimizer as TorchOptimizer

from ganzoo.errors import ConfigError, did_you_mean, one_line
from ganzoo.specs import Optimizer

#: torch's optimizers by timm's names, with what timm sets beside `weight_decay=0`. SGD and RMSprop
#: keep torch's values: timm's (momentum 0.9, Nesterov's) are for classifiers, and a clipped critic
#: must not have momentum.
TORCH: dict[str, tuple[type[TorchOptimizer], dict[str, Any]]] = {
    "adadelta": (torch.optim.Adadelta, {}),
    "adagrad": (torch.optim.Adagrad, {"eps": 1e-8}),
    "adam": (torch.optim.Adam, {}),
    "adamax": (torch.optim.Adamax, {}),
    "adamw": (torch.optim.AdamW, {}),
    "momentum": (torch.optim.SGD, {"momentum": 0.0, "nesterov": False}),
    "nadam": (torch.optim.NAdam, {}),
    "nesterov": (torch.optim.SGD, {"momentum": 0.0, "nesterov": False}),
    "radam": (torch.optim.RAdam, {}),
    "radamw": (torch.optim.RAdam, {"decoupled_weight_decay": True}),
    "rmsprop": (torch.optim.RMSprop, {"momentum": 0.0, "alpha": 0.99}),
    "sgd": (torch.optim.SGD, {"momentum": 0.0, "nesterov": False}),
}
#: Where a parameter group keeps its share of the optimizer's rate.
RATE_FACTOR = "lr_factor"
#: Optimizers whose step torch runs as one kernel.
FUSED = (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD)


def make_optimizer(spec: Optimizer, module: torch.nn.Module) -> TorchOptimizer:
    """Make the optimizer of a player, with a fused step where torch has one."""
    if "lr" in spec.arguments:
        raise ConfigError(f"optimizer {spec.name!r}: set lr beside the arguments, not among them")
    groups = parameter_groups(spec, module)
    kind, defaults = TORCH.get(spec.name, (None, {}))
    arguments = {"weight_decay": 0.0, **defaults, "lr": spec.lr, **spec.arguments}
    if kind in FUSED and not arguments.get("foreach"):
        arguments.setdefault("fused", True)
    try:
        arguments = _typed(arguments)
        if kind is not None and arguments.keys() <= inspect.signature(kind).parameters.keys():
            return without_compiler(kind)(groups, **arguments)
        return _from_timm(spec.name, groups, arguments)
    except (TypeError, ValueError, AssertionError, IndexError, RuntimeError) as error:
        raise ConfigError(f"optimizer {spec.name!r}: {one_line(error)}") from error


def _from_timm(name: str, groups: list[Any], arguments: dict[str, Any]) -> TorchOptimizer:
    """Make what torch does not have, or does not take these arguments for (2 s of imports)."""
    import timm.optim as factory

    known = [str(known) for known in factory.list_optimizers()]
    if name not in known:
        raise ConfigError(f"there is no optimizer {name!r}; {did_you_mean(name, known)}")
    made: TorchOptimizer = factory.create_optimizer_v2(groups, opt=name, **arguments)
    return made


def without_compiler(kind: type[TorchOptimizer]) -> type[TorchOptimizer]:
    """The same optimizer without the decorators that import torch's compiler (3 s).

    They tell the compiler what it must not trace; nothing here compiles an optimizer.
    """
    plain_step = inspect.unwrap(kind.step)

    def step(self: TorchOptimizer, closure: Any = None) -> Any:
        with torch.set_grad_enabled(self.defaults.get("differentiable", False)):
            return plain_step(self, closure)

    decorated = ("add_param_group", "state_dict", "load_state_dict")
    plain = {name: inspect.unwrap(getattr(kind, name)) for name in decorated}
    return type(kind.__name__, (kind,), {"__module__": kind.__module__, "step": step, **plain})


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


def forget_gradients(optimizer: TorchOptimizer) -> None:
    """Drop all gradients, those of other turns too: `zero_grad` without its profiler's hook."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = None


def gradients_of(optimizer: TorchOptimizer) -> list[torch.Tensor]:
    """The gradients that its parameters have."""
    parameters = (p for group in optimizer.param_groups for p in group["params"])
    return [p.grad for p in parameters if p.grad is not None]
