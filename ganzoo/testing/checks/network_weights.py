"""Checks of a player's weights: gradients reach them, copies and files hold them."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.ema import Ema
from ganzoo.errors import CheckError, GanzooError, one_line
from ganzoo.interfaces import Discriminator, Generator
from ganzoo.specs import Part
from ganzoo.testing.causes import remedy
from ganzoo.testing.checks.game import unreached
from ganzoo.testing.failures import Blocked, Skipped, authors_line, wrong
from ganzoo.testing.network_subjects import NetworkSubject
from ganzoo.testing.numerics import apart, equal, first_difference, seeded, shake
from ganzoo.weights import load_weights, save_weights
from ganzoo.weights.unfilled import built

#: How far outputs of equal weights may lie apart where their layout in memory differs.
CLOSE = 1e-4


def check_gradients(subject: NetworkSubject[Any]) -> None:
    """A finite gradient reaches every parameter through what a pass publishes."""
    network = subject.network().train()
    total = _backward(subject, network)
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        if parameter.grad is None and not _reached_in_its_game(subject, name):
            raise wrong(
                f"no gradient reaches {name!r} {list(parameter.shape)}: it is made and never used, "
                "or what uses it is detached; use it, take it out, or freeze it with "
                "requires_grad_(False)",
                subject.line(_names(name), method="__init__"),
            )
        if parameter.grad is not None and not parameter.grad.isfinite().all():
            raise wrong(
                f"the gradient of {name!r} holds NaN or infinity: a norm, a root or a log at "
                "exactly 0; add a small number under it",
                subject.line(r"sqrt|norm\(|\blog\(|std\("),
            )
    lively = subject.lively().train()
    _backward(subject, lively)
    grads = [p.grad for p in lively.parameters() if p.grad is not None]
    if total.requires_grad and grads and not any(bool(grad.any()) for grad in grads):
        raise wrong(
            "every gradient is 0: what is returned is rounded, compared or clamped away from "
            "where it can move; return it as it was computed",
            subject.line(r"round\(|sign\(|floor\(|clamp|argmax|>\s*0"),
        )


def check_deepcopy(subject: NetworkSubject[Any]) -> None:
    """A copy is the same network with weights of its own: the average is one."""
    network = subject.steady()
    try:
        copied = copy.deepcopy(network)
    except Exception as error:
        raise wrong(
            f"copy.deepcopy fails ({one_line(error)[:160]}), and the average is a copy: a tensor "
            "with a graph, a lock, a file or a generator is kept on self; detach it, register it "
            "as a buffer, or make it where it is used",
            subject.line(r"self\.\w+\s*=\s*(?!nn\.|None)", method="__init__"),
        ) from error
    before = _made(subject, network)
    if not before.isfinite().all():
        raise Blocked("check_dtype", "what it gives is not finite")
    if apart(before, _made(subject, copied)) > CLOSE:
        raise wrong("a copy computes something else than the network it was copied from")
    shake(copied, seed=1)
    if not equal(before, _made(subject, network)):
        raise wrong(
            "the network changes when its copy does: both hold one tensor; keep it as a parameter "
            "or a buffer, not in a global or a class attribute",
            subject.line(method="__init__"),
        )
    if any(p.requires_grad for p in copied.parameters()) and equal(before, _made(subject, copied)):
        if equal(before, _made(subject, shake(network, seed=1))):
            raise Blocked("check_gradients", "its own weights change nothing")
        raise wrong(
            "a copy with other weights computes the same: a function kept on self (a lambda, a "
            "partial, a bound method) goes on using the first network's; write it as a method",
            subject.line(r"lambda|partial\(", method="__init__"),
        )
    if isinstance(network, Generator):
        _check_average(subject, network)


def check_round_trip(subject: NetworkSubject[Any]) -> None:
    """Weights written to safetensors and read into another network make it the same, bit by bit."""
    subject.steady()
    network = _used(subject)
    part = Part(subject.entry.qualified, subject.arguments)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.safetensors"
        try:
            record = save_weights(path, network, part)
        except Exception as error:
            raise wrong(
                f"its state cannot be written as safetensors ({one_line(error)[:160]}): "
                "state_dict() holds something that is no tensor; leave get_extra_state out",
                subject.line("get_extra_state"),
            ) from error
        with seeded(99):
            other = built(subject.made, seed=99).eval()
        try:
            load_weights(path, other, record)
        except GanzooError as error:
            raise wrong(
                f"a network built again does not take the weights of the first: "
                f"{one_line(error).rpartition(': ')[2]}; what a constructor makes must depend on "
                "its arguments alone",
                subject.line(method="__init__"),
            ) from error
        if name := first_difference(network.state_dict(), other.state_dict()):
            raise wrong(f"{name!r} comes back from a file with other values")
    if apart(_made(subject, network), _made(subject, other)) > CLOSE:
        unsaved = dict(network.named_buffers()).keys() - network.state_dict().keys()
        if name := first_difference(
            {key: network.get_buffer(key) for key in unsaved},
            {key: other.get_buffer(key) for key in unsaved},
        ):
            raise wrong(
                "a network with all the weights of another computes something else: the buffer "
                f"{name!r} is not saved (persistent=False), and what __init__ makes of it is not "
                "the same each time; leave persistent=False out",
                subject.line(r"register_buffer", method="__init__"),
            )
        raise wrong(
            "a network with all the weights of another computes something else: a tensor that is "
            "neither a parameter nor a buffer is drawn in __init__; keep it with "
            "self.register_buffer",
            subject.line(r"torch\.rand|torch\.normal|np\.random|random\.", method="__init__"),
        )


def _reached_in_its_game(subject: NetworkSubject[Any], name: str) -> bool:
    """Whether a loss that this network plays in reaches a parameter by itself, as an encoder's."""
    if subject.game is None:
        return False
    try:
        return f"{subject.kind}.{name}" not in dict(unreached(subject.game))
    except (CheckError, Skipped):
        return False


