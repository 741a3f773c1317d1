"""Scenes of games in the plane, and the journal of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.testing import assert_close

from ganzoo import Discriminator, Generator
from ganzoo.engine.prepare import prepare
from ganzoo.engine.run.scenes import MOST, STEPS, Scenes
from ganzoo.engine.scene import LATTICE, MESH, make_stage, scene_of
from ganzoo.engine.turns import step
from ganzoo.errors import TrainingError
from ganzoo.run_folders import Run
from short_runs import checkpoint, config, exported, play, ring_config
from tiny import tiny_plugin


class Straight(Generator):
    """Latents as they are, with batch norm, which a careless look would change."""

    latent_dim, sample_shape = 2, (2,)

    def __init__(self) -> None:
        super().__init__()
        self.scale, self.norm = nn.Linear(2, 2), nn.BatchNorm1d(2)

    def forward(self, latents, labels=None):
        return self.norm(self.scale(latents))


class Slope(Discriminator):
    """Scores a point by its first coordinate, with a norm of its own and noise in training."""

    sample_shape = (2,)

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, 0.0]))
        self.drop = nn.Dropout(0.5)

    def forward(self, samples, labels=None):
        return self.drop(samples) @ self.weight


class Pairs(Discriminator):
    """Scores two points together."""

    sample_shape = (2,)

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 1)

    def forward(self, samples, labels=None):
        return self.layer(samples.reshape(-1, 4)).squeeze(1)


@pytest.fixture
def plane(world):
    """The tiny parts, and networks whose scenes are known."""
    here = __name__
    return world(
        tiny_plugin(
            ganzoo_generators={"straight": f"{here}:Straight"},
            ganzoo_discriminators={"slope": f"{here}:Slope", "pairs": f"{here}:Pairs"},
        )
    )


def scene(**parts):
    state, setup = prepare(config(**parts), torch.device("cpu"))
    return state, setup, scene_of(state, setup, make_stage(state, setup))


def test_a_scene_shows_points_scores_pushes_and_the_mesh(plane):
    _, setup, seen = scene(generator="straight", discriminator="slope")
    (left, bottom), (right, top) = seen["region"].tolist()
    assert_close(seen["real"], setup.real_batch(0, setup.shares[0])[0])
    assert seen["fake"].shape == seen["push"].shape == (16, 2)
    assert seen["mesh"].shape == (MESH, MESH, 2)
    across = left + (torch.arange(LATTICE) + 0.5) / LATTICE * (right - left)
    assert_close(seen["heat"], across.expand(LATTICE, LATTICE))  # each row from left to right
    assert_close(seen["fake_scores"], seen["fake"][:, 0])
    assert bottom < seen["real"][:, 1].min() < seen["real"][:, 1].max() < top


def test_a_push_is_the_generators_gradient_at_each_fake(plane):
    """Of softplus(-D(x)) with D(x) = x_1: sigmoid(-x_1), to the right."""
    _, _, seen = scene(generator="straight", discriminator="slope")
    expected = torch.stack([torch.sigmoid(-seen["fake"][:, 0]), torch.zeros(16)], 1)
    assert_close(seen["push"], expected)


def test_a_mesh_is_cut_where_equally_many_latents_lie(plane):
    state, setup = prepare(config(generator="straight"), torch.device("cpu"))
    lines = make_stage(state, setup).mesh.reshape(MESH, MESH, 2)
    latents = state.generator.sample_latents(4000, rng=torch.Generator().manual_seed(1))
    shares = (latents[:, :1] < lines[0, :, 0]).float().mean(0)
    assert_close(shares, (torch.arange(MESH) + 0.5) / MESH, atol=0.03, rtol=0)


def test_packs_have_no_map_and_no_scores(plane):
    _, _, seen = scene(discriminator="pairs")
    assert seen.keys() == {"region", "real", "fake", "push"}


def test_conditional_players_are_shown_over_their_classes(plane):
    told = ("tiny", {"num_classes": 8})
    state, setup, seen = scene(generator=told, discriminator=told)
    assert "mesh" not in seen
    lattice = make_stage(state, setup).lattice[:1].expand(8, 2)
    assert_close(seen["heat"][0, 0], state.discriminator(lattice, torch.arange(8)).mean())


def test_looking_changes_no_bit_of_a_training(plane):
    """Not of weights, statistics, gradients, the loss or torch's own generator."""
    ends = []
    for looks in (False, True):
        parts = config(generator="straight", discriminator="slope")
        state, setup = prepare(parts, torch.device("cpu"))
        stage = make_stage(state, setup)
        for _ in range(5):
            step(state, setup, state.meter.add)
            before = torch.random.get_rng_state()
            if looks:
                scene_of(state, setup, stage)
            assert torch.equal(before, torch.random.get_rng_state())
            gradients = [p.grad.clone() for p in state.generator.parameters()]
        assert state.generator.training and not state.discriminator.weight.requires_grad
        ends.append([*state.tensors().values(), *gradients])
    assert all(torch.equal(a, b) for a, b in zip(*ends, strict=True))


