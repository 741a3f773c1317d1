"""Checks of where randomness comes from, and of what a row of a batch depends on."""

from __future__ import annotations

from typing import Any

import torch

from ganzoo.testing.network_subjects import NetworkSubject
from ganzoo.testing.numerics import (
    buffers_kept,
    equal,
    first_difference,
    moved_states,
    random_states,
    relative_difference,
    seeded,
    tensors_of,
)

SEEDING = r"manual_seed|seed_everything|random\.seed|seed_all"
DRAWING = r"np\.random|numpy\.random|random\.(random|uniform|gauss|randint|choice)|manual_seed|seed"
#: How far a row may move by the order of sums alone, relative to the greatest value.
ROUNDING = 1e-3
ROWS = 7


def check_seeding(subject: NetworkSubject[Any]) -> None:
    """Equal seeds build equal networks, and building one seeds no global generator."""
    subject.network()  # modules that it imports for the first time may draw
    before = random_states()
    with seeded(1):
        first, state = subject.network(None), torch.get_rng_state()
    moved = moved_states(before, "numpy", "random")
    again = subject.network(1)
    with seeded(2):
        subject.network(None)
        other_state = torch.get_rng_state()
    if equal(state, other_state):
        raise subject.wrong(
            "building it sets torch's seed to a constant, so every run starts alike and later "
            "draws repeat: remove the seed; the engine sets it",
            SEEDING,
            "__init__",
        )
    if moved:
        raise subject.wrong(
            f"building it draws from, or seeds, the global generator of {moved[0]}, which no "
            "recipe's seed reaches: draw with torch alone",
            DRAWING,
            "__init__",
        )
    if name := first_difference(tensors_of(first), tensors_of(again)):
        raise subject.wrong(
            f"two networks built under one seed differ in {name!r}: it is drawn from another "
            "source (the time, a torch.Generator without a seed, the order of a set); draw from "
            "torch's own generator",
            r"torch\.Generator|time\.|set\(|urandom",
            "__init__",
        )


def check_determinism(subject: NetworkSubject[Any]) -> None:
    """In eval mode the same inputs give the same outputs, and a pass changes nothing."""
    network = subject.shaken()
    before = {name: tensor.clone() for name, tensor in tensors_of(network).items()}
    inputs, labels = subject.batch(network, ROWS)
    outputs, states = [], []
    for seed in (3, 3, 4):
        with seeded(seed):
            outputs.append(subject.passed(network, inputs, labels))
            states.append(torch.get_rng_state())
    if equal(states[0], states[2]):
        raise subject.wrong(
            "a pass sets torch's seed to a constant, for everything that draws after it: take the "
            "seed out of forward; layers that draw are seeded by whoever samples",
            SEEDING,
        )
    if name := first_difference(before, tensors_of(network)):
        raise subject.wrong(
            f"a pass in eval mode changes {name!r}, so samples depend on those drawn before: "
            "change it only `if self.training`",
            rf"self\.{name.partition('.')[0]}\b",
        )
    if not equal(outputs[0], outputs[1]):
        difference = relative_difference(outputs[0], outputs[1])
        raise subject.wrong(
            f"two passes in eval mode over the same inputs, under the same seed, differ by "
            f"{difference:.2g} of their size: it draws from another source, or keeps something "
            "from pass to pass; draw from torch's own generator",
            rf"{DRAWING}|torch\.Generator",
        )


def check_independence(subject: NetworkSubject[Any]) -> None:
    """In eval mode a row, or a pack, does not depend on the others of its batch."""
    network = subject.steady()
    if moved := others_move(subject, network):
        raise subject.wrong(
            f"row 0 changes by {moved:.2g} of its size when the other rows of the batch change, in "
            "eval mode: something is computed over the batch (a mean or std over dim 0, batch norm "
            "without running statistics); compute it for each sample, or keep running statistics",
            r"mean\(0|std\(0|var\(0|dim=0|track_running_stats|cdist|roll\(",
        )
    inputs, labels = subject.batch(network, ROWS)
    before = torch.get_rng_state()
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        whole = network(inputs, labels)[:1]
        drew = not equal(before, torch.get_rng_state())
        one = slice(0, len(inputs) // ROWS)
        alone = network(inputs[one], None if labels is None else labels[one])
    if not drew and (difference := relative_difference(alone, whole)) > ROUNDING:
        raise subject.wrong(
            f"a row by itself differs by {difference:.2g} of its size from the same row in a batch "
            f"of {ROWS}: something is divided by, or padded to, the size of the batch; compute it "
            "for each sample",
            r"len\(|shape\[0\]|size\(0\)",
        )


def others_move(subject: NetworkSubject[Any], network: Any) -> float:
    """How far the first and last rows (or packs) move when all others change; 0 is not at all."""
    (inputs, labels), (other, _) = (subject.batch(network, ROWS, seed) for seed in (0, 1))
    unit = len(inputs) // ROWS
    most = 0.0
    for kept, row in ((slice(0, unit), slice(0, 1)), (slice(-unit, None), slice(-1, None))):
        mixed = other.clone()
        mixed[kept] = inputs[kept]
        outputs = []
        for given in (inputs, mixed):
            with torch.no_grad(), seeded(5), buffers_kept(network):
                outputs.append(subject.passed(network, given, labels))
        most = max(most, relative_difference(outputs[0], outputs[1], row))
    return most if most > ROUNDING else 0.0
