"""The game: who sounds more real than the others on average, and which pitch is it."""

from torch.nn.functional import cross_entropy

from ganzoo import GanzooError
from ganzoo.losses import PenalisedLoss


def above(scores, others):
    """(C(x) - E C(y) - 1)^2: x scores 1 more than the average y.

    RaLSGAN (Jolicoeur-Martineau 2018, arXiv 1807.00734): the relativistic average GAN with
    LSGAN's squares. The discriminator minimises
    E (C(x_r) - E C(x_f) - 1)^2 + E (C(x_f) - E C(x_r) + 1)^2, the generator the same with real
    and fake exchanged.
    """
    return (scores - others.mean() - 1).square()


def below(scores, others):
    """(C(x) - E C(y) + 1)^2: x scores 1 less than the average y."""
    return (scores - others.mean() + 1).square()


class PitchedRaLS(PenalisedLoss):
    """RaLSGAN, and -log P(C = c | x) of AC-GAN (Odena et al. 2017, eq. 3) times `class_weight`.

    The generator minimises the latter for fakes, and the discriminator for real clips only. In
    the paper it does for fakes too; then it learned to call a fake by the pitch that was asked
    for, whatever it played, and after 100,000 clips two pitches of five always came out wrong.

    Averages are over the clips that are played at once: of one process, of one micro-batch.
    """

    needs = frozenset({"classes"})

    def __init__(self, class_weight=1.0, r1_gamma=0.0, r2_gamma=0.0, penalty_interval=1):
        super().__init__(r1_gamma, r2_gamma, penalty_interval)
        self.class_weight = class_weight

    def discriminator(self, round):
        real, fake = self.hear(round, round.real), self.hear(round, round.fake)
        round.log("real_scores", real["scores"])
        round.log("fake_scores", fake["scores"])
        return {
            "real": above(real["scores"], fake["scores"]),
            "fake": below(fake["scores"], real["scores"]),
            "class": self.wrong_class(round, real),
            **self.penalties(round),
        }

    def generator(self, round):
        real, fake = self.hear(round, round.real), self.hear(round, round.fake)
        return {
            "fake": above(fake["scores"], real["scores"]),
            "real": below(real["scores"], fake["scores"]),
            "class": self.wrong_class(round, fake),
        }

    def hear(self, round, clips):
        if round.labels is None:
            raise GanzooError("pitched-rals needs labels: give both networks num_classes")
        return round.discriminator.outputs(clips)

    def wrong_class(self, round, heard):
        """-log P(C = c | x), for each x."""
        loss = cross_entropy(heard["classes"], round.labels, reduction="none")
        return self.class_weight * loss
