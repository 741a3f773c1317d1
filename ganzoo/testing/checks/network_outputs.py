"""Checks of what a pass returns: shapes, types, and `outputs` beside `forward`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganzoo.errors import CheckError
from ganzoo.interfaces import Discriminator, Generator
from ganzoo.testing.failures import (
    about_sizes,
    authors_line,
    refuses,
    remedy,
    reported_by,
    short,
    signature_of,
    wrong,
)
from ganzoo.testing.network_subjects import NetworkSubject
from ganzoo.testing.numerics import equal, seeded

#: Batch sizes that expose mistakes: one row, two, and a prime.
SIZES = (1, 2, 7)


def check_shapes(subject: NetworkSubject[Any]) -> str:
    """Batches of 1, 2 and 7 rows give samples [N, *S], or scores [N] or [N, K]; in train mode too.

    In train mode a single row may be refused, as batch norm does.
    """
    for train, sizes in ((False, SIZES), (True, SIZES[1:])):
        for n in sizes:
            network = subject.network().train(train)
            _check_shape(subject, network, _pass(subject, network, n), n)
    shape = list(subject.network().sample_shape)
    return f"{subject.published} of {shape}" if subject.kind == "generator" else f"of {shape}"


def check_inputs(subject: NetworkSubject[Any]) -> None:
    """A pass leaves its inputs unchanged."""
    network = subject.network()
    inputs, labels = subject.batch(network, 2)
    given = inputs.clone()
    with torch.no_grad(), seeded(0), reported_by("check_shapes", "a pass"):
        network(given, labels)
    if not equal(inputs, given):
        raise subject.wrong(
            "forward changes its inputs in place, and the loss reads them again: write x = x * 2 "
            "for x *= 2, drop the underscore of x.mul_(2), and drop inplace=True from the first "
            "activation",
            r"\w_\(|inplace=True|\]\s*[-+*/]?=|\w\s*[-+*/]=[^=]",
        )


def check_dtype(subject: NetworkSubject[Any]) -> None:
    """Everything that a pass publishes is float32 and finite."""
    network = subject.network()
    with torch.no_grad(), seeded(0):
        published = subject.outputs_of(network, *subject.batch(network, 2))
    for name, value in published.items():
        if value.is_floating_point() and value.dtype != torch.float32:
            raise subject.wrong(
                f"{name} are {str(value.dtype).removeprefix('torch.')}, and everything must be "
                "float32: a numpy array or torch.tensor([...], dtype=...) of another type came "
                "in; convert it where it is made",
                r"float64|double\(|\.half\(|bfloat16|numpy",
            )
        if not value.isfinite().all():
            raise subject.wrong(
                f"{name} of an untrained network hold NaN or infinity: a division by 0, or a log "
                "or root of a number that may be 0 or less; add a small number there",
                r"\blog\(|sqrt|/|rsqrt",
            )


def check_outputs(subject: NetworkSubject[Any]) -> None:
    """`outputs` publishes what `forward` returns, and perhaps more."""
    subject.steady()
    network = subject.network()
    inputs, labels = subject.batch(network, 2)
    if refuses(network.outputs, 2):
        raise subject.wrong(
            "outputs is called like forward, with labels too, and is declared as "
            f"{signature_of(network.outputs)}: add labels=None to its arguments",
            method="outputs",
        )
    with seeded(0):
        returned = subject.passed(network, inputs, labels)
    try:
        with torch.no_grad(), seeded(0):
            published: Any = network.outputs(inputs, labels)
    except Exception as error:
        raise subject.wrong(
            f"outputs() fails and forward does not ({short(error)}): it takes other arguments, or "
            "forgets the labels; let one of the two call the other",
            method="outputs",
        ) from error
    if problem := _outputs_fault(subject.published, published, returned):
        raise subject.wrong(problem, method="outputs")


def _outputs_fault(main: str, published: Any, returned: Tensor) -> str:
    """What is wrong with what `outputs` returns beside what `forward` returned."""
    if not isinstance(published, dict):
        return (
            f"outputs() returns a {type(published).__name__}, and losses look outputs up by name: "
            f'return a dict, such as {{"{main}": values}}'
        )
    for name, value in published.items():
        if not isinstance(value, Tensor):
            return (
                f"outputs() publishes {name!r} as a {type(value).__name__}, and every output must "
                "be a tensor: convert it, or leave it out"
            )
    if main not in published:
        return (
            f"outputs() publishes {', '.join(published) or 'nothing'} and not {main!r}, which "
            "losses read: return it beside the rest"
        )
    if not equal(published[main], returned):
        return (
            f"outputs()[{main!r}] is not what forward returns: it is computed in two places; let "
            f"forward return self.outputs(...)[{main!r}]"
        )
    return ""


def _pass(subject: NetworkSubject[Any], network: Generator | Discriminator, n: int) -> Tensor:
    """One pass of n rows; raises the reason if it fails."""
    inputs, labels = subject.batch(network, n)
    try:
        with torch.no_grad(), seeded(0):
            returned = network(inputs, labels)
    except Exception as error:
        raise _why_it_failed(subject, network, error, inputs) from error
    if not isinstance(returned, Tensor):
        raise subject.wrong(
            f"forward returns a {type(returned).__name__}, and must return the "
            f"{subject.published} alone: publish the rest through `outputs`"
        )
    return returned


def _why_it_failed(
    subject: NetworkSubject[Any],
    network: Generator | Discriminator,
    error: Exception,
    inputs: Tensor,
) -> CheckError:
    """Why a pass fails: forward's signature, the error itself, or the sizes of the inputs."""
    is_generator = subject.kind == "generator"
    if refuses(network.forward, 2):
        first = "latents" if is_generator else "samples"
        return subject.wrong(
            f"forward is called with {first} and labels (None without classes), and is declared "
            f"as {signature_of(network.forward)}: write def forward(self, {first}, labels=None)"
        )
    mode = "train" if network.training else "eval"
    problem = f"a batch of {len(inputs)} fails in {mode} mode ({short(error, 200)})"
    if hint := remedy(error):
        return wrong(f"{problem}: {hint}", authors_line(error) or subject.line())
    problem = f"{problem}: inputs are {list(inputs.shape)}, as its attributes say"
    if any(_passes(subject, n, train=network.training) for n in (1, 2, 4, 7)):
        return subject.wrong(f"{problem}; make forward take any number of rows")
    if about_sizes(error):
        attribute = "latent_dim" if is_generator else "sample_shape"
        problem = f"{problem}; a layer is made for other sizes: change it, or {attribute}"
    return wrong(problem, authors_line(error) or subject.line())


