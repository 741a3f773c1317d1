"""A GPU computes what a CPU does, and the same bits again and again."""

from __future__ import annotations

import pytest
import torch

from ganzoo.engine.cuda_graphs import own_stream
from ganzoo.engine.passes import discriminator_pass, generator_pass, unfrozen
from ganzoo.engine.prepare import prepare
from ganzoo.engine.randomness import TurnDraws
from ganzoo.engine.turns import sample_minibatch
from ganzoo.zoo import load
from gpu_steps import OFFICIAL, differences, played, recipe_of, recorder
from short_runs import config, exported, play

CPU = torch.device("cpu")
#: How far a gradient may be off, of its tensor's greatest: sums in another order, in float32.
TOLERANCE = 1e-3
#: Of the greatest gradient: a bias before batch norm has none, and what is there is rounding.
LEAST = 1e-3


def gradients(name: str, device: torch.device) -> dict[str, torch.Tensor]:
    """Both players' gradients at the first turns, where every lazy penalty is due."""
    state, setup = prepare(recipe_of(name), device)
    for network in (state.generator, state.discriminator):
        for module in network.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0  # which draws others on each device
    found = {}
    log = state.meter.add
    with own_stream(device):
        with unfrozen(setup.trainable):
            draws = TurnDraws(setup.counters, 0, "discriminator")
            batch = sample_minibatch(state, setup, setup.shares[0], draws)
            judged = discriminator_pass(state, setup, batch, draws, log, keep_graph=True)
        for part, parameter in state.discriminator.named_parameters():
            found[f"discriminator.{part}"] = parameter.grad.cpu()
        generator_pass(state, setup, judged, TurnDraws(setup.counters, 0, "generator"), log)
    for part, parameter in state.generator.named_parameters():
        found[f"generator.{part}"] = parameter.grad.cpu()
    return found


@pytest.mark.parametrize("name", OFFICIAL)
def test_gradients_of_a_step_are_those_of_the_cpu(name, device):
    ours, theirs = gradients(name, device), gradients(name, CPU)
    assert ours.keys() == theirs.keys()
    most = max(float(gradient.abs().max()) for gradient in theirs.values())
    off = {
        part: float((ours[part] - theirs[part]).abs().max())
        / max(float(theirs[part].abs().max()), LEAST * most)
        for part in ours
    }
    worst = max(off, key=lambda part: off[part])
    assert off[worst] < TOLERANCE, (worst, off[worst])


@pytest.mark.parametrize("name", OFFICIAL)
def test_samples_are_those_of_the_cpu(name, device):
    here, there = load(name, device=device), load(name)
    assert torch.equal(here.latents(100, seed=3).cpu(), there.latents(100, seed=3))
    assert float((here.sample(100, seed=3) - there.sample(100, seed=3)).abs().max()) < 1e-3


def new_families(family: str, loss, more: dict[str, object], **recipe):
    """A small game of a plugin's networks on digits."""
    size = {"size": 28, "channels": 1, "widths": 16}
    return config(
        loss,
        generator=(family, {**size, **more}),
        discriminator=(family, size),
        data="mnist-mini",
        kind="image",
        **recipe,
    )


