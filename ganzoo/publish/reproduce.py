"""Training a published model again from its card, and comparing bytes, samples or a figure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.cards import Card
from ganzoo.engine.config import resolve
from ganzoo.engine.run.export import FINGERPRINT_TOLERANCE, fingerprint, off_by
from ganzoo.engine.run.options import Outcome, RunOptions
from ganzoo.engine.train import train
from ganzoo.errors import CardError, UsageError
from ganzoo.measure.recheck import measured_again
from ganzoo.measure.sources import ModelSource
from ganzoo.specs import GENERATOR_FILE, Fingerprint, ModelConfig, read_config
from ganzoo.zoo import load

#: A training on another machine gives other weights, whose figure is another draw from the spread
#: over training seeds. For n seeds, 95% of further draws lie within t(n - 1) sqrt(1 + 1/n)
#: deviations. These are the 97.5% quantiles of Student's t by degrees of freedom (NIST/SEMATECH
#: e-Handbook of Statistical Methods, 1.3.6.7.2); numbers in between use the next lower entry.
STUDENT = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306,
           9: 2.262, 10: 2.228, 15: 2.131, 20: 2.086, 30: 2.042, 60: 2.000, 100: 1.984}  # fmt: skip
#: The share of the figure that is allowed without a spread over training seeds.
SHARE = 0.25
WEIGHTS, SAMPLES = "weights", "fingerprint"
#: The keys of config.json that start a training; the others are its result.
TRAINED_FROM = ("ganzoo_config", "generator", "discriminator", "recipe")
DESCRIPTION = ("name", "kind", "description", "licenses", "extra")


@dataclass(frozen=True)
class Comparison:
    """One comparison with the card, in words."""

    what: str
    holds: bool
    result: str


@dataclass(frozen=True)
class Reproduction:
    """The outcome of the new training, and the comparisons with the card.

    `same_data` tells whether both were trained on the same samples, `data` describes it in words.
    An unfinished training has no comparisons.
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
        """Whether any comparison holds: equal weights, equal samples, or an equally good figure."""
        return any(one.holds for one in self.comparisons)


def recipe_of(card: Card) -> ModelConfig:
    """A model's recipe, ready to be trained again; `CardError` where it is not known."""
    config = card.require_usable()
    if GENERATOR_FILE not in config.files:
        raise CardError(
            f"{card.name} has no weights to compare with; train it: ganzoo train {card.name}"
        )
    if config.provenance is not None and config.provenance.images == 0:
        raise CardError(
            f"{card.name} was imported ({config.provenance.command}); the training of its "
            "weights is not known"
        )
    raw: dict[str, Any] = {
        key: card.raw[key] for key in (*TRAINED_FROM, *DESCRIPTION) if key in card.raw
    }
    return resolve(raw, str(card.folder / "config.json"))


def reproduce(card: Card, run: RunOptions, *, tolerance: float | None = None) -> Reproduction:
    """Train a model again in a run's folder, or resume that training, and compare the result.

    Comparisons stop at the first that holds: a figure is measured only where both weights and
    samples differ. It may differ by `tolerance`, by default what the spread allows.
    """
    config = recipe_of(card)
    if (run.folder / "export").resolve() == card.folder.resolve():
        raise _itself(run.folder)
    outcome = train(config, run)
    if outcome.exit_code or outcome.export is None:
        return Reproduction(outcome)
    claimed, (made, _) = card.require_config(), read_config(outcome.export / "config.json")
    if outcome.kind == "already finished" and made.provenance == claimed.provenance:
        raise _itself(run.folder)
    comparisons = compared(claimed, made, outcome.export, run.device, tolerance)
    same = _same_data(claimed, made)
    samples = "the card's samples" if same else "OTHER samples than the card's"
    return Reproduction(outcome, f"{claimed.recipe.data.name}: {samples}", comparisons, same)


def _itself(folder: Path) -> UsageError:
    return UsageError(f"{folder} is the run to reproduce; give another --out")


def compared(
    claimed: ModelConfig,
    made: ModelConfig,
    export: Path,
    device: str = "cpu",
    tolerance: float | None = None,
) -> tuple[Comparison, ...]:
    """Comparisons of the new model with the published one, up to the first that holds."""
    comparisons = [_weights(claimed, made)]
    if not comparisons[-1].holds and claimed.fingerprint is not None:
        comparisons.append(_samples(claimed.fingerprint, export))
    if not comparisons[-1].holds and claimed.metrics:
        comparisons.append(_figure(claimed, export, device, tolerance))
    return tuple(comparisons)


def _same_data(claimed: ModelConfig, made: ModelConfig) -> bool:
    """Whether both were trained on the same samples."""
    before, now = (one.provenance.data_hash if one.provenance else "" for one in (claimed, made))
    return before == now


def _weights(claimed: ModelConfig, made: ModelConfig) -> Comparison:
    """Whether every file has the same bytes."""
    pairs: Mapping[str, tuple[str, str]] = {
        file: (record.sha256, made.files[file].sha256)
        for file, record in claimed.files.items()
        if file in made.files
    }
    changed = [file for file, (before, now) in pairs.items() if before != now]
    if not changed and pairs.keys() == claimed.files.keys():
        return Comparison(WEIGHTS, True, f"{', '.join(pairs)} bit for bit the card's")
    lacking = [file for file in claimed.files if file not in pairs]
    differ = f"{', '.join(changed)} with another sha256 than the card's" if changed else ""
    absent = f"{', '.join(lacking)} not made" if lacking else ""
    return Comparison(WEIGHTS, False, ", ".join(filter(None, (differ, absent))))


def _samples(claimed: Fingerprint, export: Path) -> Comparison:
    """Whether samples of fixed latents have the card's statistics."""
    model = load(export)
    off = off_by(fingerprint(model.generator, model.labeller), claimed)
    if math.isinf(off):
        result = "the card's belongs to other samples than are drawn here, and cannot be compared"
        return Comparison(SAMPLES, False, result)
    allowed = min(claimed.tolerance, FINGERPRINT_TOLERANCE)  # a card cannot ask for more
    result = f"samples of seed {claimed.seed} differ by {off:.2g}, {allowed:g} is allowed"
    return Comparison(SAMPLES, off <= allowed, result)


def _figure(claimed: ModelConfig, export: Path, device: str, tolerance: float | None) -> Comparison:
    """Whether the card's first figure is as good, by its own protocol."""
    metric = claimed.metrics[0]
    value = measured_again(metric, claimed, ModelSource(export, device))
    allowed = tolerance
    if allowed is None:
        seeds = len(metric.values)
        spread = metric.spread if seeds > 1 else None
        allowed = SHARE * abs(metric.value) if not spread else deviations(seeds) * spread
    result = f"{value:.5g}, the card says {metric.value:.5g}, and {allowed:.2g} is allowed"
    return Comparison(metric.name, abs(value - metric.value) <= allowed, result)


def deviations(seeds: int) -> float:
    """The deviations from the mean of two or more draws within which 95% of further draws lie."""
    quantile = STUDENT[max(known for known in STUDENT if known < seeds)]
    return float(quantile * math.sqrt(1 + 1 / seeds))
