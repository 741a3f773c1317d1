"""`--init`: beginning with a model's weights, and what the recipe then says."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ganzoo.engine.initial_weights import start_from
from ganzoo.engine.prepare import prepare
from ganzoo.engine.run.options import RunOptions
from ganzoo.engine.train import train
from ganzoo.errors import CardError, ConfigError, WeightsError
from ganzoo.specs import read_config
from short_runs import checkpoint, config, exported, play

CPU = torch.device("cpu")


def started(what, wish):
    return replace(wish, recipe=replace(wish.recipe, start=start_from(str(what), wish)))


@pytest.fixture
def parent(tiny_world, tmp_path):
    """A finished run to begin from."""
    play(config(steps=20, seed=5), tmp_path / "parent")
    return tmp_path / "parent"


def test_both_players_begin_with_the_models_weights(parent):
    state, _ = prepare(started(parent, config()), CPU)
    for module, file in ((state.generator, "model"), (state.discriminator, "discriminator")):
        for name, tensor in exported(parent, file).items():
            assert torch.equal(module.state_dict()[name], tensor)
    for name, tensor in exported(parent).items():
        assert torch.equal(state.average.module.state_dict()[name], tensor)


def test_the_recipe_says_where_it_began(parent, tmp_path):
    play(started(parent, config()), tmp_path / "child")
    there, _ = read_config(tmp_path / "child" / "export" / "config.json")
    assert there.recipe.start.model == str((parent / "export").resolve())
    assert len(there.recipe.start.generator) == 64
    assert there.recipe.start.generator != there.recipe.start.discriminator


def test_a_start_from_an_unfinished_run_takes_its_average(parent):
    (parent / "export").rename(parent.parent / "elsewhere")
    state, _ = prepare(started(parent, config()), CPU)
    tensors = checkpoint(parent)
    for name, tensor in state.generator.named_parameters():
        assert torch.equal(tensor, tensors[f"average.{name}"])


def test_going_on_does_not_begin_again(parent, tmp_path):
    wish = started(parent, config(steps=8))
    train(wish, RunOptions(tmp_path / "whole", quiet=True))
    half = replace(wish, recipe=replace(wish.recipe, images=64))
    train(half, RunOptions(tmp_path / "halves", quiet=True))
    train(wish, RunOptions(tmp_path / "halves", quiet=True))
    whole, halves = exported(tmp_path / "whole"), exported(tmp_path / "halves")
    assert all(torch.equal(whole[name], halves[name]) for name in whole)


def test_another_network_is_refused_with_both(parent):
    wish = config(generator=("tiny", {"width": 8}))
    with pytest.raises(
        ConfigError, match=r"its generator is tiny/tiny\(\), this training's is .*\(width=8\)"
    ):
        start_from(str(parent), wish)


def test_weights_that_changed_since_are_refused(parent, tmp_path):
    wish = started(parent, config())
    wrong = replace(wish.recipe.start, discriminator="0" * 64)
    wish = replace(wish, recipe=replace(wish.recipe, start=wrong))
    with pytest.raises(WeightsError, match="have changed since this recipe began with them"):
        play(wish, tmp_path / "child")
    assert not (tmp_path / "child").exists()


def test_a_model_without_its_discriminator_cannot_be_begun_from(parent):
    import json

    path = parent / "export" / "config.json"
    data = json.loads(path.read_text())
    del data["files"]["discriminator.safetensors"]
    path.write_text(json.dumps(data))
    with pytest.raises(CardError, match=r"ships no discriminator\.safetensors, and --init needs"):
        start_from(str(parent), config())


def test_a_run_goes_on_though_its_parent_changed_or_is_gone(parent, tmp_path):
    import shutil

    first = started(parent, config())
    play(first, tmp_path / "child")
    shutil.rmtree(parent)
    wish = config(steps=10)
    start = start_from(str(parent), wish, tmp_path / "child")
    assert start == first.recipe.start
    again = replace(wish, recipe=replace(wish.recipe, start=start))
    assert play(again, tmp_path / "child").kind == "finished"
