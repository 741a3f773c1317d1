"""`--compile`: which players torch may compile, and errors of those that it may not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ganzoo.engine.dry_call import dry_call
from ganzoo.engine.passes import DISCRIMINATOR, GENERATOR
from ganzoo.engine.setup import Setup
from ganzoo.engine.state import TrainingState
from ganzoo.errors import TrainingError

log = logging.getLogger("ganzoo")


def compile_players(state: TrainingState, setup: Setup) -> None:
    """Let torch compile the players whose gradients no term differentiates again.

    Through compiled code it cannot: it fails on some terms and drops others silently. A dry call
    finds them, and a loss that does not declare them is named in a warning.
    """
    twice = dry_call(state, setup)
    if twice and not state.loss.double_backward and setup.ranks.first:
        log.warning(
            "%s differentiates a gradient in the %s's turn, which compiled networks cannot do: "
            "%s; set double_backward = True in its class",
            setup.recipe.loss.name,
            " and the ".join(sorted(twice)),
            "neither player is compiled"
            if GENERATOR in twice
            else "the discriminator is not compiled",
        )
    if GENERATOR in twice:
        return
    state.generator.compile()
    if DISCRIMINATOR not in twice and not state.loss.double_backward:
        state.discriminator.compile()


@contextmanager
def explaining_double_backward(setup: Setup) -> Iterator[None]:
    """Say why compiled players fail under a loss that did not differentiate in the dry call."""
    try:
        yield
    except TrainingError as error:
        if not any(words in str(error) for words in ("double backward", "donated buffers")):
            raise
        raise TrainingError(
            f"{setup.recipe.loss.name} differentiates a gradient, which compiled networks cannot "
            "do; set double_backward = True in its class, or train without --compile"
        ) from error
