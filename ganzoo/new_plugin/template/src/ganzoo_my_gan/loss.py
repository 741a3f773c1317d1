"""What the players minimise: least squares, to be replaced by your paper's objective."""

from __future__ import annotations

from ganzoo import Round, Terms
from ganzoo.losses import PenalisedLoss, scores


class MyGanLoss(PenalisedLoss):
    """LSGAN with targets 0, 1 and 1 (Mao et al. 2017, arXiv 1611.04076, eq. 9).

    A turn returns named values for each sample, weighed as they are to be; the engine takes their
    means and adds them up. `PenalisedLoss` brings R1 and R2, where they are asked for.
    """

    def discriminator(self, round: Round) -> Terms:
        """Minimise (D(x) - 1)^2 / 2 + D(G(z))^2 / 2."""
        real, fake = scores(round)
        return {
            "real": (real - 1).square() / 2,
            "fake": fake.square() / 2,
            **self.penalties(round),
        }

    def generator(self, round: Round) -> Terms:
        """Minimise (D(G(z)) - 1)^2 / 2."""
        return {"generator": (round.discriminator(round.fake) - 1).square() / 2}
