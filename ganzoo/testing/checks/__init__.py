"""The checks, by the kind of subject, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ganzoo.testing.checks.augmentation import (
    check_changes,
    check_differentiable,
    check_draws,
    check_keeps,
    check_rows,
)
from ganzoo.testing.checks.dataset import (
    check_addressing,
    check_batches,
    check_dataset_conditions,
    check_extractor,
    check_facts,
)
from ganzoo.testing.checks.discriminator import check_independent, check_raw_scores
from ganzoo.testing.checks.extractor import check_features, check_features_of_one
from ganzoo.testing.checks.game import (
    check_batch_statistics,
    check_second_gradient,
    check_starts,
)
from ganzoo.testing.checks.game import (
    check_gradients as check_gradients_of_game,
)
from ganzoo.testing.checks.game_training import check_learns, check_resumes
from ganzoo.testing.checks.generator import check_latents, check_range, check_styles
from ganzoo.testing.checks.loss import check_hands_off, check_randomness, check_terms
from ganzoo.testing.checks.loss_declarations import check_double_backward, check_recipe
from ganzoo.testing.checks.metric import (
    check_direction,
    check_floor,
    check_number,
    check_says,
)
from ganzoo.testing.checks.model import (
    check_card,
    check_files,
    check_fingerprint,
    check_no_code,
    check_parameters,
    check_requires,
)
from ganzoo.testing.checks.network_labels import check_conditions, check_labels
from ganzoo.testing.checks.network_outputs import (
    check_dtype,
    check_inputs,
    check_outputs,
    check_shapes,
)
from ganzoo.testing.checks.network_randomness import (
    check_determinism,
    check_independence,
    check_seeding,
)
from ganzoo.testing.checks.network_weights import (
    check_deepcopy,
    check_gradients,
    check_round_trip,
)
from ganzoo.testing.checks.part import (
    check_attributes,
    check_builds,
    check_declared,
    check_tracker,
)
from ganzoo.testing.checks.plugin import (
    check_commands,
    check_imports_no_torch,
    check_loads,
    check_package_data,
    check_requires_the_core,
)
from ganzoo.testing.checks.schedule import check_pure, check_total, check_values
from ganzoo.testing.checks.state import check_state
from ganzoo.testing.checks.two_ranks import check_two_processes
from ganzoo.testing.checks.writer import check_files as check_files_of_writer

Check = Callable[[Any], str | None]

_PART: tuple[Check, ...] = (check_declared, check_builds)
_NETWORK: tuple[Check, ...] = (
    check_shapes,
    check_inputs,
    check_dtype,
    check_outputs,
    check_seeding,
    check_determinism,
    check_independence,
    check_labels,
    check_conditions,
    check_gradients,
    check_deepcopy,
    check_round_trip,
)

CHECKS: Mapping[str, tuple[Check, ...]] = {
    "plugin": (
        check_loads,
        check_imports_no_torch,
        check_requires_the_core,
        check_package_data,
        check_commands,
    ),
    "dataset": (
        *_PART,
        check_facts,
        check_batches,
        check_addressing,
        check_extractor,
        check_dataset_conditions,
    ),
    "generator": (
        *_PART,
        check_attributes,
        check_latents,
        *_NETWORK,
        check_range,
        check_styles,
    ),
    "discriminator": (
        *_PART,
        check_attributes,
        *_NETWORK,
        check_independent,
        check_raw_scores,
    ),
    "loss": (
        *_PART,
        check_recipe,
        check_hands_off,
        check_terms,
        check_randomness,
        check_double_backward,
        check_state,
    ),
    "augmentation": (
        *_PART,
        check_changes,
        check_draws,
        check_rows,
        check_differentiable,
        check_keeps,
    ),
    "schedule": (*_PART, check_values, check_pure, check_total),
    "extractor": (*_PART, check_features, check_features_of_one),
    "metric": (*_PART, check_says, check_number, check_floor, check_direction),
    "tracker": (check_declared, check_tracker),
    "writer": (check_declared, check_files_of_writer),
    "game": (
        check_starts,
        check_gradients_of_game,
        check_batch_statistics,
        check_second_gradient,
        check_learns,
        check_resumes,
        check_two_processes,
    ),
    "model": (
        check_card,
        check_no_code,
        check_requires,
        check_files,
        check_parameters,
        check_fingerprint,
    ),
}

#: Checks that later ones of the same subject depend on: after a fault in one, those do not run.
FOUNDATIONS: frozenset[Check] = frozenset(
    {
        *_PART,
        check_attributes,
        check_latents,
        check_shapes,
        check_inputs,
        check_dtype,
        check_outputs,
        check_hands_off,
        check_terms,
        check_facts,
        check_batches,
        check_features,
        check_says,
        check_number,
        check_changes,
        check_values,
        check_starts,
        check_gradients_of_game,
        check_second_gradient,
        check_card,
        check_requires,
        check_files,
        check_parameters,
    }
)

#: Checks that need several parts: they run only if each of the parts is right.
TOGETHER: frozenset[Check] = frozenset(
    {
        *CHECKS["game"],
        check_hands_off,
        check_terms,
        check_randomness,
        check_double_backward,
        check_state,
        check_parameters,
        check_fingerprint,
    }
)

#: Checks that train, or play as two processes.
SLOW: frozenset[Check] = frozenset({check_learns, check_resumes, check_two_processes})
