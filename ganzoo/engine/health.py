"""The health of a training: what goes wrong with a game, noticed within a fixed number of images.

A check looks at one turn, every CHECK_EVERY images. It reports values that are not finite at once,
and a discriminator that wins or samples that are too alike after PATIENCE checks in a row, since
both come and go in a healthy game.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

#: Images between checks, and checks in a row before a report: within 30,000 images.
CHECK_EVERY, PATIENCE = 5_000, 5
#: Checks in a row for samples that were alike from the start, as an untrained generator's are.
FIRST_PATIENCE = 20
#: First checks after which a run can be compared with itself: many untrained generators make noise
#: that is as diverse as the data.
UNTRAINED = 5
#: A discriminator wins when it ranks more than this share of pairs correctly (DESIGN) ...
WINNING = 0.99
#: ... and the generator's gradient is below this share of its running median.
VANISHED = 0.01
#: Checks that the running median looks back on.
MEMORY = 100
#: Samples whose distances from each other are taken.
LOOKED_AT = 256
#: Samples are too alike when their mean distance is below this share of the data's own ...
ALIKE = 0.1
#: ... or below this share of the run's own best, of which no more than the data's counts ...
FALLEN = 0.5
#: ... or when more than this share of their pairs are nearer than nearly all of the data's pairs,
#: all but this share of them.
TWINS, NEAREST = 0.8, 0.01
#: Fewer samples than this have too few pairs for the two relative bars.
ENOUGH = 8

#: Samples [N, *S] -> features [N, F], in which diversity is measured.
Features = Callable[[Tensor], Tensor]
PIXELS: Features = torch.nn.Flatten()


@dataclass
class Vitals:
    """What the checks remember, in plain numbers that a checkpoint holds.

    `gradients` are the norms of the generator's gradient at the last checks at which the
    discriminator did not rank nearly all pairs correctly; `winning`, `alike` and `suspect` count
    checks in a row: `suspect` takes in the twins of a run that never had few. `diverse` says that
    samples were once not alike; `told` names what was reported already. `checks` counts them all;
    after the first few, `best` is the greatest diversity, at most 1, and `few_twins` says that
    there were once few.
    """

    gradients: list[float] = field(default_factory=list)
    winning: int = 0
    alike: int = 0
    diverse: bool = False
    told: list[str] = field(default_factory=list)
    suspect: int = 0
    checks: int = 0
    best: float = 0.0
    few_twins: bool = False

    def plain(self) -> dict[str, Any]:
        """As JSON data, from which `Vitals(**data)` makes an equal record."""
        return asdict(self)

    @property
    def well(self) -> bool:
        """Whether no check in a row points to an illness."""
        return not (self.winning or (self.alike and self.diverse) or self.told)


@dataclass(frozen=True)
class Illness:
    """What is wrong, and what to try."""

    name: str
    finding: str
    advice: str

    def __str__(self) -> str:
        return f"{self.finding}; {self.advice}"


@dataclass(frozen=True)
class Pulse:
    """One turn as a check sees it: `scores` of real samples and fakes, None if not logged.

    `gradient` is the norm of the generator's gradient, None if its turn had no terms; `terms` are
    those that the players minimise.
    """

    real: Tensor
    fake: Tensor
    scores: tuple[Tensor, Tensor] | None
    gradient: float | None
    terms: Mapping[str, float]
    finite_weights: bool


def check(
    vitals: Vitals, pulse: Pulse, features: Features = PIXELS
) -> tuple[dict[str, float], Illness | None]:
    """Check one turn: returns figures to log, and what is wrong, reported once."""
    spread = Spread.of(pulse, features)
    figures = {"diversity": spread.diversity, "twins": spread.twins}
    if pulse.gradient is not None:
        figures["gradient"] = pulse.gradient
    if pulse.scores is not None:
        figures["ranked"] = ranked(*pulse.scores)
    illness = (
        _not_finite(pulse)
        or _discriminator_wins(vitals, figures.get("ranked", 0.0), pulse.gradient)
        or _all_alike(vitals, spread)
    )
    usual = figures.get("ranked", 0.0) <= WINNING or not vitals.gradients
    if pulse.gradient is not None and math.isfinite(pulse.gradient) and usual:
        vitals.gradients = [*vitals.gradients, pulse.gradient][-MEMORY:]
    if illness is None or illness.name in vitals.told:
        return figures, None
    vitals.told.append(illness.name)
    return figures, illness


def ranked(real: Tensor, fake: Tensor) -> float:
    """The share of (real, fake) pairs in which the real one scores higher; ties count half."""
    real, (fake, _) = real.flatten().contiguous(), fake.flatten().sort()
    below, not_above = (torch.searchsorted(fake, real, right=side) for side in (False, True))
    return float((below + not_above).double().mean()) / (2 * len(fake))


@dataclass(frozen=True)
class Spread:
    """How far apart a turn's fakes lie, against its real samples.

    `diversity` is their mean distance over the real samples'; `twins` is the share of their pairs
    that are nearer than all but the NEAREST of the real pairs. Data that is all alike gives 1 and
    0. `enough` says that there are enough samples for bars that are relative.
    """

    diversity: float = 1.0
    twins: float = 0.0
    enough: bool = True

    @classmethod
    def of(cls, pulse: Pulse, features: Features = PIXELS) -> Spread:
        """Measure a turn."""
        real, fake = (
            features(batch[:LOOKED_AT].detach().float()).flatten(1)
            for batch in (pulse.real, pulse.fake)
        )
        among_real, among_fake = torch.pdist(real), torch.pdist(fake)
        if not among_fake.numel() or not among_real.any():
            return cls()
        near = among_real.kthvalue(1 + int(NEAREST * len(among_real))).values
        return cls(
            diversity=float(among_fake.mean()) / float(among_real.mean()),
            twins=float((among_fake < near).double().mean()),
            enough=min(len(real), len(fake)) >= ENOUGH,
        )


def gradient_norm(parameters: Iterable[Tensor]) -> float | None:
    """The Euclidean norm of the gradients that are there; None after a turn without terms."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    return float(torch.nn.utils.get_total_norm(gradients)) if gradients else None


