"""The checks, by the kind of what they are made of, in the order in which they are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ganzoo.testing.checks import (
    augmentations,
    claims,
    conditions,
    datasets,
    declared,
    determinism,
    extractors,
    figures,
    learning,
    loss_state,
    losses,
    models,
    plugins,
    ranks,
    resuming,
    schedules,
    shapes,
    styles,
    turns,
    values,
    weights,
    writers,
)

Check = Callable[[Any], str | None]

_PART: tuple[Check, ...] = (declared.check_declared, declared.check_builds)

_NETWORK: tuple[Check, ...] = (
    shapes.check_shapes,
    shapes.check_inputs,
    shapes.check_dtype,
    shapes.check_outputs,
    determinism.check_seeding,
    determinism.check_determinism,
    determinism.check_independence,
    determinism.check_labels,
    conditions.check_conditions,
    weights.check_gradients,
    weights.check_deepcopy,
    weights.check_round_trip,
)

CHECKS: Mapping[str, tuple[Check, ...]] = {
    "plugin": (
        plugins.check_loads,
        plugins.check_imports_no_torch,
        plugins.check_requires_the_core,
        plugins.check_package_data,
        plugins.check_commands,
    ),
    "dataset": (
        *_PART,
        datasets.check_facts,
        datasets.check_batches,
        datasets.check_addressing,
        figures.check_extractor,
        conditions.check_dataset_conditions,
    ),
    "generator": (
        *_PART,
        declared.check_attributes,
        determinism.check_latents,
        *_NETWORK,
        values.check_range,
        styles.check_styles,
    ),
    "discriminator": (
        *_PART,
        declared.check_attributes,
        *_NETWORK,
        determinism.check_independent,
        values.check_raw_scores,
    ),
    "loss": (
        *_PART,
        claims.check_recipe,
        losses.check_hands_off,
        losses.check_terms,
        losses.check_randomness,
        claims.check_double_backward,
        loss_state.check_state,
    ),
    "augmentation": (
        *_PART,
        augmentations.check_changes,
        augmentations.check_draws,
        augmentations.check_rows,
        augmentations.check_differentiable,
        augmentations.check_keeps,
    ),
    "schedule": (
        *_PART,
        schedules.check_values,
        schedules.check_pure,
        schedules.check_total,
    ),
    "extractor": (
        *_PART,
        extractors.check_features,
        extractors.check_features_of_one,
    ),
    "metric": (
        *_PART,
        figures.check_says,
        figures.check_number,
        figures.check_floor,
        figures.check_direction,
    ),
    "tracker": (declared.check_declared, declared.check_tracker),
    "writer": (declared.check_declared, writers.check_files),
    "game": (
        turns.check_starts,
        turns.check_gradients,
        turns.check_batch_statistics,
        turns.check_second_gradient,
        learning.check_learns,
        resuming.check_resumes,
        ranks.check_two_processes,
    ),
    "model": (
        models.check_card,
        models.check_no_code,
        models.check_requires,
        models.check_files,
        models.check_parameters,
        models.check_fingerprint,
    ),
}

#: Those that the later ones of the same kind stand on: where such a one finds a fault, they would
#: find it again, and are not made.
FOUNDATIONS: frozenset[Check] = frozenset(
    {
        *_PART,
        declared.check_attributes,
        determinism.check_latents,
        shapes.check_shapes,
        shapes.check_inputs,
        shapes.check_dtype,
        shapes.check_outputs,
        losses.check_hands_off,
        losses.check_terms,
        datasets.check_facts,
        datasets.check_batches,
        extractors.check_features,
        figures.check_says,
        figures.check_number,
        augmentations.check_changes,
        schedules.check_values,
        turns.check_starts,
        turns.check_gradients,
        turns.check_second_gradient,
        models.check_card,
        models.check_requires,
        models.check_files,
        models.check_parameters,
    }
)

#: Those that parts are put together for: they are made once each of the parts is right.
TOGETHER: frozenset[Check] = frozenset(
    {
        *CHECKS["game"],
        losses.check_hands_off,
        losses.check_terms,
        losses.check_randomness,
        claims.check_double_backward,
        loss_state.check_state,
        models.check_parameters,
        models.check_fingerprint,
    }
)

#: Those that train, or start processes.
SLOW: frozenset[Check] = frozenset(
    {learning.check_learns, resuming.check_resumes, ranks.check_two_processes}
)