def _backward(subject: NetworkSubject[Any], network: Generator | Discriminator) -> Tensor:
    """Go back from a random weighing of all that a pass publishes."""
    rng = torch.Generator().manual_seed(0)
    inputs, labels = subject.batch(network, 4)
    try:
        with seeded(0):
            published = network.outputs(inputs.clone(), labels)
    except Exception as error:
        raise wrong(
            f"a pass with gradients fails, and one without does not ({one_line(error)[:160]}): "
            f"{remedy(error) or 'it changes or reads what a gradient needs'}",
            authors_line(error),
        ) from error
    total = torch.zeros(())
    for value in published.values():
        if value.is_floating_point():
            total = total + (value * torch.randn(value.shape, generator=rng)).sum()
    if not total.requires_grad:
        raise wrong(
            f"nothing of its {subject.published} depends on its parameters: forward runs under "
            "torch.no_grad, goes through .detach() or .data, or leaves torch for numpy; write it "
            "in torch's operations, without these",
            subject.line(r"no_grad|detach\(|\.data\b|inference_mode|\.item\(|numpy"),
        )
    total.backward()  # type: ignore[no-untyped-call]
    return total


def _check_average(subject: NetworkSubject[Any], network: Generator) -> None:
    """The average moves, is drawn from, and takes batch statistics anew."""
    average = Ema(network)
    batch = subject.batch(network, 4)
    try:
        average.update(0.5)
        with seeded(0):
            average.snapshot([batch, batch])
    except Exception as error:
        raise wrong(
            f"its average cannot be taken ({one_line(error)[:160]}): parameters and buffers must "
            "stay the same tensors from pass to pass; change buffers by copy_ in forward",
            subject.line(),
        ) from error


def _used(subject: NetworkSubject[Any]) -> nn.Module:
    """A shaken network after a pass in train mode, so that its buffers are no longer new."""
    network = subject.lively().train()
    with seeded(7):
        subject.passed(network, *subject.batch(network, 4))
    network.eval()
    return network  # type: ignore[no-any-return]


def _made(subject: NetworkSubject[Any], network: Any) -> Tensor:
    """Samples or scores in eval mode, under one seed."""
    network.eval()
    with seeded(0):
        return subject.passed(network, *subject.batch(network, 3))


def _names(parameter: str) -> str:
    """A pattern of the line that makes a parameter: its first attribute."""
    return rf"self\.{parameter.partition('.')[0]}\b\s*(:|=)"
