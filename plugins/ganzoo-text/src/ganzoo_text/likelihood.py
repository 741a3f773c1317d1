"""Maximum likelihood as the beginning of a game."""

from __future__ import annotations

from ganzoo import Round, Terms
from ganzoo.losses import Relativistic
from ganzoo_text.alphabet import TextError
from ganzoo_text.recurrent import RecurrentGenerator


class LikelihoodFirst(Relativistic):
    """Maximum likelihood for the first `likelihood_images`, then the relativistic game.

    Games on discrete text begin so since SeqGAN (Yu et al. 2017, algorithm 1; Nie et al. 2019,
    section 3). Until then the discriminator rests. With as many images as the recipe has, it is
    maximum likelihood alone. The generator must know the likelihood of a text: `text-recurrent`.
    """

    def __init__(
        self,
        likelihood_images: int = 100_000,
        r1_gamma: float = 0.0,
        r2_gamma: float = 0.0,
        penalty_interval: int = 1,
    ) -> None:
        super().__init__(r1_gamma, r2_gamma, penalty_interval)
        if type(likelihood_images) is not int or likelihood_images < 0:
            raise TextError(
                f"likelihood_images is a whole number of samples, found {likelihood_images!r}"
            )
        self.likelihood_images = likelihood_images

    def discriminator(self, round: Round) -> Terms:
        """Nothing at first; then each real sample above its fake partner."""
        return {} if self._is_first(round) else super().discriminator(round)

    def generator(self, round: Round) -> Terms:
        """The negative log likelihood of a character at first; then fakes above real samples."""
        if not self._is_first(round):
            return super().generator(round)
        writer = round.generator.module
        if not isinstance(writer, RecurrentGenerator):
            raise TextError(
                f"{type(writer).__name__} cannot tell how likely a text is; "
                "give --generator text-recurrent, or --set loss.arguments.likelihood_images=0"
            )
        return {"likelihood": -writer.log_likelihood(round.real) / round.real.shape[2]}

    def _is_first(self, round: Round) -> bool:
        return round.images_seen < self.likelihood_images
