"""Checks of a player's weights: gradients reach them, copies and files hold them."""

from __future__ import annotations

import copy
import functools
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.ema import Ema
from ganzoo.errors import CheckError, GanzooError, one_line
from ganzoo.interfaces import Discriminator, Generator
from ganzoo.specs import Part
from ganzoo.testing.checks.game import unreached
from ganzoo.testing.failures import Blocked, Skipped, authors_line, remedy, short, wrong
from ganzoo.testing.network_subjects import NetworkSubject
from ganzoo.testing.numerics import equal, first_difference, relative_difference, seeded, shake
from ganzoo.weights import load_weights, save_weights
from ganzoo.weights.unfilled import built

#: How far outputs of equal weights may differ if their layout in memory does.
CLOSE = 1e-4


def check_gradients(subject: NetworkSubject[Any]) -> None:
    """A finite gradient reaches every parameter through the outputs of a pass."""
    network = subject.network().train()
    total = _backward(subject, network)
    is_reached = _reached_in_its_game(subject)
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        if parameter.grad is None and not is_reached(name):
            raise subject.wrong(
                f"no gradient reaches {name!r} {list(parameter.shape)}: it is never used, or what "
                "uses it is detached; use it, remove it, or freeze it with requires_grad_(False)",
                rf"self\.{name.partition('.')[0]}\b\s*(:|=)",
                "__init__",
            )
        if parameter.grad is not None and not parameter.grad.isfinite().all():
            raise subject.wrong(
                f"the gradient of {name!r} holds NaN or infinity: a norm, a root or a log of "
                "exactly 0; add a small number inside",
                r"sqrt|norm\(|\blog\(|std\(",
            )
    lively = subject.shaken().train()
    _backward(subject, lively)
    grads = [p.grad for p in lively.parameters() if p.grad is not None]
    if total.requires_grad and grads and not any(bool(grad.any()) for grad in grads):
        raise subject.wrong(
            "every gradient is 0: the outputs are rounded, compared, or clamped where they cannot "
            "move; return them as they were computed",
            r"round\(|sign\(|floor\(|clamp|argmax|>\s*0",
        )


def check_deepcopy(subject: NetworkSubject[Any]) -> None:
    """A copy, as the average is one, is the same network with weights of its own."""
    network = subject.steady()
    try:
        copied = copy.deepcopy(network)
    except Exception as error:
        raise subject.wrong(
            f"copy.deepcopy fails ({short(error)}), and the average is a copy: self holds a tensor "
            "with a graph, a lock, a file or a generator; detach it, register it as a buffer, or "
            "make it where it is used",
            r"self\.\w+\s*=\s*(?!nn\.|None)",
            "__init__",
        ) from error
    before = _outputs(subject, network)
    if not before.isfinite().all():
        raise Blocked("check_dtype", "its outputs are not finite")
    if relative_difference(before, _outputs(subject, copied)) > CLOSE:
        raise wrong("a copy computes something else than the network it was copied from")
    shake(copied, seed=1)
    if not equal(before, _outputs(subject, network)):
        raise subject.wrong(
            "the network changes when its copy does: both hold one tensor; keep it as a parameter "
            "or a buffer, not in a global or a class attribute",
            method="__init__",
        )
    learns = any(p.requires_grad for p in copied.parameters())
    if learns and equal(before, _outputs(subject, copied)):
        if equal(before, _outputs(subject, shake(network, seed=1))):
            raise Blocked("check_gradients", "its own weights change nothing")
        raise subject.wrong(
            "a copy with other weights computes the same: a function kept on self (a lambda, a "
            "partial, a bound method) keeps using the first network's weights; write it as a "
            "method",
            r"lambda|partial\(",
            "__init__",
        )
    if isinstance(network, Generator):
        _check_average(subject, network)


