"""The core's losses: each combines a game with optional penalties."""

from __future__ import annotations

import math
from abc import ABC

import torch
from torch import Tensor

from ganzoo.errors import ConfigError
from ganzoo.interfaces import Discriminator, Loss, Round, Terms
from ganzoo.losses import adversarial as game
from ganzoo.losses.penalties import Judge, r1_penalty, r2_penalty


def scores(round: Round) -> tuple[Tensor, Tensor]:
    """Scores of the round's real and fake samples, which are logged.

    They are scored in one pass if the discriminator scores samples independently.
    """
    judge, labels = round.discriminator, round.labels
    if isinstance(judge.module, Discriminator) and judge.module.independent:
        twice = None if labels is None else torch.cat([labels, labels])
        real, fake = judge(torch.cat([round.real, round.fake]), twice).chunk(2)
    else:
        real, fake = judge(round.real), judge(round.fake)
    round.log("real_scores", real)
    round.log("fake_scores", fake)
    return real, fake


class PenalisedLoss(Loss, ABC):
    """A loss with R1 and R2, each at every `penalty_interval`-th turn.

    A lazy penalty is multiplied by the interval, so that its mean weight stays gamma / 2
    (Karras et al. 2020, section 3.1).
    """

    def __init__(
        self, r1_gamma: float = 0.0, r2_gamma: float = 0.0, penalty_interval: int = 1
    ) -> None:
        if not (0 <= r1_gamma < math.inf and 0 <= r2_gamma < math.inf):  # NaN is in no range
            raise ConfigError(f"gammas must be 0 or more, found {r1_gamma} and {r2_gamma}")
        if type(penalty_interval) is not int:
            raise ConfigError(f"penalty_interval is a whole number, found {penalty_interval!r}")
        if penalty_interval < 1:
            raise ConfigError(f"penalty_interval must be 1 or more, found {penalty_interval}")
        self.r1_gamma, self.r2_gamma = r1_gamma, r2_gamma
        self.penalty_interval = penalty_interval
        self.takes_r1, self.takes_r2 = (
            r1_gamma > 0,
            r2_gamma > 0,
        )  # schedules may change the weights
        self.double_backward = self.takes_r1 or self.takes_r2

    def penalties(self, round: Round) -> Terms:
        """The weighted penalties that are due at this turn."""
        return self.penalties_at(round, round.discriminator, round.real, round.fake)

    def penalties_at(self, round: Round, judge: Judge, real: Tensor, fake: Tensor) -> Terms:
        """The same at other samples, for a loss whose discriminator judges more than samples."""
        if not round.due(self.penalty_interval):
            return {}
        terms, weight = {}, self.penalty_interval / 2
        if self.takes_r1:
            terms["r1"] = weight * self.r1_gamma * r1_penalty(judge, real)
        if self.takes_r2:
            terms["r2"] = weight * self.r2_gamma * r2_penalty(judge, fake)
        return terms


class Minimax(PenalisedLoss):
    """The saturating game: both players share one value (Goodfellow et al. 2014, eq. 1)."""

    def discriminator(self, round: Round) -> Terms:
        """Maximise the log-likelihood of telling real from fake."""
        real, fake = scores(round)
        terms = {"real": game.logistic_real(real), "fake": game.logistic_fake(fake)}
        return {**terms, **self.penalties(round)}

    def generator(self, round: Round) -> Terms:
        """Minimise what the discriminator maximises."""
        return {"generator": game.minimax_generator(round.discriminator(round.fake))}


class NonSaturating(PenalisedLoss):
    """The game used in practice (Goodfellow et al. 2014, end of section 3)."""

    def discriminator(self, round: Round) -> Terms:
        """Maximise the log-likelihood of telling real from fake."""
        real, fake = scores(round)
        terms = {"real": game.logistic_real(real), "fake": game.logistic_fake(fake)}
        return {**terms, **self.penalties(round)}

    def generator(self, round: Round) -> Terms:
        """Maximise the log-likelihood that fakes are taken for real."""
        return {"generator": game.non_saturating_generator(round.discriminator(round.fake))}


class LeastSquares(PenalisedLoss):
    """LSGAN with targets 0, 1 and 1 (Mao et al. 2017, eq. 9)."""

    def discriminator(self, round: Round) -> Terms:
        """Pull real scores to 1 and fake ones to 0."""
        real, fake = scores(round)
        terms = {"real": game.least_squares(real, 1.0), "fake": game.least_squares(fake, 0.0)}
        return {**terms, **self.penalties(round)}

    def generator(self, round: Round) -> Terms:
        """Pull fake scores to 1."""
        return {"generator": game.least_squares(round.discriminator(round.fake), 1.0)}


class Hinge(PenalisedLoss):
    """The hinge game (Lim and Ye 2017; Miyato et al. 2018, eq. 16 and 17)."""

    def discriminator(self, round: Round) -> Terms:
        """Push real scores above 1 and fake ones below -1."""
        real, fake = scores(round)
        terms = {"real": game.hinge_real(real), "fake": game.hinge_fake(fake)}
        return {**terms, **self.penalties(round)}

    def generator(self, round: Round) -> Terms:
        """Raise the fakes' scores."""
        return {"generator": game.hinge_generator(round.discriminator(round.fake))}


class Relativistic(PenalisedLoss):
    """The relativistic logistic game over pairs (Jolicoeur-Martineau 2018, RSGAN)."""

    def discriminator(self, round: Round) -> Terms:
        """Score each real sample above its fake partner."""
        real, fake = scores(round)
        return {"pairs": game.relativistic(real, fake), **self.penalties(round)}

    def generator(self, round: Round) -> Terms:
        """Score each fake above its real partner."""
        real, fake = round.discriminator(round.real), round.discriminator(round.fake)
        return {"generator": game.relativistic(fake, real)}