PAIRS = ("relativistic", {"r1_gamma": 0.1, "r2_gamma": 0.1})
MAPPED = {"latent_dim": 16, "style_dim": 16, "mapping_layers": 2, "noise": "random"}
CASES = {
    "r3gan": (lambda: new_families("r3gan", PAIRS, {}, precision="float32"), 12),
    "r3gan in bf16": (lambda: new_families("r3gan", PAIRS, {}, precision="bf16"), 12),
    "noise layers": (
        lambda: new_families(
            "stylegan2",
            ("non-saturating", {"r1_gamma": 0.1, "penalty_interval": 3}),
            MAPPED,
            precision="float32",
        ),
        30,
    ),
    "lazy path length": (
        lambda: new_families("stylegan2", "stylegan2", MAPPED, precision="float32"),
        90,
    ),
    "dcgan-mnist": (lambda: recipe_of("dcgan-mnist"), 40),
    "wgan-gp-mnist": (lambda: recipe_of("wgan-gp-mnist"), 14),
    "vanilla-mnist": (lambda: recipe_of("vanilla-mnist"), 40),
    "wgan-mnist": (lambda: recipe_of("wgan-mnist"), 14),
    "labels": (lambda: recipe_of("dcgan-fashion-mnist"), 40),
    "bf16": (lambda: recipe_of("dcgan-mnist", precision="bf16"), 40),
    "augmented": (
        lambda: recipe_of(
            "dcgan-mnist",
            augmentation={"flip": True, "diffaugment": ["color", "translation", "cutout"]},
        ),
        40,
    ),
    "ada": (
        lambda: recipe_of("dcgan-mnist", augmentation={"ada": {"speed": 5_000, "target": -0.5}}),
        40,
    ),
    "ada by a schedule": (
        lambda: recipe_of(
            "dcgan-mnist",
            augmentation={"ada": {"target": None}},
            schedules={
                "augmentation.ada.strength": {
                    "name": "linear",
                    "arguments": {"to": 0.8, "images": 2_000},
                }
            },
        ),
        40,
    ),
    "lazy R1 and R2": (
        lambda: config(("relativistic", {"r1_gamma": 0.1, "r2_gamma": 0.1, "penalty_interval": 3})),
        30,
    ),
    "path length": (lambda: config("path-length"), 14),
    "dragan": (lambda: config("dragan"), 14),
    "dropout": (lambda: config("hinge", generator="dropout", discriminator="dropout"), 14),
    "spectral": (lambda: config(generator="normed", discriminator="spectral"), 14),
    "a loss's state": (lambda: config("began", discriminator="auto-encoder"), 14),
    "two critics": (lambda: config("hinge", discriminator_steps=2), 14),
    "two generators": (lambda: config("hinge", generator_steps=2), 14),
    "new fakes": (lambda: config("hinge", reuse_fakes=False), 14),
    "gradients bounded": (
        lambda: config("hinge", optimizers={"generator": {"max_grad_norm": 0.1}}),
        14,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_turns_played_as_graphs_equal_eager_ones(case, device, games_world):
    make, steps = CASES[case]
    graphs = recorder(device)
    eager = played(make(), device, None, steps)
    recorded = played(make(), device, graphs, steps)
    assert graphs.off is None
    assert any(kind.discriminator or kind.generator for kind in graphs._kinds.values())
    assert not differences(recorded, eager)
    assert all(tensor.isfinite().all() for tensor in eager.values() if tensor.is_floating_point())


def test_an_eager_training_repeats_its_bits(device, games_world):
    given = recipe_of("dcgan-mnist")
    assert not differences(played(given, device, None, 20), played(given, device, None, 20))


@pytest.mark.parametrize("graph", [True, False], ids=["graphs", "eager"])
def test_a_training_that_goes_on_ends_like_one_never_stopped(graph, device, games_world, tmp_path):
    parts = {
        "generator": ("dcgan", {"size": 28, "width": 8}),
        "discriminator": ("dcgan", {"size": 28, "width": 8, "batch_norm": False}),
        "data": "mnist-mini",
        "kind": "image",
    }
    loss = ("non-saturating", {"r1_gamma": 0.1, "penalty_interval": 4})
    options = {"device": str(device), "graph": graph, "log_every": 10_000}
    play(config(loss, **parts, steps=48), tmp_path / "whole", **options)
    play(config(loss, **parts, steps=25), tmp_path / "halves", **options)
    play(config(loss, **parts, steps=48), tmp_path / "halves", **options)
    play(config(loss, **parts, steps=48), tmp_path / "other", **{**options, "graph": not graph})
    for player in ("model", "discriminator"):
        whole = exported(tmp_path / "whole", player)
        assert not differences(exported(tmp_path / "halves", player), whole)
        assert not differences(exported(tmp_path / "other", player), whole)