def _passes(subject: NetworkSubject[Any], n: int, *, train: bool) -> bool:
    network = subject.network().train(train)
    try:
        with torch.no_grad(), seeded(0):
            network(*subject.batch(network, n))
    except Exception:
        return False
    return True


def _check_shape(
    subject: NetworkSubject[Any], network: Generator | Discriminator, returned: Tensor, n: int
) -> None:
    shape, mode = list(returned.shape), "train" if network.training else "eval"
    if subject.kind == "generator":
        promised = [n, *network.sample_shape]
        if shape != promised:
            raise subject.wrong(
                f"{n} latents become {shape} in {mode} mode, and {promised} is promised: "
                "sample_shape is not what forward makes, or rows are lost (squeeze() drops a batch "
                "of 1; a view with a fixed batch size does not fit); change one of the two",
                r"squeeze\(\)|\.view\(|reshape\(",
            )
    elif returned.dim() not in (1, 2) or len(returned) != n:
        raise subject.wrong(
            f"{n * subject.unit} samples get scores {shape} in {mode} mode, and [N] or [N, K] is "
            "promised: squeeze() drops a batch of 1, or maps of scores are not flattened; end with "
            ".flatten(1), or .squeeze(1) for one score",
            r"squeeze\(\)|mean\(\)|\.view\(",
        )
    elif returned.dim() == 2 and returned.shape[1] == 1 and n > 1:
        raise subject.wrong(
            f"{n * subject.unit} samples get scores {shape} in {mode} mode: a loss that combines "
            f"them with [N] broadcasts to [N, N]; end with .squeeze(1) for one score a sample",
            r"Linear\(.*1\)|flatten\(1\)|return",
        )
