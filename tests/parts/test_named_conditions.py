"""Networks that are told several things at once, and conditions that are asked for by name."""

from __future__ import annotations

import numpy
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

import commands
import ganzoo
from ganzoo.errors import ConfigError, UsageError
from ganzoo.layers import embedding
from ganzoo.plugins import PART_HOOKS
from ganzoo.plugins.distributions import installed_sources
from ganzoo.zoo.named_conditions import with_wishes
from short_runs import config, play
from tiny import tiny_plugin
from told_game import NAMES

FAMILIES = {
    "dcgan": {"size": 16, "width": 4},
    "stylegan2": {"size": 16, "widths": 4, "channels": 1},
    "r3gan": {"size": 16, "widths": 4, "group_width": None, "blocks": 1, "channels": 1},
}


@pytest.fixture
def told_world(world):
    """The core, DCGAN, and the data above."""
    mine = [one for one in installed_sources() if one.distribution == "ganzoo-dcgan"]
    return world(
        tiny_plugin(**{PART_HOOKS["dataset"]: {"told": "told_game:Told"}}),
        *mine,
        strict=True,
    )


def labels_and_conditions(classes: int = 3) -> tuple[Tensor, Tensor]:
    labels = torch.tensor([2, 0, 1, 2])
    return labels, torch.eye(classes)[labels]


def test_one_hot_conditions_mean_what_labels_do():
    by_label, by_condition = embedding(3, None, 8), embedding(None, [3], 8)
    labels, conditions = labels_and_conditions()
    with torch.no_grad():
        by_condition.weight.copy_(by_label.weight.T)
    assert_close(by_condition(conditions), by_label(labels))
    assert_close(by_condition(torch.ones(1, 3))[0], by_label.weight.sum(0))


@pytest.mark.parametrize(
    ("classes", "shape", "said"),
    [
        (3, [3], "num_classes and condition_shape are alternatives"),
        (None, [4, 8, 8], r"condition_shape is \[K\], for vectors, or None; found \[4, 8, 8\]"),
        (None, [0], r"found \[0\]"),
        (1, None, "num_classes is 2 or more, or None; found 1"),
    ],
)
def test_what_no_layer_takes_is_refused(classes, shape, said):
    with pytest.raises(ValueError, match=said):
        embedding(classes, shape, 8)
    assert embedding(None, None, 8) is None


@pytest.mark.parametrize("family", FAMILIES)
def test_families_are_told_conditions(family):
    arguments = {"channels": 1, **FAMILIES[family], "condition_shape": [5]}
    torch.default_generator.manual_seed(0)
    generator = ganzoo.create_generator(family, **arguments).eval()
    judge = ganzoo.create_discriminator(family, **arguments).eval()
    assert generator.condition_shape == judge.condition_shape == (5,)
    rng = torch.Generator().manual_seed(0)
    latents = generator.sample_latents(4, rng=rng)
    one, other = torch.eye(5)[:4], torch.eye(5)[1:]
    assert not torch.equal(generator(latents, one), generator(latents, other))
    pictures = torch.randn(4, 1, 16, 16, generator=rng)
    assert not torch.equal(judge(pictures, one), judge(pictures, other))


@pytest.fixture
def run(told_world, tmp_path):
    arguments = {**FAMILIES["dcgan"], "condition_shape": [5]}
    parts = {"generator": ("dcgan", arguments), "discriminator": ("dcgan", arguments)}
    play(config(data="told", kind="image", steps=2, **parts), tmp_path / "run")
    return tmp_path / "run"


def test_a_model_is_asked_by_name(run, tmp_path, capsys):
    model = ganzoo.load(run)
    assert model.condition_names == NAMES
    wishes = {"hair": "short", "age": 0.25}
    samples, told = model.sample(64, seed=0, conditions=wishes, return_labels=True)
    assert told[:, :2].unique(dim=0).tolist() == [[0, 1]]
    assert told[:, 4].unique().tolist() == [0.25]
    assert torch.equal(told[:, 2:4], model.conditions[:, 2:4]), "what was not asked for stays"
    made = tmp_path / "made.npy"
    words = ("--conditions", "hair=short, age=0.25", "-n", 64, "-o", made)
    assert commands.ganzoo("sample", run, *words) == 0
    assert (numpy.load(made) == samples.numpy()).all()
    assert commands.ganzoo("sample", run, *words[:2], "-o", tmp_path / "grid.png") == 0
    walked = model.interpolate((0, 1), 2, conditions={"hair": "long"})
    assert walked.shape == (3, 1, 16, 16)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("hare=short", "is not told 'hare'; did you mean 'hair'?"),
        ("hair=shrt", "knows no hair 'shrt'; did you mean 'short'?"),
        ("hair=blue", "knows no hair 'blue'; there are: long, short"),
        ("age=old", "age is a number, found 'old'"),
        ("hair=", "--conditions takes NAME=VALUE,..., found 'hair='"),
        ("hair=long,hair=short", "--conditions names hair twice"),
    ],
)
def test_a_wish_that_cannot_be_met_is_one_line(run, capsys, wanted, said):
    assert commands.ganzoo("sample", run, "--conditions", wanted) == 2
    told = "".join(capsys.readouterr())
    assert said in told
    assert len(told.splitlines()) == 1


def test_conditions_without_names_cannot_be_asked_for():
    with pytest.raises(UsageError, match="the conditions of it have no names"):
        with_wishes(torch.zeros(1, 2), (), {"hair": "long"}, "it")


def test_as_many_names_as_numbers(told_world, tmp_path):
    arguments = {**FAMILIES["dcgan"], "condition_shape": [5]}
    parts = {"generator": ("dcgan", arguments), "discriminator": ("dcgan", arguments)}
    game = config(data=("told", {"names": 3}), kind="image", steps=1, **parts)
    with pytest.raises(ConfigError, match=r"3 condition_names and conditions of shape \[5\]"):
        play(game, tmp_path / "run")
