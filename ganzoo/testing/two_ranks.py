"""Run in a process of its own: plays games as two gloo processes and as one, and compares.

`python -m ganzoo.testing.two_ranks PLAN.json OUT.json`. The plan holds plugins (their parts by
name) and games; what was found is, for each game, the greatest difference of a gradient or a buffer
and its name, or why it could not be played. The process forks itself once torch is imported.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import timm.optim  # noqa: F401 - before the fork, since it takes seconds
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from ganzoo.cards import Catalogue, using
from ganzoo.engine.ranks import ManyRanks, Ranks
from ganzoo.engine.state import TrainingState
from ganzoo.engine.turns import (
    Setup,
    discriminator_turn,
    generator_turn,
    gradients_of,
    make_fakes,
)
from ganzoo.errors import GanzooError, one_line
from ganzoo.plugins import PluginManager
from ganzoo.specs import Part
from ganzoo.specs.reading import read_record
from ganzoo.testing.games import Game, silent
from ganzoo.testing.numerics import equal, seeded
from ganzoo.testing.plugin_sources import offering, standins

#: Discriminator and generator turns that are compared.
TURNS = 2
#: Plain gradient descent, which does not make much of small differences.
PLAIN: dict[str, Any] = {"name": "momentum", "lr": 0.01, "arguments": {"momentum": 0.0}}
PATIENCE = timedelta(seconds=60)


def main(plan: Path, out: Path) -> None:
    """Fork, play, and let the first of the two write."""
    torch.set_num_threads(1)
    told = json.loads(plan.read_text(encoding="utf-8"))
    store = f"file://{out.with_suffix('.store')}"
    second = os.fork()
    rank = 0 if second else 1
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo" if Path("/sys/class/net/lo").exists() else "")
    try:
        dist.init_process_group(
            "gloo", init_method=store, rank=rank, world_size=2, timeout=PATIENCE
        )
        found = compared(told, ManyRanks())
        if rank == 0:
            out.write_text(json.dumps(found), encoding="utf-8")
        dist.destroy_process_group()
    finally:
        if rank == 1:
            os._exit(0)
    os.waitpid(second, 0)


def compared(told: dict[str, Any], ranks: Ranks) -> dict[str, dict[str, Any]]:
    """What each game came to."""
    sources = [offering(*plugin) for plugin in told["plugins"]]
    found = {}
    with using(Catalogue(PluginManager([*sources, standins()], strict=False))) as world:
        for name, parts in told["games"].items():
            try:
                found[name] = compared_game(_game(name, parts, world), ranks)
            except GanzooError as error:
                found[name] = {"error": one_line(error)}
            except Exception as error:
                found[name] = {"error": one_line(error)[:300]}
    return found


def compared_game(game: Game, ranks: Ranks) -> dict[str, Any]:
    """Play it with the other process, and alone."""
    together = played(game, ranks)
    alone = played(game, Ranks())
    if together is None or alone is None:
        return {"draws": True}
    apart = {name: _apart(together[name], alone[name]) for name in alone}
    worst = max(apart, key=lambda name: apart[name])
    return {"apart": apart[worst], "worst": worst}


def played(game: Game, ranks: Ranks) -> dict[str, Tensor] | None:
    """All gradients and buffers of a few turns, by name; None where networks draw by themselves."""
    config = game.config(TURNS, optimizers={"generator": PLAIN, "discriminator": PLAIN})
    config = replace(config, recipe=replace(config.recipe, reuse_fakes=False))
    state, setup = game.prepared(config, ranks)
    for player in (state.generator, state.discriminator):
        _settle(player)
    with seeded(0), _drawing(state, setup) as draws:
        if draws:
            return None
        found: dict[str, Tensor] = {}
        for number in range(TURNS):
            last = discriminator_turn(state, setup, silent)
            _keep(found, f"turn {number}", "discriminator", state)
            generator_turn(state, setup, silent, last)
            _keep(found, f"turn {number}", "generator", state)
    return found


def _settle(network: nn.Module) -> None:
    """Put layers with batch statistics, and those that draw, into evaluation mode."""
    for module in network.modules():
        if isinstance(module, _BatchNorm | _DropoutNd):
            module.eval()


@contextmanager
def _drawing(state: TrainingState, setup: Setup) -> Iterator[bool]:
    """Whether a pass still draws: two processes draw other numbers than one does, on purpose."""
    share = setup.shares[0]
    real, labels = setup.real_batch(0, share)
    latents = state.generator.sample_latents(len(real), rng=torch.Generator().manual_seed(0))
    with torch.no_grad():
        buffers = [
            (b, b.clone()) for b in (*state.generator.buffers(), *state.discriminator.buffers())
        ]
        make_fakes(state, setup, latents, labels, keep_graph=False)
        torch.default_generator.manual_seed(0)
        before = torch.get_rng_state()
        state.generator(latents, labels)
        state.discriminator(real, labels)
        drew = not equal(before, torch.get_rng_state())
        for buffer, value in buffers:
            buffer.copy_(value)
    yield drew


def _keep(found: dict[str, Tensor], when: str, mover: str, state: TrainingState) -> None:
    """Add the mover's gradients and the loss's buffers."""
    network = state.generator if mover == "generator" else state.discriminator
    optimizer = state.generator_optimizer if mover == "generator" else state.discriminator_optimizer
    if gradients_of(optimizer):
        for name, parameter in network.named_parameters():
            if parameter.grad is not None:
                found[f"the gradient of the {mover}'s {name}, {when}"] = parameter.grad.clone()
    for name, buffer in state.loss.named_buffers():
        if buffer.is_floating_point():
            found[f"the loss's buffer {name}, {when}"] = buffer.clone()


def _apart(a: Tensor, b: Tensor) -> float:
    """The greatest difference, against the tensor's greatest value and a small number."""
    if a.numel() == 0:
        return 0.0
    apart = float((a - b).abs().max() / (b.abs().max() + 1e-4))
    return apart if math.isfinite(apart) else math.inf


def _game(name: str, parts: dict[str, Any], world: Catalogue) -> Game:
    roles = {
        role: read_record(Part, parts[role], name)
        for role in ("generator", "discriminator", "loss", "data")
    }
    return Game(name, **roles, world=world, recipe=parts["recipe"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
