"""Checks of what a pass gives: shapes, types, and `outputs` beside `forward`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganzoo.errors import CheckError, one_line
from ganzoo.interfaces import Discriminator, Generator
from ganzoo.testing.causes import of_sizes, refuses, remedy, written
from ganzoo.testing.failures import authors_line, told_by, wrong
from ganzoo.testing.network_subjects import NetworkSubject
from ganzoo.testing.numerics import equal, seeded

#: Batch sizes that code gets wrong: one row, two, and a number that nothing divides.
SIZES = (1, 2, 7)


def check_shapes(subject: NetworkSubject[Any]) -> str:
    """Batches of 1, 2 and 7 rows give samples [N, *S], or scores [N] or [N, K]; in train mode too.

    In train mode a single row may be refused, as batch norm does.
    """
    for train, sizes in ((False, SIZES), (True, SIZES[1:])):
        for n in sizes:
            made = _pass(subject, subject.network().train(train), n, train=train)
            _check_shape(subject, made, n, train=train)
    network = subject.network()
    shape = list(network.sample_shape)
    return f"{subject.published} of {shape}" if subject.kind == "generator" else f"of {shape}"


def check_inputs(subject: NetworkSubject[Any]) -> None:
    """A pass leaves what it is given as it was."""
    network = subject.network()
    inputs, labels = subject.batch(network, 2)
    given = inputs.clone()
    with torch.no_grad(), seeded(0), told_by("check_shapes", "a pass"):
        network(given, labels)
    if not equal(inputs, given):
        raise wrong(
            "forward changes its inputs, which the loss reads again: an operation in place; write "
            "x = x * 2 for x *= 2, take the underscore from x.mul_(2) and inplace=True from an "
            "activation that comes first",
            subject.line(r"\w_\(|inplace=True|\]\s*[-+*/]?=|\w\s*[-+*/]=[^=]"),
        )


def check_dtype(subject: NetworkSubject[Any]) -> None:
    """Everything that a pass publishes is float32, and finite."""
    network = subject.network()
    with torch.no_grad(), seeded(0):
        published = subject.published_by(network, *subject.batch(network, 2))
    for name, value in published.items():
        if value.is_floating_point() and value.dtype != torch.float32:
            raise wrong(
                f"{name} are {_short(value.dtype)}, everything is float32: something of another "
                "type came in, such as a numpy array or torch.tensor([...], dtype=...); make it "
                "float32 where it is made",
                subject.line(r"float64|double\(|\.half\(|bfloat16|numpy"),
            )
        if not value.isfinite().all():
            raise wrong(
                f"{name} of an untrained network hold NaN or infinity: a division by 0, or a log "
                "or root of what may be 0 or less; add a small number there",
                subject.line(r"\blog\(|sqrt|/|rsqrt"),
            )


def check_outputs(subject: NetworkSubject[Any]) -> None:
    """`outputs` publishes what `forward` returns, and perhaps more."""
    subject.steady()
    network = subject.network()
    inputs, labels = subject.batch(network, 2)
    at = subject.line(method="outputs")
    if refuses(network.outputs, 2):
        raise wrong(
            f"outputs is called like forward, with labels too, and it is written "
            f"{written(network.outputs)}: add labels=None to its arguments",
            at,
        )
    with seeded(0):
        made = subject.passed(network, inputs, labels)
    try:
        with torch.no_grad(), seeded(0):
            published: Any = network.outputs(inputs, labels)
    except Exception as error:
        raise wrong(
            f"outputs() fails where forward does not ({one_line(error)[:160]}): it was written for "
            "other arguments, or forgets the labels; let one of the two call the other",
            at,
        ) from error
    if not isinstance(published, dict):
        raise wrong(
            f"outputs() returns a {type(published).__name__}: it returns a dict of what a pass "
            f'publishes, such as {{"{subject.published}": values}}',
            at,
        )
    if odd := [name for name, value in published.items() if not isinstance(value, Tensor)]:
        raise wrong(
            f"outputs() publishes {odd[0]!r} as a {type(published[odd[0]]).__name__}: all that is "
            "published is a tensor; leave it out, or make it one",
            at,
        )
    if subject.published not in published:
        raise wrong(
            f"outputs() publishes {', '.join(published) or 'nothing'} and not "
            f"{subject.published!r}: losses read that; return it beside the rest",
            at,
        )
    if not equal(published[subject.published], made):
        raise wrong(
            f"outputs()[{subject.published!r}] is not what forward returns: the two were written "
            f"twice; let forward return self.outputs(...)[{subject.published!r}]",
            at,
        )


def _pass(
    subject: NetworkSubject[Any], network: Generator | Discriminator, n: int, *, train: bool
) -> Tensor:
    """One pass of n rows, whose failure is told."""
    inputs, labels = subject.batch(network, n)
    try:
        with torch.no_grad(), seeded(0):
            made = network(inputs, labels)
    except Exception as error:
        raise _failed(subject, network, error, inputs, train=train) from error
    if not isinstance(made, Tensor):
        raise wrong(
            f"forward returns a {type(made).__name__}: it returns the {subject.published} alone; "
            "publish the rest through `outputs`",
            subject.line(),
        )
    return made


def _failed(
    subject: NetworkSubject[Any],
    network: Generator | Discriminator,
    error: Exception,
    inputs: Tensor,
    *,
    train: bool,
) -> CheckError:
    """Why a pass fails: how forward is called, what its line says, or the sizes of its inputs."""
    if refuses(network.forward, 2):
        first = "latents" if subject.kind == "generator" else "samples"
        return wrong(
            f"forward is called with {first} and labels (None without classes), and it is written "
            f"{written(network.forward)}: write def forward(self, {first}, labels=None)",
            subject.line(),
        )
    said = f"a batch of {len(inputs)} fails in {'train' if train else 'eval'} mode"
    said = f"{said} ({one_line(error)[:200]})"
    if hint := remedy(error):
        return wrong(f"{said}: {hint}", authors_line(error) or subject.line())
    said = f"{said}: inputs are {list(inputs.shape)}, as its attributes say"
    if any(_passes(subject, n, train=train) for n in (1, 2, 4, 7)):
        return wrong(f"{said}; make forward take any number of rows", subject.line())
    if of_sizes(error):
        says = "latent_dim" if subject.kind == "generator" else "sample_shape"
        said = f"{said}; a layer is made for other sizes: change it, or {says}"
    return wrong(said, authors_line(error) or subject.line())


def _passes(subject: NetworkSubject[Any], n: int, *, train: bool) -> bool:
    """Whether so many rows go through."""
    network = subject.network().train(train)
    try:
        with torch.no_grad(), seeded(0):
            network(*subject.batch(network, n))
    except Exception:
        return False
    return True


def _check_shape(subject: NetworkSubject[Any], made: Tensor, n: int, *, train: bool) -> None:
    found, mode = list(made.shape), "train" if train else "eval"
    if subject.kind == "generator":
        wanted = [n, *subject.network().sample_shape]
        if found != wanted:
            raise wrong(
                f"{n} latents become {found} in {mode} mode, and {wanted} is promised: "
                "sample_shape is not what forward makes, or rows are lost (squeeze() drops a batch "
                "of 1, a view with a fixed batch size does not fit); change one of the two",
                subject.line(r"squeeze\(\)|\.view\(|reshape\("),
            )
    elif made.dim() not in (1, 2) or len(made) != n:
        rows = n * subject.unit
        raise wrong(
            f"{rows} samples get scores {found} in {mode} mode, and [N] or [N, K] is promised: "
            "squeeze() drops a batch of 1 and maps of scores are not flattened; end with "
            ".flatten(1), or .squeeze(1) for one score",
            subject.line(r"squeeze\(\)|mean\(\)|\.view\("),
        )


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
