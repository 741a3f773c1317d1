"""The checks, by the kind of what they are made of, in the order in which they are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ganzoo.testing.checks import (
    augmentation,
    dataset,
    discriminator,
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
    resuming,
    schedule,
    state,
    two_ranks,
    writer,
)

Check = Callable[[Any], str | None]

_PART: tuple[Check, ...] = (part.check_declared, part.check_builds)

_NETWORK: tuple[Check, ...] = (
    network_outputs.check_shapes,
    network_outputs.check_inputs,
    network_outputs.check_dtype,
    network_outputs.check_outputs,
    network_randomness.check_seeding,
    network_randomness.check_determinism,
    network_randomness.check_independence,
    network_randomness.check_labels,
    network_labels.check_conditions,
    network_weights.check_gradients,
    network_weights.check_deepcopy,
    network_weights.check_round_trip,
)

CHECKS: Mapping[str, tuple[Check, ...]] = {
    "plugin": (
        plugin.check_loads,
        plugin.check_imports_no_torch,
        plugin.check_requires_the_core,
        plugin.check_package_data,
        plugin.check_commands,
    ),
    "dataset": (
        *_PART,
        dataset.check_facts,
        dataset.check_batches,
        dataset.check_addressing,
        metric.check_extractor,
        network_labels.check_dataset_conditions,
    ),
    "generator": (
        *_PART,
        part.check_attributes,
        network_randomness.check_latents,
        *_NETWORK,
        discriminator.check_range,
        generator.check_styles,
    ),
    "discriminator": (
        *_PART,
        part.check_attributes,
        *_NETWORK,
        network_randomness.check_independent,
        discriminator.check_raw_scores,
    ),
    "loss": (
        *_PART,
        loss_declarations.check_recipe,
        loss.check_hands_off,
        loss.check_terms,
        loss.check_randomness,
        loss_declarations.check_double_backward,
        state.check_state,
    ),
    "augmentation": (
        *_PART,
        augmentation.check_changes,
        augmentation.check_draws,
        augmentation.check_rows,
        augmentation.check_differentiable,
        augmentation.check_keeps,
    ),
    "schedule": (
        *_PART,
        schedule.check_values,
        schedule.check_pure,
        schedule.check_total,
    ),
    "extractor": (
        *_PART,
        extractor.check_features,
        extractor.check_features_of_one,
    ),
    "metric": (
        *_PART,
        metric.check_says,
        metric.check_number,
        metric.check_floor,
        metric.check_direction,
    ),
    "tracker": (part.check_declared, part.check_tracker),
    "writer": (part.check_declared, writer.check_files),
    "game": (
        game.check_starts,
        game.check_gradients,
        game.check_batch_statistics,
        game.check_second_gradient,
        game_training.check_learns,
        resuming.check_resumes,
        two_ranks.check_two_processes,
    ),
    "model": (
        model.check_card,
        model.check_no_code,
        model.check_requires,
        model.check_files,
        model.check_parameters,
        model.check_fingerprint,
    ),
}

#: Those that the later ones of the same kind stand on: where such a one finds a fault, they would
#: find it again, and are not made.
FOUNDATIONS: frozenset[Check] = frozenset(
    {
        *_PART,
        part.check_attributes,
        network_randomness.check_latents,
        network_outputs.check_shapes,
        network_outputs.check_inputs,
        network_outputs.check_dtype,
        network_outputs.check_outputs,
        loss.check_hands_off,
        loss.check_terms,
        dataset.check_facts,
        dataset.check_batches,
        extractor.check_features,
        metric.check_says,
        metric.check_number,
        augmentation.check_changes,
        schedule.check_values,
        game.check_starts,
        game.check_gradients,
        game.check_second_gradient,
        model.check_card,
        model.check_requires,
        model.check_files,
        model.check_parameters,
    }
)

#: Those that parts are put together for: they are made once each of the parts is right.
TOGETHER: frozenset[Check] = frozenset(
    {
        *CHECKS["game"],
        loss.check_hands_off,
        loss.check_terms,
        loss.check_randomness,
        loss_declarations.check_double_backward,
        state.check_state,
        model.check_parameters,
        model.check_fingerprint,
    }
)

#: Those that train, or start processes.
SLOW: frozenset[Check] = frozenset(
    {game_training.check_learns, resuming.check_resumes, two_ranks.check_two_processes}
)
