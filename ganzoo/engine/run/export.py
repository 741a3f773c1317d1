"""The finished model folder of a run: what `ganzoo.load` opens."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import torch
from packaging.version import InvalidVersion, Version

from ganzoo.build import parts_in_arguments
from ganzoo.cards import catalogue
from ganzoo.conditions import in_circle, save_conditions
from ganzoo.engine.run.options import RunOptions
from ganzoo.engine.setup import Setup
from ganzoo.engine.state import TrainingState
from ganzoo.files import folder_written_whole
from ganzoo.hardware import hardware, versions
from ganzoo.interfaces import Generator
from ganzoo.plugins import CORE
from ganzoo.plugins.local import LOCAL
from ganzoo.sampling import Labeller, calibrating, calibration_batches, samples
from ganzoo.specs import (
    CONDITIONS_FILE,
    DISCRIMINATOR_FILE,
    GENERATOR_FILE,
    Fingerprint,
    ModelConfig,
    Provenance,
    write_record,
)
from ganzoo.specs.reading import to_json
from ganzoo.specs.readme import readme_of
from ganzoo.weights import save_weights
from ganzoo.writers.by_kind import write_grid
from ganzoo.writers.panels import panels

GRID = 64
FINGERPRINT_TOLERANCE = 1e-3


def export(
    state: TrainingState, setup: Setup, config: ModelConfig, run: RunOptions, *, data_hash: str
) -> Path:
    """Write `export/` or nothing: average, discriminator, config.json, README.md and a grid."""
    network = settled_average(state, setup).cpu()
    folder = run.folder / "export"
    with folder_written_whole(folder) as beside:
        files = {
            GENERATOR_FILE: save_weights(beside / GENERATOR_FILE, network, config.generator),
            DISCRIMINATOR_FILE: save_weights(
                beside / DISCRIMINATOR_FILE, state.discriminator, config.discriminator
            ),
        }
        if (conditions := setup.labeller.conditions) is not None:
            files[CONDITIONS_FILE] = save_conditions(beside / CONDITIONS_FILE, conditions)
        finished = replace(
            config,
            metrics=(),
            files=files,
            class_shares=setup.labeller.shares,
            requires=requirements(config),
            parameters={
                "generator": count(network),
                "discriminator": count(state.discriminator),
            },
            provenance=provenance(state, setup, run.command, data_hash),
            fingerprint=fingerprint(network, setup.labeller),
        )
        (beside / "config.json").write_text(to_json(write_record(finished)), encoding="utf-8")
        name = config.name or run.folder.resolve().name
        (beside / "README.md").write_text(readme_of(finished, name), encoding="utf-8")
        drawn = grid(network, setup, config.kind)
        write_grid(config.kind, drawn, beside / "samples", config.legend)
    return folder


def settled_average(state: TrainingState, setup: Setup, batches: int | None = None) -> Generator:
    """The average with its batch statistics recomputed, ready for sampling.

    `batches` are those of the calibration to take, None for all.
    """
    drawn = calibration_batches(state.generator, setup.recipe.seed, setup.device, setup.labeller)
    with calibrating(setup.recipe.seed, setup.device):
        return state.average.snapshot(islice(drawn, batches))


def grid(network: Generator, setup: Setup, kind: str) -> torch.Tensor:
    """Samples of fixed latents: class by class, or beside their conditions and targets."""
    drawn = samples(network, GRID, seed=0, labels=setup.labeller.in_order(GRID))
    known = setup.labeller.conditions
    if known is None or kind != "image":
        return drawn
    targets = None if known.targets is None else in_circle(known.targets, GRID)[:]
    return panels(known.in_circle(GRID)[:], drawn, targets)


def requirements(config: ModelConfig) -> dict[str, str]:
    """The plugins whose parts the model uses, each at least in the version that made it."""
    plugins = catalogue().manager.plugins
    parts = (config.generator, config.discriminator, config.recipe.loss, config.recipe.data)
    inner = (part.name for part in parts_in_arguments(config))
    moved = (part.name for part in config.recipe.schedules.values())
    qualified = (*(part.name for part in parts), *inner, *config.recipe.augmentation, *moved)
    names = {name.rpartition("/")[0] for name in qualified} - {CORE, LOCAL, ""}
    return {name: f">={release(plugins[name].version)}" for name in sorted(names)}


def release(full: str) -> str:
    """Major and minor of a release (0.1.3 -> 0.1); all of a pre-release (0.1rc1), to admit it."""
    try:
        version = Version(full)
    except InvalidVersion:
        return "0"
    return version.public if version.is_prerelease else f"{version.major}.{version.minor}"


def provenance(state: TrainingState, setup: Setup, command: str, data_hash: str) -> Provenance:
    """The record of where the weights come from."""
    return Provenance(
        command=command,
        date=datetime.now(UTC).date().isoformat(),
        duration_s=round(state.seconds, 1),
        images=state.images,
        data_hash=data_hash,
        hardware=hardware(setup.device),
        versions=versions(),
        threads=torch.get_num_threads(),
        sittings=state.sittings,
    )


def fingerprint(network: Generator, labeller: Labeller | None = None) -> Fingerprint:
    """Statistics of the samples of fixed latents, which tell whether a model is the same.

    Without a `labeller` all classes are equally likely; a generator of conditions needs one.
    """
    labeller = labeller or Labeller(network.num_classes)
    drawn = samples(network, GRID, seed=0, labels=labeller.drawn(GRID, seed=0))
    return Fingerprint(
        seed=0,
        n=len(drawn),
        mean=round(float(drawn.mean()), 6),
        std=round(float(drawn.std()), 6),
        means=tuple(round(float(mean), 6) for mean in drawn[:8].flatten(1).mean(1)),
        tolerance=FINGERPRINT_TOLERANCE,
    )


def off_by(measured: Fingerprint, claimed: Fingerprint) -> float:
    """The greatest difference of two fingerprints; infinite if they cannot be compared."""
    if (measured.seed, measured.n, len(measured.means)) != (
        claimed.seed,
        claimed.n,
        len(claimed.means),
    ):
        return math.inf
    ours, theirs = ((f.mean, f.std, *f.means) for f in (measured, claimed))
    return max(abs(a - b) for a, b in zip(ours, theirs, strict=True))


def count(network: torch.nn.Module) -> int:
    """Number of parameters."""
    return sum(parameter.numel() for parameter in network.parameters())
