"""Checks of where randomness comes from, and of what a row of a batch depends on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganzoo.interfaces import Generator
from ganzoo.testing.causes import refuses, written
from ganzoo.testing.failures import wrong
from ganzoo.testing.network_subjects import DiscriminatorSubject, GeneratorSubject, NetworkSubject
from ganzoo.testing.numerics import (
    apart,
    equal,
    first_difference,
    moved_states,
    random_states,
    seeded,
    tensors_of,
)

SEEDING = r"manual_seed|seed_everything|random\.seed|seed_all"
DRAWING = r"np\.random|numpy\.random|random\.(random|uniform|gauss|randint|choice)|manual_seed|seed"
#: What a row may move by the order of sums alone, against the greatest value.
ROUNDING = 1e-3
ROWS = 7


def check_seeding(subject: NetworkSubject[Any]) -> None:
    """Equal seeds build equal networks, and building one seeds nobody's generators."""
    subject.network()  # whatever it imports first may draw
    before = random_states()
    with seeded(1):
        first, state = subject.network_here(), torch.get_rng_state()
    moved = moved_states(before, "numpy", "random")
    with seeded(1):
        again = subject.network_here()
    with seeded(2):
        subject.network_here()
        other_state = torch.get_rng_state()
    if equal(state, other_state):
        raise wrong(
            "building it sets torch's seed to a fixed one: every run would start alike, and "
            "whatever draws afterwards repeats itself; take the seed out, the engine sets it",
            subject.line(SEEDING, method="__init__"),
        )
    if moved:
        raise wrong(
            f"building it draws from, or seeds, the global generator of {moved[0]}: no recipe's "
            "seed reaches that; draw with torch alone",
            subject.line(DRAWING, method="__init__"),
        )
    if name := first_difference(tensors_of(first), tensors_of(again)):
        raise wrong(
            f"two networks built under one seed differ in {name!r}: it is drawn from another "
            "source (the time, a torch.Generator without a seed, the order of a set); draw from "
            "torch's own generator",
            subject.line(r"torch\.Generator|time\.|set\(|urandom", method="__init__"),
        )


def check_determinism(subject: NetworkSubject[Any]) -> None:
    """In eval mode the same inputs give the same outputs, and a pass changes nothing."""
    network = subject.lively()
    before = {name: tensor.clone() for name, tensor in tensors_of(network).items()}
    inputs, labels = subject.batch(network, ROWS)
    made, states = [], []
    for seed in (3, 3, 4):
        with seeded(seed):
            made.append(subject.passed(network, inputs, labels))
            states.append(torch.get_rng_state())
    if equal(states[0], states[2]):
        raise wrong(
            "a pass sets torch's seed to a fixed one, for everything that draws after it; take "
            "the seed out of forward, layers that draw are seeded by whoever samples",
            subject.line(SEEDING),
        )
    if name := first_difference(before, tensors_of(network)):
        raise wrong(
            f"a pass in eval mode changes {name!r}: samples would depend on those drawn before; "
            "change it only `if self.training`",
            subject.line(_attribute(name)),
        )
    if not equal(made[0], made[1]):
        raise wrong(
            f"two passes in eval mode over the same inputs differ by {apart(made[0], made[1]):.2g} "
            "of their size, with torch's seed the same: it draws from another source, or keeps "
            "something from pass to pass; draw from torch's own generator",
            subject.line(rf"{DRAWING}|torch\.Generator"),
        )


