"""Training a published model again from its card, and comparing: bytes, samples, or a figure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.cards import Card
from ganzoo.engine.prepare import resolve
from ganzoo.engine.run.export import FINGERPRINT_TOLERANCE, fingerprint, off_by
from ganzoo.engine.run.options import Outcome, RunOptions
from ganzoo.engine.train import train
from ganzoo.errors import CardError, UsageError
from ganzoo.measure.recheck import measured_again
from ganzoo.measure.sources import ModelSource
from ganzoo.specs import GENERATOR_FILE, Fingerprint, ModelConfig, read_config
from ganzoo.zoo import load

#: A training on another machine ends with other weights, whose figure is another draw from the
#: spread over training seeds. Of n seeds, 95% of further draws lie within t(n - 1) sqrt(1 + 1/n)
#: deviations: five of three. Below is Student's t, its 97.5% quantile by degrees of freedom (NIST/
#: SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2); between two stands the lower one's.
STUDENT = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306,
           9: 2.262, 10: 2.228, 15: 2.131, 20: 2.086, 30: 2.042, 60: 2.000, 100: 1.984}  # fmt: skip
#: Without a spread over training seeds, a share of the figure.
SHARE = 0.25
WEIGHTS, SAMPLES = "weights", "fingerprint"
#: What a training is begun with; the rest of config.json is what came of it.
ASKED = ("ganzoo_config", "generator", "discriminator", "recipe")
SAID = ("name", "kind", "description", "licenses", "extra")


@dataclass(frozen=True)
class Comparison:
    """One thing that was compared: what the card says, what was found, how far it may be off."""

    what: str
    holds: bool
    said: str


@dataclass(frozen=True)
class Verdict:
    """How a training ended that was done again, and what it has in common with the card's.

    `data` says whether both learnt from the same samples, `same_data` is that. There are no
    comparisons where the training is not finished.
    """

    outcome: Outcome
    data: str = ""
    comparisons: tuple[Comparison, ...] = ()
    same_data: bool = True

    @property
    def exact(self) -> bool:
        """Whether the weights are the same, bit for bit."""
        return any(one.what == WEIGHTS and one.holds for one in self.comparisons)

    @property
    def holds(self) -> bool:
        """Whether any comparison does: equal weights, equal samples, or a figure as good."""
        return any(one.holds for one in self.comparisons)


def recipe_of(card: Card) -> ModelConfig:
    """What made a model, ready to be trained again; `CardError` where that is not known."""
    config = card.require_usable()
    if GENERATOR_FILE not in config.files:
        raise CardError(
            f"{card.name} has no weights to compare with; train it: ganzoo train {card.name}"
        )
    if config.provenance is not None and config.provenance.images == 0:
        raise CardError(
            f"{card.name} was imported ({config.provenance.command}); how its weights were trained "
            "is not known"
        )
    raw: dict[str, Any] = {key: card.raw[key] for key in (*ASKED, *SAID) if key in card.raw}
    return resolve(raw, str(card.folder / "config.json"))


def reproduce(card: Card, run: RunOptions, *, tolerance: float | None = None) -> Verdict:
    """Train a model again in a run's folder, or go on with it, and compare what comes out.

    The cheapest comparison that holds is the last: a figure is measured only where neither weights
    nor samples are the same. `tolerance` is how far it may be off, the spread's by default.
    """
    config = recipe_of(card)
    if (run.folder / "export").resolve() == card.folder.resolve():
        raise _itself(run.folder)
    outcome = train(config, run)
    if outcome.exit_code or outcome.export is None:
        return Verdict(outcome)
    claimed, (made, _) = card.require_config(), read_config(outcome.export / "config.json")
    if outcome.kind == "already finished" and made.provenance == claimed.provenance:
        raise _itself(run.folder)
    found = compared(claimed, made, outcome.export, run.device, tolerance)
    same = _same_data(claimed, made)
    samples = "the card's samples" if same else "OTHER samples than the card's"
    return Verdict(outcome, f"{claimed.recipe.data.name}: {samples}", found, same)


def _itself(folder: Path) -> UsageError:
    return UsageError(f"{folder} is the run that is to be reproduced; give another --out")


def compared(
    claimed: ModelConfig,
    made: ModelConfig,
    export: Path,
    device: str = "cpu",
    tolerance: float | None = None,
) -> tuple[Comparison, ...]:
    """What the new model has in common with the published one, until something holds."""
    found = [_weights(claimed, made)]
    if not found[-1].holds and claimed.fingerprint is not None:
        found.append(_samples(claimed.fingerprint, export))
    if not found[-1].holds and claimed.metrics:
        found.append(_figure(claimed, export, device, tolerance))
    return tuple(found)


def _same_data(claimed: ModelConfig, made: ModelConfig) -> bool:
    """Whether both learnt from the same samples."""
    before, now = (one.provenance.data_hash if one.provenance else "" for one in (claimed, made))
    return before == now


def _weights(claimed: ModelConfig, made: ModelConfig) -> Comparison:
    """Whether every file has the same bytes."""
    pairs: Mapping[str, tuple[str, str]] = {
        file: (record.sha256, made.files[file].sha256)
        for file, record in claimed.files.items()
        if file in made.files
    }
    other = [file for file, (before, now) in pairs.items() if before != now]
    if not other and pairs.keys() == claimed.files.keys():
        return Comparison(WEIGHTS, True, f"{', '.join(pairs)} bit for bit the card's")
    lacking = [file for file in claimed.files if file not in pairs]
    differ = f"{', '.join(other)} of another sha256 than the card's" if other else ""
    absent = f"{', '.join(lacking)} not made" if lacking else ""
    return Comparison(WEIGHTS, False, ", ".join(filter(None, (differ, absent))))


def _samples(claimed: Fingerprint, export: Path) -> Comparison:
    """Whether samples of fixed latents have the statistics that the card says."""
    model = load(export)
    found = fingerprint(model.generator, model.labeller)
    off = off_by(found, claimed)
    if math.isinf(off):
        said = "the card's is of other samples than are drawn for one here, and cannot be compared"
        return Comparison(SAMPLES, False, said)
    far = min(claimed.tolerance, FINGERPRINT_TOLERANCE)  # whatever the card would like
    said = f"samples of seed {claimed.seed} differ by {off:.2g}, {far:g} is allowed"
    return Comparison(SAMPLES, off <= far, said)


def _figure(claimed: ModelConfig, export: Path, device: str, tolerance: float | None) -> Comparison:
    """Whether the card's first figure is as good, by its own protocol."""
    metric = claimed.metrics[0]
    found = measured_again(metric, claimed, ModelSource(export, device))
    far = tolerance
    if far is None:
        seeds = len(metric.values)
        spread = metric.spread if seeds > 1 else None
        far = SHARE * abs(metric.value) if not spread else deviations(seeds) * spread
    said = f"{found:.5g}, the card says {metric.value:.5g}, and {far:.2g} is allowed"
    return Comparison(metric.name, abs(found - metric.value) <= far, said)


def deviations(seeds: int) -> float:
    """Within how many deviations of the mean of `seeds` draws, two or more, 95% of further lie."""
    quantile = STUDENT[max(known for known in STUDENT if known < seeds)]
    return float(quantile * math.sqrt(1 + 1 / seeds))
