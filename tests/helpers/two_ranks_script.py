"""Run by `torch.distributed.run` in two processes: both play turns, and rank 0 plays them alone.

Writes what it found as JSON into the file given: for each game the greatest difference between a
gradient of two processes and the same gradient of one, and between their buffers.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from ganzoo.cards import Catalogue, using
from ganzoo.engine.optimizers import gradients_of
from ganzoo.engine.prepare import prepare
from ganzoo.engine.ranks import Ranks, joined
from ganzoo.engine.turns import discriminator_turn, generator_turn, step
from ganzoo.interfaces import Loss
from ganzoo.losses import gradient_penalty, interpolate, logistic_fake, logistic_real
from ganzoo.plugins import PluginManager
from ganzoo.plugins.distributions import installed_sources
from short_runs import PLAIN, config
from tiny import tiny_plugin

CPU = torch.device("cpu")


class Penalised(Loss):
    """The logistic game under a gradient penalty, with the penalties' mean as its state."""

    double_backward = True

    def __init__(self):
        self.register_buffer("mean", torch.zeros(()))

    def discriminator(self, round):
        between = interpolate(round.real, round.fake, round.uniform(len(round.real)))
        penalty = gradient_penalty(round.discriminator, between)
        self.mean = torch.lerp(self.mean, penalty.detach().mean(), 0.1)
        real, fake = round.discriminator(round.real), round.discriminator(round.fake)
        return {
            "real": logistic_real(real),
            "fake": logistic_fake(fake),
            "penalty": 10 * penalty + self.mean,
        }

    def generator(self, round):
        return {"generator": -round.discriminator(round.fake)}


GAMES = {
    "plain": "non-saturating",
    "gradient penalty": "penalised",
    "lazy R1": ("non-saturating", {"r1_gamma": 1.0, "penalty_interval": 2}),
    "critic steps": ("hinge", {}),
}


def played(loss, ranks: Ranks, micro_batch: int | None = None) -> list[torch.Tensor]:
    """All gradients and buffers of a few turns."""
    steps = 3 if loss == GAMES["critic steps"] else 1
    wish = config(
        loss, batch=16, discriminator_steps=steps,
        optimizers={"generator": PLAIN, "discriminator": PLAIN},
    )  # fmt: skip
    state, setup = prepare(wish, CPU, ranks, micro_batch)
    found = []
    for _ in range(4):
        for _ in range(steps):
            last = discriminator_turn(state, setup, silent, keep_graph=setup.keeps_graph)
            found += [g.clone() for g in gradients_of(state.discriminator_optimizer)]
        generator_turn(state, setup, silent, last)
        found += [g.clone() for g in gradients_of(state.generator_optimizer)]
        found += [buffer.clone() for buffer in state.loss.buffers()]
    return found


def with_batch_norm(ranks: Ranks) -> float:
    """How far a rank's weights and buffers are from the mean over ranks, after steps of a DCGAN.

    The fakes' graph waits over the discriminator's all-reduce for the generator's turn.
    """
    wish = config(
        generator=("dcgan", {"size": 28, "width": 2}),
        discriminator=("dcgan", {"size": 28, "width": 2}),
        data="mnist-mini", kind="image", batch=16,
    )  # fmt: skip
    state, setup = prepare(wish, CPU, ranks)
    for _ in range(3):
        step(state, setup, silent)
    players = (state.generator, state.discriminator)
    sums = {
        f"{number} {name}": float(tensor.double().sum())
        for number, player in enumerate(players)
        for name, tensor in player.state_dict().items()
    }
    means = ranks.means(sums)
    return max(abs(means[name] - value) for name, value in sums.items())


def with_ada(ranks: Ranks) -> list[float]:
    """The strength after some steps on each of two ranks: their mean, and how far one is off."""
    wish = config(
        generator=("tiny", {"sample_shape": [1, 28, 28]}),
        discriminator=("tiny", {"sample_shape": [1, 28, 28]}),
        augmentation={"ada": {"speed": 640, "target": 0.05}},
        data="mnist-mini", kind="image", batch=16,
    )  # fmt: skip
    state, setup = prepare(wish, CPU, ranks)
    for _ in range(22):
        step(state, setup, silent)
    strength, signs = float(state.augmentations[0].strength), float(state.augmentations[0].signs)
    means = ranks.means({"strength": strength, "signs": signs})
    return [
        means["strength"], abs(strength - means["strength"]),
        means["signs"], abs(signs - means["signs"]),
    ]  # fmt: skip


def silent(name, values) -> None:
    """Log nothing."""


def apart(ours: list[torch.Tensor], theirs: list[torch.Tensor]) -> float:
    """The greatest difference, against 1 and the tensor's greatest value."""
    return max(
        float((a - b).abs().max() / (1 + b.abs().max())) for a, b in zip(ours, theirs, strict=True)
    )


def main(out: Path) -> None:
    source = tiny_plugin(ganzoo_losses={"penalised": "two_ranks_script:Penalised"})
    torch.set_num_threads(1)
    sources = [source, *installed_sources()]
    with using(Catalogue(PluginManager(sources))), joined(CPU) as ranks:
        found = {}
        for name, loss in GAMES.items():
            ours, micro = played(loss, ranks), played(loss, ranks, micro_batch=4)
            if ranks.first:
                alone = played(loss, Ranks())
                found[name] = [apart(ours, alone), apart(micro, alone)]
        found["batch norm"] = with_batch_norm(ranks)
        ours = with_ada(ranks)
        if ranks.first:
            found["ada"] = [ours, with_ada(Ranks())]
        means = ranks.means({"b": float(ranks.rank), "a": 1.0})
        found["means"] = [means["a"], means["b"]]
        found["greatest"] = [ranks.greatest(ranks.rank)]
        if ranks.first:
            out.write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
