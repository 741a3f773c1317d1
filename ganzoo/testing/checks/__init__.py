"""The checks, by the kind of subject, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ganzoo.testing.checks import (
    augmentation,
    dataset,
    discriminator,
    exporter,
    extractor,
    game,
    game_training,
    generator,
    loss,
    loss_declarations,
    metric,
    model,
    network_labels,
    network_outputs,
    network_randomness,
    network_weights,
    part,
    plugin,
    schedule,
    state,
    two_ranks,
    writer,
)

Check = Callable[[Any], str | None]
Checks = tuple[Check, ...]

_PART: Checks = (part.check_declared, part.check_builds)
_OUTPUTS: Checks = (
    network_outputs.check_shapes,
    network_outputs.check_inputs,
    network_outputs.check_dtype,
    network_outputs.check_outputs,
)
_NETWORK: Checks = (
    network_randomness.check_seeding,
    network_randomness.check_determinism,
    network_randomness.check_independence,
    network_labels.check_labels,
    network_labels.check_conditions,
    network_weights.check_gradients,
    network_weights.check_deepcopy,
    network_weights.check_round_trip,
)

#: For each kind, checks up to the last that others depend on, and those others.
_BY_KIND: Mapping[str, tuple[Checks, Checks]] = {
    "plugin": (
        (),
        (
            plugin.check_loads,
            plugin.check_imports_no_torch,
            plugin.check_requires_the_core,
            plugin.check_package_data,
            plugin.check_commands,
        ),
    ),
    "dataset": (
        (*_PART, dataset.check_facts, dataset.check_batches),
        (dataset.check_addressing, extractor.check_extractor, dataset.check_dataset_conditions),
    ),
    "generator": (
        (*_PART, part.check_attributes, generator.check_latents, *_OUTPUTS),
        (*_NETWORK, generator.check_range, generator.check_styles),
    ),
    "discriminator": (
        (*_PART, part.check_attributes, *_OUTPUTS),
        (*_NETWORK, discriminator.check_independent, discriminator.check_raw_scores),
    ),
    "loss": (
        (*_PART, loss_declarations.check_recipe, loss.check_hands_off, loss.check_terms),
        (
            loss.check_randomness,
            loss_declarations.check_double_backward,
            state.check_state,
        ),
    ),
    "augmentation": (
        (*_PART, augmentation.check_changes),
        (
            augmentation.check_draws,
            augmentation.check_rows,
            augmentation.check_differentiable,
            augmentation.check_keeps,
        ),
    ),
    "schedule": ((*_PART, schedule.check_values), (schedule.check_pure, schedule.check_total)),
    "extractor": ((*_PART, extractor.check_features), (extractor.check_features_of_one,)),
    "metric": (
        (*_PART, metric.check_says, metric.check_number),
        (metric.check_floor, metric.check_direction),
    ),
    "tracker": ((part.check_declared,), (part.check_tracker,)),
    "writer": ((part.check_declared,), (writer.check_files, writer.check_shown)),
    "exporter": ((part.check_declared,), (exporter.check_exports,)),
    "game": (
        (
            game.check_starts,
            game.check_gradients,
            game.check_batch_statistics,
            game.check_second_gradient,
        ),
        (
            game_training.check_learns,
            game_training.check_resumes,
            two_ranks.check_two_processes,
        ),
    ),
    "model": (
        (
            model.check_card,
            model.check_no_code,
            model.check_requires,
            model.check_files,
            model.check_parameters,
        ),
        (model.check_fingerprint,),
    ),
}

CHECKS: Mapping[str, Checks] = {
    kind: (*first, *others) for kind, (first, others) in _BY_KIND.items()
}

#: After a fault in one of these, later checks of the same subject do not run.
FOUNDATIONS: frozenset[Check] = frozenset(
    check for first, _ in _BY_KIND.values() for check in first
) - {loss_declarations.check_recipe, game.check_batch_statistics, model.check_no_code}

#: Checks that need several parts: they run only if each of the parts is right.
TOGETHER: frozenset[Check] = frozenset(
    {*CHECKS["game"], *CHECKS["loss"], model.check_parameters, model.check_fingerprint}
) - {*_PART, loss_declarations.check_recipe}

#: Checks that train, export, or play as two processes.
SLOW: frozenset[Check] = frozenset(
    {
        game_training.check_learns,
        game_training.check_resumes,
        two_ranks.check_two_processes,
        exporter.check_exports,
    }
)
