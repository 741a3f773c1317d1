"""The games of translation: look real beside the input, and lie near the one right answer."""

from __future__ import annotations

import math
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from ganzoo import Extractor, Round, Terms, open_extractor
from ganzoo.losses import (
    LayerMaps,
    PenalisedLoss,
    content_distance,
    least_squares,
    logistic_fake,
    logistic_real,
    non_saturating_generator,
    scores,
    style_distance,
    total_variation,
)
from ganzoo_translate.errors import TranslateError

GAMES = ("non-saturating", "least-squares")


class Pix2Pix(PenalisedLoss):
    """Adversarial terms beside the input, and lambda |y - G(x, z)| (Isola et al. 2017, eq. 4).

    `nearness` is lambda, 100 in the paper; `adversarial` weighs the other term of the generator,
    and with 0 the nearness is learnt alone. `features` weighs the distance of the discriminator's
    features (Wang et al. 2018, eq. 4; 10 in that paper). `game` is non-saturating or least-squares.
    The discriminator's objective is halved (Isola et al. 2017, section 3.3). `perceptual` and
    `style` weigh distances in the maps of an `extractor` (Johnson et al. 2016, eq. 2 and 4),
    `variation` weighs the total variation of what was made. `extractor_weights` is a file for
    timm's extractors on machines that cannot fetch it.
    """

    recipe: ClassVar = {  # section 3.3
        "optimizers": {
            "generator": {"lr": 2e-4, "arguments": {"betas": [0.5, 0.999]}},
            "discriminator": {"lr": 2e-4, "arguments": {"betas": [0.5, 0.999]}},
        }
    }

    def __init__(
        self,
        nearness: float = 100.0,
        adversarial: float = 1.0,
        features: float = 0.0,
        game: str = "non-saturating",
        r1_gamma: float = 0.0,
        r2_gamma: float = 0.0,
        penalty_interval: int = 1,
        perceptual: float = 0.0,
        style: float = 0.0,
        variation: float = 0.0,
        extractor: str | None = None,
        extractor_weights: str | None = None,
    ) -> None:
        super().__init__(r1_gamma, r2_gamma, penalty_interval)
        weights = {"nearness": nearness, "adversarial": adversarial, "features": features}
        weights |= {"perceptual": perceptual, "style": style, "variation": variation}
        for name, weight in weights.items():
            if not 0 <= weight < math.inf:
                raise TranslateError(f"{name} must be 0 or more, found {weight}")
        if game not in GAMES:
            raise TranslateError(f"game is one of {', '.join(GAMES)}, found {game!r}")
        if not any(weights.values()):
            raise TranslateError("all weights are 0: nothing is learnt")
        if (perceptual or style) and extractor is None:
            raise TranslateError("perceptual and style need an extractor, such as cnn-faces")
        self.nearness, self.adversarial, self.features = nearness, adversarial, features
        self.game = game
        self.perceptual, self.style, self.variation = perceptual, style, variation
        self.needs = frozenset({"features"}) if features else frozenset()
        self.seen = None if extractor is None else maps_seen(extractor, extractor_weights)

    def discriminator(self, round: Round) -> Terms:
        """Tell the target from what was made, beside the input."""
        conditions_of(round)
        real, fake = scores(round)
        if self.game == "least-squares":
            terms = {"real": least_squares(real, 1.0) / 2, "fake": least_squares(fake, 0.0) / 2}
        else:
            terms = {"real": logistic_real(real) / 2, "fake": logistic_fake(fake) / 2}
        return {**terms, **self.penalties(round)}

    def generator(self, round: Round) -> Terms:
        """Be taken for the target, and lie near it."""
        apart = self.apart(round)
        round.log("apart", apart)
        terms = {"nearness": self.nearness * apart} if self.nearness else {}
        if self.adversarial or self.features:
            terms |= self._judged(round)
        if self.seen is not None:
            terms |= self._seen(round, self.seen)
        if self.variation:
            terms["variation"] = self.variation * total_variation(round.fake)
        return terms

    def _judged(self, round: Round) -> Terms:
        """What the discriminator sees in fakes: their scores, and features beside the targets'."""
        terms, judged = {}, round.discriminator.outputs(round.fake)
        if self.adversarial:
            said = judged["scores"]
            least = self.game == "least-squares"
            values = least_squares(said, 1.0) if least else non_saturating_generator(said)
            terms["adversarial"] = self.adversarial * values
        if self.features:
            with torch.no_grad():
                wanted = round.discriminator.outputs(round.real)["features"]
            terms["features"] = self.features * (judged["features"] - wanted).abs().sum(1)
        return terms

    def _seen(self, round: Round, seen: LayerMaps) -> Terms:
        """Distances in the maps of the extractor, summed over its layers."""
        check_seen(seen, round.real)
        with torch.no_grad():
            wanted = seen(round.real)
        made, terms = seen(round.fake), {}
        pairs = [*zip(made, wanted, strict=True)]
        if self.perceptual:
            distances = [content_distance(one, other) for one, other in pairs]
            terms["perceptual"] = self.perceptual * torch.stack(distances).sum(0)
        if self.style:
            distances = [style_distance(one, other) for one, other in pairs]
            terms["style"] = self.style * torch.stack(distances).sum(0)
        return terms

    def apart(self, round: Round) -> Tensor:
        """|y - G(x, z)|, the mean over a picture: [N]."""
        return (round.real - round.fake).abs().flatten(1).mean(1)


class Inpaint(Pix2Pix):
    """pix2pix for holes: the distance is the mean over the hole (Pathak et al. 2016, eq. 1).

    A hole of any size then weighs the same. The condition's last channel is alpha.
    """

    def apart(self, round: Round) -> Tensor:
        """|y - G(x, z)|, the mean over the hole: [N]."""
        hole = (conditions_of(round)[:, -1:] < 0).to(round.real.dtype)
        away = ((round.real - round.fake).abs() * hole).flatten(1).sum(1)
        return away / (hole.flatten(1).sum(1) * round.real.shape[1]).clamp_min(1)


def maps_seen(extractor: str, weights: str | None) -> LayerMaps:
    """The maps of an extractor by name, its weights from a file if one is given."""
    file = None if weights is None else Path(weights).expanduser()
    return LayerMaps(open_extractor(extractor, weights=file))


def check_seen(seen: LayerMaps, pictures: Tensor) -> None:
    """Refuse pictures [N, C, H, W] of other channels than the extractor's own."""
    shape = seen.network.sample_shape if isinstance(seen.network, Extractor) else None
    if shape is not None and shape[0] != pictures.shape[1]:
        raise TranslateError(
            f"the extractor takes pictures of {shape[0]} channels, and these have "
            f"{pictures.shape[1]}; choose another extractor (loss.arguments.extractor)"
        )


def conditions_of(round: Round) -> Tensor:
    """The round's conditions; `TranslateError` without them."""
    if round.labels is None or not round.labels.is_floating_point():
        raise TranslateError("this loss needs conditions: players and data with a condition_shape")
    return round.labels