def scenes_of(folder: Path) -> list[int]:
    return [int(path.stem) for path in Run(folder).scenes]


def test_a_run_takes_scenes_at_its_start_with_grids_and_at_its_end(plane, tmp_path):
    play(ring_config(1600), tmp_path / "run", grid_every=640)
    assert scenes_of(tmp_path / "run") == [0, 64, 128, 256, 512, 640, 1024, 1280, 1600]
    assert load_file(Run(tmp_path / "run").scenes[0])["heat"].shape == (LATTICE, LATTICE)


def test_a_resumed_run_keeps_the_scenes_of_one_never_stopped(plane, tmp_path):
    for name, images in (("whole", 1600), ("raised", 640), ("raised", 1600)):
        play(ring_config(images), tmp_path / name, grid_every=320)
    whole, raised = (Run(tmp_path / name).scenes for name in ("whole", "raised"))
    assert [path.name for path in whole] == [path.name for path in raised]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(whole, raised, strict=True))
    assert exported(tmp_path / "whole").keys() and checkpoint(tmp_path / "whole")


def test_a_scene_beyond_the_checkpoint_goes(plane, tmp_path):
    play(ring_config(640), tmp_path / "run")
    beyond = tmp_path / "run" / "scenes" / f"{960:012d}.safetensors"
    beyond.write_bytes(b"of a run that was killed")
    play(ring_config(1280), tmp_path / "run")
    assert 960 not in scenes_of(tmp_path / "run")


def test_scenes_of_a_long_run_are_thinned_evenly(plane, tmp_path):
    state, setup = prepare(ring_config(), torch.device("cpu"))
    scenes = Scenes(tmp_path / "scenes", state, setup, grid_every=1 << 40, per_step=64)
    every, last = 64 * STEPS, 64 * STEPS * (4 * MOST + 7)
    scenes._stage, scenes.folder = make_stage(state, setup), tmp_path / "scenes"
    scenes.folder.mkdir()
    for number in range(4 * MOST + 7):
        scenes._path(number * every).touch()
    state.images = last
    scenes.take()
    kept = [int(path.stem) // every for path in scenes._files()]
    assert kept == [*range(0, 4 * MOST + 7, 8), 4 * MOST + 7]
    assert len(kept) <= MOST


def test_images_have_no_scenes(tiny_world, tmp_path):
    shaped = ("tiny", {"sample_shape": [1, 28, 28]})
    play(config(generator=shaped, discriminator=shaped, data="mnist-mini"), tmp_path / "run")
    assert not (tmp_path / "run" / "scenes").exists()


def test_a_scene_that_fails_ends_the_scenes_and_not_the_training(
    plane, tmp_path, monkeypatch, caplog
):
    def fail(*_: object) -> None:
        raise RuntimeError("no picture")

    monkeypatch.setattr("ganzoo.engine.run.scenes.scene_of", fail)
    assert play(ring_config(1280), tmp_path / "run").kind == "finished"
    assert (
        caplog.text.count("no more scenes of this game are recorded: RuntimeError: no picture") == 1
    )


def test_the_journal_tells_what_happened_and_when(tiny_world, tmp_path):
    play(ring_config(640), tmp_path / "run", log_every=320)
    play(ring_config(960), tmp_path / "run", log_every=320)
    journal = Run(tmp_path / "run").journal
    assert [(row["event"], row["images"]) for row in journal] == [
        ("started", 0),
        ("pace", 320),
        ("pace", 640),
        ("finished", 640),
        ("resumed", 640),
        ("pace", 960),
        ("finished", 960),
    ]
    assert all(row["pace"] > 0 for row in journal if row["event"] == "pace")
    times = [row["time"] for row in journal]
    assert times == sorted(times)


def test_the_journal_keeps_what_the_health_check_found(tiny_world, tmp_path):
    fast = {"name": "adam", "lr": 1e18}
    recipe = {"optimizers": {"generator": fast, "discriminator": fast}, "on_collapse": "stop"}
    with pytest.raises(TrainingError):
        play(ring_config(64_000, **recipe), tmp_path / "run")
    text = (tmp_path / "run" / "journal.jsonl").read_text().splitlines()
    events = {row["event"]: row for row in map(json.loads, text)}
    assert events["ill"]["name"] == "not-finite"
    assert "no longer a finite number" in events["ill"]["text"]
    assert "stopped" in events["failed"]["text"]