def check_independence(subject: NetworkSubject[Any]) -> None:
    """In eval mode a row, or a pack, does not depend on the others of its batch."""
    network = subject.steady()
    if moved := mates_move(subject, network):
        raise wrong(
            f"row 0 changes by {moved:.2g} of its size when the other rows of the batch do, in "
            "eval mode: something is computed over the batch (a mean or a std over dim 0, batch "
            "norm without running statistics); compute it for each sample, or keep running "
            "statistics for eval mode",
            subject.line(r"mean\(0|std\(0|var\(0|dim=0|track_running_stats|cdist|roll\("),
        )
    inputs, labels = subject.batch(network, ROWS)
    before = torch.get_rng_state()
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        whole = network(inputs, labels)[:1]
        drew = not equal(before, torch.get_rng_state())
        one = slice(0, len(inputs) // ROWS)
        alone = network(inputs[one], None if labels is None else labels[one])
    if not drew and apart(alone, whole) > ROUNDING:
        raise wrong(
            f"a row by itself differs by {apart(alone, whole):.2g} of its size from the same row "
            f"in a batch of {ROWS}: something is divided by, or padded to, the size of the batch; "
            "compute it for each sample",
            subject.line(r"len\(|shape\[0\]|size\(0\)"),
        )


def check_independent(subject: DiscriminatorSubject) -> str | None:
    """`independent` is true only where scores are of single samples in train mode too."""
    network = subject.steady().train()
    if not network.independent:
        return "not promised"
    if subject.unit > 1:
        raise wrong(
            f"independent is True, and {subject.unit} samples share a score: losses would score "
            "real and fake ones in one pass; write self.independent = pack == 1",
            subject.line("independent"),
        )
    if moved := mates_move(subject, network):
        raise wrong(
            f"independent is True, and in train mode row 0's score changes by {moved:.2g} of its "
            "size when other rows do: it has batch norm, or statistics of the batch, and losses "
            "would score real and fake samples in one pass; set independent = False",
            subject.line("independent"),
        )
    return None


def check_latents(subject: GeneratorSubject) -> None:
    """`sample_latents` draws [n, D] in float32 from the generator that it is given."""
    network = subject.network()
    if refuses(network.sample_latents, 1, rng=None):
        raise wrong(
            f"sample_latents is called with n and rng=..., and it is written "
            f"{written(network.sample_latents)}: write def sample_latents(self, n, *, rng)",
            subject.line(method="sample_latents"),
        )
    before = random_states()
    draws = [
        network.sample_latents(ROWS, rng=torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    ]
    moved = moved_states(before, "torch", "numpy", "random")
    at = subject.line(method="sample_latents")
    if moved or not equal(draws[0], draws[1]):
        raise wrong(
            f"sample_latents draws from {moved[0] if moved else 'another source'} and not from "
            "`rng`: latents would not be a function of the seed; pass generator=rng to every "
            "torch.rand and torch.randn",
            at,
        )
    wanted = [ROWS, network.latent_dim]
    if list(draws[0].shape) != wanted or draws[0].dtype != torch.float32:
        raise wrong(
            f"sample_latents({ROWS}) gives {list(draws[0].shape)} {draws[0].dtype}, and float32 "
            f"{wanted} is promised by latent_dim = {network.latent_dim}; change one of the two",
            at,
        )
    if network.latent_dim and equal(draws[0], draws[2]):
        raise wrong("sample_latents gives the same latents under every seed; draw them", at)


def check_labels(subject: NetworkSubject[Any]) -> str | None:
    """Where `num_classes` is set, outputs differ when nothing but the labels does."""
    network = subject.steady()
    classes = network.num_classes
    if classes is None:
        return "takes no labels"
    inputs, labels = subject.batch(network, ROWS)
    if labels is None or _says_classes(subject, network, inputs, labels):
        return "says the class itself"
    made = []
    for shift in (0, 1):
        with seeded(5):
            told = (labels + shift) % classes
            with torch.no_grad():
                made.append(subject.published_by(network, inputs, told))
    if first_difference(made[0], made[1]) is None:
        raise wrong(
            f"num_classes is {classes}, and labels change nothing: forward takes them and does not "
            "use them; feed them in (an embedding, a projection), or leave num_classes None",
            subject.line(),
        )
    return None


def mates_move(subject: NetworkSubject[Any], network: Any) -> float:
    """How much the first and last rows (or packs) move when all others change; 0 is not at all."""
    (inputs, labels), (other, _) = (subject.batch(network, ROWS, seed) for seed in (0, 1))
    unit = len(inputs) // ROWS
    buffers = [(buffer, buffer.clone()) for buffer in network.buffers()]
    most = 0.0
    for kept in (slice(0, unit), slice(len(inputs) - unit, len(inputs))):
        mixed = other.clone()
        mixed[kept] = inputs[kept]
        made = []
        for given in (inputs, mixed):
            with torch.no_grad(), seeded(5):
                made.append(subject.passed(network, given, labels))
                for buffer, value in buffers:  # which passes in train mode move
                    buffer.copy_(value)
        place = slice(0, 1) if kept.start == 0 else slice(-1, None)
        most = max(most, _moved(made[0], made[1], place))
    return most if most > ROUNDING else 0.0


def _moved(a: Tensor, b: Tensor, place: slice) -> float:
    """How far rows lie apart, against the greatest value of the whole batch."""
    scale = max(float(a.abs().max()), float(b.abs().max()), 1e-12)
    return float((a[place] - b[place]).abs().max()) / scale


def _says_classes(
    subject: NetworkSubject[Any], network: Any, inputs: Tensor, labels: Tensor
) -> bool:
    """Whether a discriminator says the class itself: then nobody needs to tell it."""
    if isinstance(network, Generator):
        return False
    with torch.no_grad(), seeded(5):
        published = subject.published_by(network, inputs, labels)
    return any(
        name != "scores" and value.dim() == 2 and value.shape[1] >= network.num_classes
        for name, value in published.items()
    )


def _attribute(name: str) -> str:
    return rf"self\.{name.partition('.')[0]}\b"