def all_finite(parameters: Iterable[Tensor]) -> bool:
    """Whether every weight is a finite number."""
    weights = [parameter.detach() for parameter in parameters]
    return not weights or math.isfinite(float(torch.nn.utils.get_total_norm(weights)))


def _not_finite(pulse: Pulse) -> Illness | None:
    """A term, a gradient or a weight that is NaN or infinite, from which no training recovers."""
    terms = [name for name, value in pulse.terms.items() if not math.isfinite(value)]
    if not terms and math.isfinite(pulse.gradient or 0.0) and pulse.finite_weights:
        return None
    where = f"the term {terms[0]}" if terms else "a gradient or a weight"
    return Illness(
        "not-finite",
        f"{where} is no longer a finite number",
        "try lower learning rates, optimizers.generator.max_grad_norm and .discriminator's, "
        "or --set precision=float32",
    )


def _discriminator_wins(vitals: Vitals, ranking: float, gradient: float | None) -> Illness | None:
    """The discriminator tells all pairs apart, and no gradient of that reaches the generator.

    A generator's turn without terms shows nothing.
    """
    if gradient is None:
        return None
    usual = statistics.median(vitals.gradients) if vitals.gradients else 0.0
    wins = ranking > WINNING and gradient < VANISHED * usual
    vitals.winning = vitals.winning + 1 if wins else 0
    if vitals.winning < PATIENCE:
        return None
    return Illness(
        "discriminator-wins",
        f"the discriminator has won: it ranks {ranking:.1%} of pairs correctly, and the "
        f"generator's gradient has fallen to {gradient:.2g} from a median of {usual:.2g}",
        "try a non-saturating, hinge or Wasserstein loss, R1 (loss.arguments.r1_gamma), or a lower "
        "learning rate for the discriminator",
    )


def _all_alike(vitals: Vitals, spread: Spread) -> Illness | None:
    """Samples far less diverse than the data, or than they were."""
    vitals.checks += 1
    if vitals.checks > UNTRAINED and spread.enough and math.isfinite(spread.diversity):
        vitals.best = max(vitals.best, min(spread.diversity, 1.0))
        vitals.few_twins = vitals.few_twins or spread.twins <= TWINS
    little = spread.diversity < ALIKE
    twins = spread.enough and spread.twins > TWINS
    fallen = spread.enough and spread.diversity < FALLEN * vitals.best
    vitals.diverse = vitals.diverse or not little
    vitals.alike = vitals.alike + 1 if little or fallen or (twins and vitals.few_twins) else 0
    vitals.suspect = vitals.suspect + 1 if little or fallen or twins else 0
    if vitals.suspect < FIRST_PATIENCE and (vitals.alike < PATIENCE or not vitals.diverse):
        return None
    finding = "nearly all alike" if little or twins else "losing their diversity"
    figures = [f"their distances are {spread.diversity:.0%} of the data's"]
    if fallen:
        figures.append(f"down from {vitals.best:.0%}")
    if twins:
        figures.append(f"and {spread.twins:.0%} of pairs are as near as the data's nearest")
    return Illness(
        "all-alike",
        f"samples are {finding}: {', '.join(figures)}",
        "try R1 (loss.arguments.r1_gamma), a lower learning rate for the generator, or packs of "
        "samples for the discriminator",
    )
