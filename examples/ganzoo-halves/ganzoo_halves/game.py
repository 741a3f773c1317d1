"""The game: look real beside the condition, and lie near the one right answer."""

from typing import ClassVar

from ganzoo import GanzooError
from ganzoo.losses import (
    PenalisedLoss,
    logistic_fake,
    logistic_real,
    non_saturating_generator,
    scores,
)


class Pix2Pix(PenalisedLoss):
    """Conditional adversarial terms, and lambda |y - G(x, z)| (Isola et al. 2017, eq. 3 and 4).

    The discriminator's objective is halved (section 3.3). `nearness` is lambda, 100 in the paper.
    """

    recipe: ClassVar = {  # section 3.3
        "optimizers": {
            "generator": {"lr": 2e-4, "arguments": {"betas": [0.5, 0.999]}},
            "discriminator": {"lr": 2e-4, "arguments": {"betas": [0.5, 0.999]}},
        }
    }

    def __init__(self, nearness=100.0, r1_gamma=0.0, r2_gamma=0.0, penalty_interval=1):
        super().__init__(r1_gamma, r2_gamma, penalty_interval)
        self.nearness = nearness

    def discriminator(self, round):
        if round.labels is None:
            raise GanzooError("pix2pix needs conditions: players and data with a condition_shape")
        real, fake = scores(round)
        return {
            "real": logistic_real(real) / 2,
            "fake": logistic_fake(fake) / 2,
            **self.penalties(round),
        }

    def generator(self, round):
        apart = (round.real - round.fake).abs().flatten(1).mean(1)
        round.log("apart", apart)
        return {
            "adversarial": non_saturating_generator(round.discriminator(round.fake)),
            "nearness": self.nearness * apart,
        }
