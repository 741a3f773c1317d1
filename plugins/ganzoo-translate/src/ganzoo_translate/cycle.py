"""CycleGAN: each translation looks real, and the way back leads home (Zhu et al. 2017)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, TypeAlias

import torch
from torch import Tensor

from ganzoo import Round, Terms
from ganzoo.losses import PenalisedLoss, least_squares
from ganzoo_translate.errors import TranslateError
from ganzoo_translate.games import conditions_of
from ganzoo_translate.patches import PatchDiscriminator
from ganzoo_translate.residual import CycleTranslator

#: What is kept of fakes: bytes, so that nothing is averaged where several processes train.
WHITE = 127.5
#: Targets [N, C, H, W], and inputs [N, C', H, W].
Pictures: TypeAlias = tuple[Tensor, Tensor]


class CycleGAN(PenalisedLoss):
    """Least squares in both directions; what returns must be what left (Zhu et al. 2017, eq. 3).

    `cycle` is lambda of eq. 3; `identity` weighs |G(y) - y| + |F(x) - x| relative to it (section
    5.2), which needs inputs and targets of equal channels. The discriminators are shown a fake of
    the last `history` ones in half of the cases (section 4; Shrivastava et al. 2017, section 2.3).
    The history is state: it is kept in checkpoints, in 8 bits. R1 and R2, which the paper lacks,
    sum the gradients of both judges.
    """

    recipe: ClassVar = {  # section 4
        "optimizers": {
            "generator": {"lr": 2e-4, "arguments": {"betas": [0.5, 0.999]}},
            "discriminator": {"lr": 2e-4, "arguments": {"betas": [0.5, 0.999]}},
        }
    }
    held: Tensor
    old_targets: Tensor
    old_inputs: Tensor

    def __init__(
        self,
        sample_shape: Sequence[int],
        condition_shape: Sequence[int],
        cycle: float = 10.0,
        identity: float = 0.5,
        history: int = 50,
        r1_gamma: float = 0.0,
        r2_gamma: float = 0.0,
        penalty_interval: int = 1,
    ) -> None:
        super().__init__(r1_gamma, r2_gamma, penalty_interval)
        for name, weight in (("cycle", cycle), ("identity", identity)):
            if not 0 <= weight < math.inf:
                raise TranslateError(f"{name} must be 0 or more, found {weight}")
        if type(history) is not int or history < 0:
            raise TranslateError(f"history is a number of pictures, found {history!r}")
        if identity and tuple(sample_shape) != tuple(condition_shape):
            raise TranslateError(
                f"identity needs inputs and targets of one shape, found {list(condition_shape)} "
                f"and {list(sample_shape)}; set identity=0"
            )
        self.cycle, self.identity, self.history = cycle, identity, history
        self.register_buffer("held", torch.zeros((), dtype=torch.int64))
        for name, shape in (("old_targets", sample_shape), ("old_inputs", condition_shape)):
            self.register_buffer(name, torch.zeros(history, *shape, dtype=torch.uint8))

    def discriminator(self, round: Round) -> Terms:
        """Tell real targets and inputs from made ones, some of them older."""
        players, inputs = translator_of(round), conditions_of(round)
        if isinstance(round.discriminator.module, PatchDiscriminator):
            raise TranslateError(
                "cyclegan needs a judge of each set, found patch, which judges a target beside its "
                "input; take the discriminator two-patches"
            )
        with torch.no_grad():
            back = players.back(round.real).float()
        fake_targets, fake_inputs = self._from_history(round, round.fake, back)
        real = round.discriminator(round.real, inputs)
        fake = round.discriminator(fake_targets, fake_inputs)
        round.log("real_scores", real)
        round.log("fake_scores", fake)
        terms = {"real": least_squares(real, 1.0), "fake": least_squares(fake, 0.0)}
        true, made = (round.real, inputs), (fake_targets, fake_inputs)
        return {**terms, **self._penalties(round, true, made)}

    def _penalties(self, round: Round, real: Pictures, fake: Pictures) -> Terms:
        """R1 and R2 by the gradient to targets and inputs alike, which share their sides."""
        channels = real[0].shape[1]

        def judged(both: Tensor) -> Tensor:
            return round.discriminator(both[:, :channels], both[:, channels:])

        return self.penalties_at(round, judged, torch.cat(real, 1), torch.cat(fake, 1))

    def generator(self, round: Round) -> Terms:
        """Look real in both directions, come home, and leave alone what is there already."""
        players, inputs, targets = translator_of(round), conditions_of(round), round.real
        fake_targets, fake_inputs = round.fake, players.back(targets).float()
        judged = round.discriminator(fake_targets, fake_inputs)
        home = _apart(players.back(fake_targets), inputs) + _apart(
            players.there(fake_inputs), targets
        )
        round.log("astray", home)
        terms = {"adversarial": least_squares(judged, 1.0), "cycle": self.cycle * home}
        if self.identity:
            same = _apart(players.there(targets), targets) + _apart(players.back(inputs), inputs)
            terms["identity"] = self.cycle * self.identity * same
        return terms

    def _from_history(self, round: Round, targets: Tensor, inputs: Tensor) -> Pictures:
        """New fakes, or in half of the cases older ones, whose places the new ones take.

        The first fakes fill the history. Rows take places one after the other, from one that is
        drawn for the turn, so that no two rows share a place.
        """
        rows = min(len(targets), self.history)
        if not rows:
            return targets, inputs
        numbers = torch.arange(rows, device=targets.device)
        swap, start = round.uniform(len(targets))[:rows] < 0.5, round.uniform(1, shared=True)
        first = torch.where(self.held < self.history, self.held, (start[0] * self.history).long())
        places, new = (first + numbers) % self.history, self.held + numbers < self.history
        swap = swap & ~new
        shown = []
        for name, fakes in (("old_targets", targets), ("old_inputs", inputs)):
            kept: Tensor = getattr(self, name)
            old, fresh = kept[places], _bytes(fakes[:rows])
            stays = ~(new | swap).view(-1, *[1] * (fakes.dim() - 1))
            setattr(self, name, kept.index_copy(0, places, torch.where(stays, old, fresh)))
            swapped = swap.view(-1, *[1] * (fakes.dim() - 1))
            chosen = torch.where(swapped, old / WHITE - 1, fakes[:rows])
            shown.append(torch.cat([chosen, fakes[rows:]]))
        self.held = (self.held + rows).clamp_max(self.history)
        return shown[0], shown[1]


def translator_of(round: Round) -> CycleTranslator:
    """The generator, which must be one for both directions."""
    module = round.generator.module
    if not isinstance(module, CycleTranslator):
        raise TranslateError(
            f"cyclegan needs a generator for both directions, found {type(module).__name__}; take "
            "the generator cycle"
        )
    return module


def _apart(one: Tensor, other: Tensor) -> Tensor:
    """Mean |x - y| of each row: [N]."""
    return (one.float() - other).abs().flatten(1).mean(1)


def _bytes(pictures: Tensor) -> Tensor:
    """Values in [-1, 1] -> uint8."""
    return ((pictures.detach() + 1) * WHITE).round().clamp(0, 255).byte()
