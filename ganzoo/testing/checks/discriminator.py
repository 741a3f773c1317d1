"""Checks of discriminators alone: scores are raw, and as independent as promised."""

from __future__ import annotations

from ganzoo.testing.checks.network_randomness import others_move
from ganzoo.testing.network_subjects import DiscriminatorSubject
from ganzoo.testing.numerics import seeded, shake

#: Networks that are looked at: one as it is built, the others shaken.
TRIES = 5
ROWS = 16
#: Factors by which samples are scaled.
SCALES = (1.0, 30.0, 1000.0)
SIGMOID = r"[Ss]igmoid|[Ss]oftmax|clamp\(0|clip\(0"


def check_independent(subject: DiscriminatorSubject) -> str | None:
    """`independent` is true only if scores depend on single samples in train mode too."""
    network = subject.steady().train()
    if not network.independent:
        return "not promised"
    if subject.unit > 1:
        raise subject.wrong(
            f"independent is True, and {subject.unit} samples share a score, so losses would score "
            "real and fake ones in one pass: write self.independent = pack == 1",
            "independent",
        )
    if moved := others_move(subject, network):
        raise subject.wrong(
            f"independent is True, and in train mode row 0's score changes by {moved:.2g} of its "
            "size when other rows change: batch norm, or other statistics of the batch, would mix "
            "real and fake samples that losses score in one pass; set independent = False",
            "independent",
        )
    return None


def check_raw_scores(subject: DiscriminatorSubject) -> None:
    """Scores are raw: some weights and samples take them outside [0, 1]."""
    low, high = float("inf"), -float("inf")
    for seed in range(TRIES):
        network = subject.network()
        if seed:
            shake(network, seed)
        samples, labels = subject.batch(network, ROWS, seed)
        for scale in SCALES:
            with seeded(0):
                scores = subject.passed(network, scale * samples, labels)
            scores = scores[scores.isfinite()]
            if len(scores):
                low, high = min(low, float(scores.min())), max(high, float(scores.max()))
    if 0 <= low <= high <= 1:
        raise subject.wrong(
            f"every score lies in [0, 1], from {low:.3g} to {high:.3g}, whatever the weights and "
            "the samples: it ends in a sigmoid, and losses take raw scores and apply their own; "
            "remove the last activation",
            SIGMOID,
        )
