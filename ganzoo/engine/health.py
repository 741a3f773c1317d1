"""The health of a training: what goes wrong with a game, noticed within a fixed number of images.

A check looks at one turn, every CHECK_EVERY images. It reports values that are not finite at once,
and a discriminator that wins, or samples that are too alike or too far apart, after PATIENCE checks
in a row, since these come and go in a healthy game.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from ganzoo.engine.diversity import PIXELS, Features, Spread

#: Images between checks, and checks in a row before a report: within 30,000 images.
CHECK_EVERY, PATIENCE = 5_000, 5
#: Checks in a row for samples that were so from the start, as an untrained generator's are.
FIRST_PATIENCE = 10
#: First checks after which a run can be compared with itself: many untrained generators make noise
#: that is as diverse as the data.
UNTRAINED = 5
#: A discriminator wins when it ranks more than this share of pairs correctly (DESIGN) ...
WINNING = 0.99
#: ... and the generator's gradient is below this share of its running median.
VANISHED = 0.01
#: Checks that the running median looks back on.
MEMORY = 100
#: Samples are losing their diversity when it is below this share of the run's own best, of which no
#: more than the data's counts.
FALLEN = 0.5


@dataclass
class Vitals:
    """What the checks remember, in plain numbers that a checkpoint holds.

    `gradients` are the norms of the generator's gradient at the last checks at which the
    discriminator did not rank nearly all pairs correctly; `winning`, `alike` and `suspect` count
    checks in a row: `suspect` takes in the twins of a run that never had few. `diverse` says that
    samples were once not alike; `told` names what was reported already. `checks` counts them all;
    after the first few, `best` is the greatest diversity, at most 1, and `few_twins` says that
    there were once few. `wild` counts checks in a row with samples too far apart, and `tame` says
    that they once were not.
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
    wild: int = 0
    tame: bool = False

    def plain(self) -> dict[str, Any]:
        """As JSON data, from which `Vitals(**data)` makes an equal record."""
        return asdict(self)

    @property
    def well(self) -> bool:
        """Whether no check in a row points to an illness."""
        strays = (self.alike and self.diverse) or (self.wild and self.tame)
        return not (self.winning or strays or self.told)


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
    spread = Spread.of(pulse.real, pulse.fake, features)
    figures = {"diversity": spread.diversity, "twins": spread.twins}
    if pulse.gradient is not None:
        figures["gradient"] = pulse.gradient
    if pulse.scores is not None:
        figures["ranked"] = ranked(*pulse.scores)
    illnesses = (
        _not_finite(pulse),
        _discriminator_wins(vitals, figures.get("ranked", 0.0), pulse.gradient),
        _all_alike(vitals, spread),
        _blown_up(vitals, spread),
    )
    usual = figures.get("ranked", 0.0) <= WINNING or not vitals.gradients
    if pulse.gradient is not None and math.isfinite(pulse.gradient) and usual:
        vitals.gradients = [*vitals.gradients, pulse.gradient][-MEMORY:]
    new = next((one for one in illnesses if one and one.name not in vitals.told), None)
    if new is not None:
        vitals.told.append(new.name)
    return figures, new


def ranked(real: Tensor, fake: Tensor) -> float:
    """The share of (real, fake) pairs in which the real one scores higher; ties count half."""
    real, (fake, _) = real.flatten().contiguous(), fake.flatten().sort()
    below, not_above = (torch.searchsorted(fake, real, right=side) for side in (False, True))
    return float((below + not_above).double().mean()) / (2 * len(fake))


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
        vitals.few_twins = vitals.few_twins or not spread.has_twins
    little, twins = spread.is_little, spread.has_twins
    fallen = spread.enough and spread.diversity < FALLEN * vitals.best
    vitals.diverse = vitals.diverse or not little
    vitals.alike = vitals.alike + 1 if little or fallen or (twins and vitals.few_twins) else 0
    vitals.suspect = vitals.suspect + 1 if little or fallen or twins else 0
    if vitals.suspect < FIRST_PATIENCE and (vitals.alike < PATIENCE or not vitals.diverse):
        return None
    finding = "nearly all alike" if little or twins else "losing their diversity"
    return Illness(
        "all-alike",
        f"samples are {finding}: {', '.join(spread.figures(vitals.best if fallen else None))}",
        "try R1 (loss.arguments.r1_gamma), a lower learning rate for the generator, or packs of "
        "samples for the discriminator",
    )


def _blown_up(vitals: Vitals, spread: Spread) -> Illness | None:
    """Samples far further apart than the data, and not because they are untrained."""
    vitals.wild = vitals.wild + 1 if spread.is_wild else 0
    vitals.tame = vitals.tame or not spread.is_wild
    if vitals.wild < (PATIENCE if vitals.tame else FIRST_PATIENCE):
        return None
    return Illness(
        "blown-up",
        f"samples have blown up: {', '.join(spread.figures())}",
        "try lower learning rates, R1 (loss.arguments.r1_gamma), or "
        "optimizers.generator.max_grad_norm",
    )
