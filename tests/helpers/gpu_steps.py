"""Short trainings step by step, on a GPU or where one is stood for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from games import LogisticGame
from ganzoo.cards import catalogue
from ganzoo.engine.config import resolve
from ganzoo.engine.cuda_graphs import Graphs, own_stream
from ganzoo.engine.prepare import prepare
from ganzoo.engine.recordings import Recording
from ganzoo.engine.setup import Setup
from ganzoo.engine.state import TrainingState
from ganzoo.engine.train import update_average
from ganzoo.engine.turns import step
from ganzoo.recipes import RESULTS
from ganzoo.specs import ModelConfig
from recording_tape import Tape

OFFICIAL = (
    "dcgan-mnist",
    "dcgan-fashion-mnist",
    "vanilla-mnist",
    "wgan-gp-fashion-mnist",
    "wgan-gp-mnist",
    "wgan-mnist",
)


def recipe_of(name: str, **changed: Any) -> ModelConfig:
    """A published model's recipe on the package's digits, in float32 unless it is changed."""
    raw = {key: value for key, value in catalogue().card(name).raw.items() if key not in RESULTS}
    recipe = {**raw["recipe"], "data": {"name": "mnist-mini"}, "precision": "float32", **changed}
    return resolve({**raw, "recipe": recipe}, name)


def recorder(device: torch.device) -> Graphs:
    """Graphs, or on a CPU what stands for them."""
    return Graphs(Recording if device.type == "cuda" else Tape)


def one_step(state: TrainingState, setup: Setup) -> None:
    """What a training does at every step."""
    step(state, setup, state.meter.add)
    update_average(state, setup)
    state.meter.step_ended()


def played(
    given: ModelConfig, device: torch.device, graphs: Graphs | None, steps: int
) -> dict[str, Tensor]:
    """All of a training's tensors after some steps, on the CPU."""
    state, setup = prepare(given, device)
    setup = replace(setup, graphs=graphs)
    with own_stream(device):
        for _ in range(steps):
            one_step(state, setup)
    return {name: tensor.detach().cpu() for name, tensor in state.tensors().items()}


def differences(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> dict[str, float]:
    """How far tensors are apart that are not bit for bit alike."""
    assert ours.keys() == theirs.keys()
    return {
        name: float((ours[name].double() - theirs[name].double()).abs().max())
        for name in ours
        if not torch.equal(ours[name], theirs[name])
    }


class Hungry(LogisticGame):
    """Asks for a share of a GPU's memory for each row, from its `turn`-th turn on."""

    def __init__(self, share: float = 0.1, turn: int = 3) -> None:
        self.share, self.turn, self.turns = share, turn, 0

    def discriminator(self, round):
        self.turns += 1
        if self.turns > self.turn:
            room(round.real, self.share)
        return super().discriminator(round)


def room(rows: Tensor, share: float) -> None:
    """Take so much of the whole memory for each row, and give it back."""
    if not rows.is_cuda:
        if len(rows) * share > 1:
            raise torch.OutOfMemoryError("CUDA out of memory: a stand-in")
        return
    size = torch.cuda.get_device_properties(rows.device).total_memory
    torch.empty(int(len(rows) * share * size), dtype=torch.uint8, device=rows.device)
