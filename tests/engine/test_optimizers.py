"""Optimizers by timm's names, with torch's defaults."""

from __future__ import annotations

import json

import pytest
import torch

import commands
import ganzoo
from ganzoo.engine.optimizers import FUSED, TORCH, make_optimizer
from ganzoo.engine.run.checkpoint import checkpoint_folders
from ganzoo.errors import ConfigError, TrainingError
from ganzoo.specs import Optimizer
from short_runs import run_ring
from tiny import TinyDiscriminator


def group(name: str, **arguments) -> dict:
    return make_optimizer(Optimizer(name, 1e-3, arguments), TinyDiscriminator()).param_groups[0]


def test_rmsprop_has_no_momentum_unless_it_is_asked_for():
    assert (group("rmsprop")["momentum"], group("rmsprop")["alpha"]) == (0.0, 0.99)
    assert group("rmsprop", momentum=0.5)["momentum"] == 0.5


def test_sgd_is_plain():
    assert (group("sgd")["momentum"], group("sgd")["nesterov"]) == (0.0, False)


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_steps_are_fused_where_torch_can(name):
    assert group(name)["fused"] is True
    assert not group(name, foreach=True).get("fused")


def test_betas_and_rate_are_the_recipes():
    found = group("adam", betas=[0, 0.9])
    assert found["betas"] == (0.0, 0.9)
    assert found["lr"] == 1e-3


@pytest.mark.parametrize("betas", [3, [0.5], [0.5, 2.0], "x"])
def test_bad_betas_are_refused(betas):
    with pytest.raises(ConfigError, match="optimizer 'adam'"):
        group("adam", betas=betas)


@pytest.mark.parametrize("name", TORCH)
def test_torch_optimizers_step_as_timm_makes_them(name):
    """Made without timm, and without torch's decorators, they move weights to the same bits."""
    ours, theirs = (_after_steps(name, make) for make in (make_optimizer, _by_timm))
    assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))


def _by_timm(spec, module):
    from timm.optim import create_optimizer_v2

    kind, defaults = TORCH[spec.name]
    fused = {"fused": True} if kind in FUSED else {}
    values = {**(defaults if kind in (torch.optim.SGD, torch.optim.RMSprop) else {}), **fused}
    parameters = [*module.parameters()]
    return create_optimizer_v2(parameters, opt=spec.name, lr=spec.lr, **values, **spec.arguments)


def _after_steps(name, make):
    torch.default_generator.manual_seed(0)
    network = TinyDiscriminator()
    optimizer = make(Optimizer(name, 1e-2, {"weight_decay": 0.1}), network)
    for number in range(3):
        for parameter in network.parameters():
            parameter.grad = torch.full_like(parameter, 0.1 * (number + 1))
        optimizer.step()
    return [*network.parameters()]


def test_every_torch_optimizer_of_timm_is_made_without_timm():
    from timm.optim import get_optimizer_info, list_optimizers

    kinds = {name: get_optimizer_info(name).opt_class for name in list_optimizers()}
    of_torch = {n for n, kind in kinds.items() if "torch.optim" in getattr(kind, "__module__", "")}
    assert of_torch == TORCH.keys()


def test_a_rate_among_the_arguments_is_refused():
    with pytest.raises(ConfigError, match="set lr beside the arguments"):
        group("adam", lr=1.0)


def test_frozen_parameters_are_left_out():
    network = TinyDiscriminator()
    network.layers[0].requires_grad_(False)
    made = make_optimizer(Optimizer(), network)
    assert len(made.param_groups[0]["params"]) == 2


@pytest.mark.parametrize("name", ["lamb", "adan", "nadam", "lion"])
def test_going_on_is_exact_for_optimizers_that_count_in_their_own_way(tiny_world, tmp_path, name):
    both = {"generator": {"name": name}, "discriminator": {"name": name}}
    run_ring(tmp_path / "whole", 1280, optimizers=both)
    run_ring(tmp_path / "halves", 640, optimizers=both)
    run_ring(tmp_path / "halves", 1280, optimizers=both)
    for file in ("model.safetensors", "discriminator.safetensors"):
        one, two = (tmp_path / run / "export" / file for run in ("whole", "halves"))
        assert one.read_bytes() == two.read_bytes()


def test_images_are_raised_and_not_lowered(tiny_world, tmp_path):
    run_ring(tmp_path / "run", 1280)
    with pytest.raises(TrainingError, match="finished with 1,280 images; .* not lowered to 640"):
        run_ring(tmp_path / "run", 640)
    (tmp_path / "run" / "export").rename(tmp_path / "elsewhere")
    with pytest.raises(TrainingError, match="has seen 1,280 images already; .* lowered to 640"):
        run_ring(tmp_path / "run", 640)
    kept = json.loads((tmp_path / "run" / "config.json").read_text())
    assert kept["recipe"]["images"] == 1280


def test_a_replacement_that_was_cut_short_is_put_back(tiny_world, tmp_path):
    run_ring(tmp_path / "run", 640)
    (newest,) = checkpoint_folders(tmp_path / "run" / "checkpoints")
    aside = newest.parent / f".{newest.name}.x.old"
    aside.mkdir()
    newest.rename(aside / newest.name)
    run_ring(tmp_path / "run", 1280)
    assert checkpoint_folders(newest.parent)[-1] == newest
    assert not aside.exists()


def test_a_training_that_fails_says_where_and_tells_its_listeners(world, tmp_path):
    from ganzoo.plugins import PluginSource, hookimpl
    from tiny import tiny_plugin

    outcomes = []
    source = tiny_plugin(ganzoo_losses={"late": "late_loss:Late"})
    module = source.load()

    @hookimpl
    def ganzoo_training_ended(run, outcome):
        outcomes.append((run.images_seen, outcome))

    module.ganzoo_training_ended = ganzoo_training_ended
    world(PluginSource("tiny", "1.0", lambda: module))
    with pytest.raises(
        TrainingError,
        match=r"failed at 640 images: RuntimeError: out of luck; there was no checkpoint",
    ):
        run_ring(tmp_path / "run", 1280, loss={"name": "late"})
    assert outcomes == [(640, "failed")]


class Late(ganzoo.Loss):
    """Fails once 640 images are seen."""

    def discriminator(self, round):
        if round.images_seen >= 640:
            raise RuntimeError("out of luck")
        return {"real": -round.discriminator(round.real)}

    def generator(self, round):
        return {"generator": -round.discriminator(round.fake)}


@pytest.fixture(autouse=True)
def late_loss(monkeypatch):
    import sys
    import types

    module = types.ModuleType("late_loss")
    module.Late = Late
    monkeypatch.setitem(sys.modules, "late_loss", module)


def test_a_file_with_old_figures_passes_none_on(tiny_world, tmp_path):
    """A copied config.json trained as a recipe claims nothing that was not measured."""
    run_ring(tmp_path / "run", 640)
    config = json.loads((tmp_path / "run" / "export" / "config.json").read_text())
    figure = {"name": "FD", "value": 1.0, "protocol": "p", "n": 1, "command": "c"}
    config["metrics"] = [figure]
    config["recipe"]["images"] = 640
    (tmp_path / "mine.json").write_text(json.dumps(config))
    words = ["train", str(tmp_path / "mine.json"), "--out", str(tmp_path / "again"), "--quiet"]
    assert commands.ganzoo(*words) == 0
    assert ganzoo.card(tmp_path / "again").config.metrics == ()
