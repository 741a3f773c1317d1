"""The adversarial games on raw scores, one function for each equation.

Each takes scores of any shape and returns values of that shape, to be minimised. If a paper's D(x)
is a probability, it is the sigmoid of a score: -log D(x) is softplus(-score), and -log(1 - D(x)) is
softplus(score).
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import relu, softplus


def logistic_real(real: Tensor) -> Tensor:
    """-log D(x): the discriminator's first term (Goodfellow et al. 2014, eq. 1)."""
    return softplus(-real)


def logistic_fake(fake: Tensor) -> Tensor:
    """-log(1 - D(G(z))): the discriminator's second term (Goodfellow et al. 2014, eq. 1)."""
    return softplus(fake)


def minimax_generator(fake: Tensor) -> Tensor:
    """log(1 - D(G(z))): the saturating generator (Goodfellow et al. 2014, eq. 1)."""
    return -softplus(fake)


def non_saturating_generator(fake: Tensor) -> Tensor:
    """-log D(G(z)): the non-saturating generator (Goodfellow et al. 2014, end of section 3)."""
    return softplus(-fake)


def least_squares(scores: Tensor, target: float) -> Tensor:
    """(D - target)^2 / 2 (Mao et al. 2017, eq. 9: targets 1 and 0 for D, 1 for G)."""
    return (scores - target).square() / 2


def hinge_real(real: Tensor) -> Tensor:
    """max(0, 1 - D(x)) (Lim and Ye 2017; Miyato et al. 2018, eq. 16)."""
    return relu(1 - real)


def hinge_fake(fake: Tensor) -> Tensor:
    """max(0, 1 + D(G(z))) (Lim and Ye 2017; Miyato et al. 2018, eq. 16)."""
    return relu(1 + fake)


def hinge_generator(fake: Tensor) -> Tensor:
    """-D(G(z)) (Miyato et al. 2018, eq. 17)."""
    return -fake


def relativistic(winner: Tensor, loser: Tensor) -> Tensor:
    """-log sigmoid(C(winner) - C(loser)) over pairs (Jolicoeur-Martineau 2018, RSGAN).

    The winner is the real sample in the discriminator's turn, the fake one in the generator's.
    """
    return softplus(loser - winner)