def check_round_trip(subject: NetworkSubject[Any]) -> None:
    """Weights written to safetensors and read into another network make it the same."""
    subject.steady()
    network = _used(subject)
    other = _saved_and_loaded(subject, network)
    if name := first_difference(network.state_dict(), other.state_dict()):
        raise wrong(f"{name!r} comes back from a file with other values")
    if relative_difference(_outputs(subject, network), _outputs(subject, other)) <= CLOSE:
        return
    problem = "a network with all the weights of another computes something else: "
    unsaved = dict(network.named_buffers()).keys() - network.state_dict().keys()
    mine, others = ({key: one.get_buffer(key) for key in unsaved} for one in (network, other))
    if name := first_difference(mine, others):
        raise subject.wrong(
            f"{problem}the buffer {name!r} is not saved (persistent=False), and __init__ does not "
            "make it the same each time; leave persistent=False out",
            r"register_buffer",
            "__init__",
        )
    raise subject.wrong(
        f"{problem}a tensor that is neither a parameter nor a buffer is drawn in __init__; keep it "
        "with self.register_buffer",
        r"torch\.rand|torch\.normal|np\.random|random\.",
        "__init__",
    )


def _saved_and_loaded(subject: NetworkSubject[Any], network: nn.Module) -> nn.Module:
    """Another network with the weights of this one, through a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.safetensors"
        try:
            record = save_weights(path, network, Part(subject.offer.qualified, subject.arguments))
        except Exception as error:
            raise subject.wrong(
                f"its state cannot be written as safetensors ({short(error)}): state_dict() holds "
                "something that is no tensor; leave get_extra_state out",
                "get_extra_state",
            ) from error
        with seeded(99):
            other: nn.Module = built(subject.made, seed=99).eval()
        try:
            load_weights(path, other, record)
        except GanzooError as error:
            raise subject.wrong(
                "a network built again does not take the weights of the first "
                f"({one_line(error).rpartition(': ')[2]}): what a constructor makes must depend "
                "on its arguments alone",
                method="__init__",
            ) from error
    return other


def _reached_in_its_game(subject: NetworkSubject[Any]) -> Callable[[str], bool]:
    """Whether the loss of its game reaches a parameter directly, such as an encoder's.

    The game is played once, when the first parameter is asked for.
    """

    @functools.cache
    def not_reached() -> Mapping[str, Any] | None:
        if subject.game is None:
            return None
        try:
            return dict(unreached(subject.game))
        except (CheckError, Skipped):
            return None

    def is_reached(name: str) -> bool:
        names = not_reached()
        return names is not None and f"{subject.kind}.{name}" not in names

    return is_reached


def _backward(subject: NetworkSubject[Any], network: Generator | Discriminator) -> Tensor:
    """Backpropagate a randomly weighted sum of all outputs."""
    rng = torch.Generator().manual_seed(0)
    inputs, labels = subject.batch(network, 4)
    try:
        with seeded(0):
            published = network.outputs(inputs.clone(), labels)
    except Exception as error:
        raise wrong(
            f"a pass with gradients fails, and one without does not ({short(error)}): "
            f"{remedy(error) or 'it changes or reads what a gradient needs'}",
            authors_line(error),
        ) from error
    total = torch.zeros(())
    for value in published.values():
        if value.is_floating_point():
            total = total + (value * torch.randn(value.shape, generator=rng)).sum()
    if not total.requires_grad:
        raise subject.wrong(
            f"none of its {subject.published} depends on its parameters: forward runs under "
            "torch.no_grad, goes through .detach() or .data, or leaves torch for numpy; write it "
            "in torch's operations, without these",
            r"no_grad|detach\(|\.data\b|inference_mode|\.item\(|numpy",
        )
    total.backward()  # type: ignore[no-untyped-call]
    return total


def _check_average(subject: NetworkSubject[Any], network: Generator) -> None:
    """The average moves, and recomputes its batch statistics."""
    average = Ema(network)
    batch = subject.batch(network, 4)
    try:
        average.update(0.5)
        with seeded(0):
            average.snapshot([batch, batch])
    except Exception as error:
        raise subject.wrong(
            f"its average cannot be computed ({short(error)}): parameters and buffers must remain "
            "the same tensors from pass to pass; change buffers by copy_ in forward"
        ) from error


def _used(subject: NetworkSubject[Any]) -> nn.Module:
    """A shaken network after a pass in train mode, so that its buffers are no longer new."""
    network: nn.Module = subject.shaken().train()
    with seeded(7):
        subject.passed(network, *subject.batch(network, 4))
    return network.eval()


def _outputs(subject: NetworkSubject[Any], network: Any) -> Tensor:
    """Samples or scores in eval mode, under one seed."""
    network.eval()
    with seeded(0):
        return subject.passed(network, *subject.batch(network, 3))
