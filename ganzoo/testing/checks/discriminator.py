"""Checks of what a player's numbers mean: samples in the data's range, scores that are raw.

Both are made of shaken networks: a bound that holds whatever the weights are is in the code.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.testing.failures import wrong
from ganzoo.testing.network_subjects import DiscriminatorSubject, GeneratorSubject
from ganzoo.testing.numerics import seeded, shake

#: Networks that are looked at: the first as it is built, the others shaken.
TRIES = 5
ROWS = 16
#: How far beyond its range rounding may bring a value (the metrics' own slack).
SLACK = 1e-3
#: How large the samples are that scores are looked at for.
SIZES = (1.0, 30.0, 1000.0)
SIGMOID = r"[Ss]igmoid|[Ss]oftmax|clamp\(0|clip\(0"


def check_range(subject: GeneratorSubject) -> str:
    """In eval mode samples lie in the data's range whatever the weights are, and fill both halves.

    Images lie in [-1, 1]. Where the data states no range, nothing is asked.
    """
    span = _span(subject)
    if span is None:
        return "the data states no range"
    low, high = span
    made = torch.cat([_samples(subject, seed) for seed in range(TRIES)])
    least, most = float(made.min()), float(made.max())
    slack, middle = SLACK * (high - low) / 2, (low + high) / 2
    if least < low - slack or most > high + slack:
        raise wrong(
            f"samples reach from {least:.3g} to {most:.3g}, and the data lies in [{low:g}, "
            f"{high:g}]: nothing holds them there once weights grow; end in nn.Tanh() (scaled to "
            "the range), or clamp them in eval mode",
            subject.line(r"Sequential\(|self\.layers|return"),
        )
    if least >= middle - slack or most <= middle + slack:
        half = "upper" if least >= middle - slack else "lower"
        raise wrong(
            f"all samples lie in the {half} half, from {least:.3g} to {most:.3g}, and the data "
            f"fills [{low:g}, {high:g}]: they seem to end in a sigmoid or a relu; end in "
            "nn.Tanh(), or return 2 * x - 1 of what lies in [0, 1]",
            subject.line(SIGMOID + r"|ReLU|relu"),
        )
    return f"in [{low:g}, {high:g}]"


def check_raw_scores(subject: DiscriminatorSubject) -> None:
    """Scores are raw: of some weights and samples, they leave [0, 1]."""
    low, high = float("inf"), -float("inf")
    for seed in range(TRIES):
        network = subject.network()
        if seed:
            shake(network, seed)
        for size in SIZES:
            samples, labels = subject.batch(network, ROWS, seed)
            with seeded(0):
                scores = subject.passed(network, size * samples, labels)
            scores = scores[scores.isfinite()]
            if len(scores):
                low, high = min(low, float(scores.min())), max(high, float(scores.max()))
    if 0 <= low <= high <= 1:
        raise wrong(
            f"every score lies in [0, 1], from {low:.3g} to {high:.3g}, whatever the weights and "
            "the samples: it ends in a sigmoid, and losses take raw scores (theirs is inside); "
            "take the last activation away",
            subject.line(SIGMOID),
        )


def _span(subject: GeneratorSubject) -> tuple[float, float] | None:
    """The range of the generator's data; [-1, 1] for images of which there is no data."""
    if subject.data is not None:
        return subject.data.value_range
    shape = subject.network().sample_shape
    return (-1.0, 1.0) if len(shape) == 3 and shape[0] in (1, 3) else None


def _samples(subject: GeneratorSubject, seed: int) -> Tensor:
    """Finite values of samples of a network, which but for the first is shaken."""
    network = subject.network()
    if seed:
        shake(network, seed)
    with seeded(seed):
        made = subject.passed(network, *subject.batch(network, ROWS, seed)).flatten()
    return made[made.isfinite()]
