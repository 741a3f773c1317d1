"""Checks of what a pass gives: shapes, types, and `outputs` beside `forward`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganzoo.errors import one_line
from ganzoo.interfaces import Discriminator, Generator
from ganzoo.testing.faults import wrong
from ganzoo.testing.players import NetworkSubject
from ganzoo.testing.probes import equal, seeded

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
    with seeded(0):
        made = subject.passed(network, inputs, labels)
    try:
        with torch.no_grad(), seeded(0):
            published = network.outputs(inputs, labels)
    except Exception as error:
        raise wrong(
            f"outputs() fails where forward does not ({one_line(error)[:160]}): it was written for "
            "other arguments, or forgets the labels; let one of the two call the other",
            at,
        ) from error
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
        mode = "train" if train else "eval"
        raise wrong(
            f"a batch of {len(inputs)} fails in {mode} mode ({one_line(error)[:200]}): inputs are "
            f"{list(inputs.shape)}, as its attributes say; make forward take any number of rows",
            subject.line(),
        ) from error
    if not isinstance(made, Tensor):
        raise wrong(
            f"forward returns a {type(made).__name__}: it returns the {subject.published} alone; "
            "publish the rest through `outputs`",
            subject.line(),
        )
    return made


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
