"""Augmentation: each change by itself, and what a discriminator is shown in a training."""

from __future__ import annotations

import pytest
import torch
from torch.testing import assert_close

from augmentation_parts import IMAGES, augmented, drawing, numbered
from ganzoo import Discriminator
from ganzoo.augmentations import DiffAugment, Flip, color, cutout, flip, translation
from ganzoo.engine.prepare import prepare
from ganzoo.errors import ConfigError, GanzooError
from ganzoo.interfaces import Player
from ganzoo.losses import r1_penalty
from short_runs import config, exported, play
from tiny import TinyDiscriminator, tiny_plugin


def test_a_change_that_there_is_not_is_named():
    with pytest.raises(ConfigError, match="no 'colour'; did you mean 'color'"):
        DiffAugment(["colour"])


def test_half_of_the_images_are_mirrored():
    images = numbered(2)
    flipped = flip(images, torch.tensor([0.1, 0.9]))
    assert torch.equal(flipped[0], images[0].flip(-1))
    assert torch.equal(flipped[1], images[1])


def test_draws_in_the_middle_leave_colours_alone():
    images = numbered(2)
    assert_close(color(images, drawing([[0.5, 0.5, 0.5]] * 2)), images)


@pytest.mark.parametrize(
    ("drawn", "change"),
    [
        ([1.0, 0.5, 0.5], lambda x: x + 0.5),
        ([0.0, 0.5, 0.5], lambda x: x - 0.5),
        ([0.5, 0.0, 0.5], lambda x: x.mean(1, keepdim=True).expand_as(x)),
        ([0.5, 1.0, 0.5], lambda x: 2 * x - x.mean(1, keepdim=True)),
        ([0.5, 0.5, 0.0], lambda x: (x + x.mean()) / 2),
        ([0.5, 0.5, 1.0], lambda x: 1.5 * x - 0.5 * x.mean()),
    ],
    ids=["lighter", "darker", "grey", "saturated", "flatter", "contrast"],
)
def test_colours_change_within_the_papers_ranges(drawn, change):
    images = numbered()
    assert_close(color(images, drawing([drawn])), change(images))


@pytest.mark.parametrize(
    ("drawn", "down", "right"), [([0.0, 0.5], -1, 0), ([0.5, 0.99], 0, 1), ([0.5, 0.5], 0, 0)]
)
def test_images_are_shifted_by_an_eighth_at_most_and_blank_comes_in(drawn, down, right):
    images = numbered(side=8)
    moved = translation(images, drawing([drawn]))
    padded = torch.nn.functional.pad(images, (1, 1, 1, 1))
    assert torch.equal(moved, padded[:, :, 1 - down : 9 - down, 1 - right : 9 - right])


def test_each_image_is_shifted_by_itself():
    images = numbered(1).expand(2, -1, -1, -1)
    moved = translation(images, drawing([[0.0, 0.5], [0.99, 0.5]]))
    assert not torch.equal(moved[0], moved[1])


def test_a_square_of_half_the_image_is_blanked():
    images = torch.ones(1, 1, 8, 8)
    blanked = cutout(images, drawing([[0.5, 0.5]]))
    assert int((blanked == 0).sum()) == 16
    assert torch.equal(blanked[0, 0, 2:6, 2:6], torch.zeros(4, 4))


def test_a_square_at_the_edge_is_cut_off_by_it():
    blanked = cutout(torch.ones(1, 1, 8, 8), drawing([[0.0, 0.0]]))
    assert int((blanked == 0).sum()) == 4


@pytest.mark.parametrize("name", ["color", "translation", "cutout"])
def test_every_change_is_differentiable_twice(name):
    inner = TinyDiscriminator(sample_shape=(3, 8, 8))
    penalty = r1_penalty(Player(augmented(inner, DiffAugment([name]), Flip())), numbered(4))
    penalty.mean().backward()
    assert penalty.shape == (4,)
    assert all(p.grad.isfinite().all() for p in inner.parameters() if p.grad is not None)
    assert inner.layers[0].weight.grad.abs().sum() > 0


def test_gradients_reach_the_images():
    images = numbered(2).requires_grad_()
    wrapped = augmented(TinyDiscriminator(sample_shape=(3, 8, 8)), DiffAugment(), Flip())
    wrapped.augment(images).sum().backward()
    assert images.grad.abs().sum() > 0


def test_a_wrapped_discriminator_is_one():
    inner = TinyDiscriminator(sample_shape=(3, 8, 8))
    wrapped = augmented(inner)
    assert isinstance(wrapped, Discriminator)
    assert_close(wrapped(numbered(2)), inner(numbered(2)))
    assert_close(wrapped.outputs(numbered(2))["scores"], inner(numbered(2)))


# --- In a training ----------------------------------------------------------------------------


def test_augmentation_changes_what_is_learnt_and_goes_on_exactly(tiny_world, tmp_path):
    how = {"flip": True, "diffaugment": ["color", "translation", "cutout"]}
    play(config(**IMAGES), tmp_path / "plain")
    play(config(**IMAGES, augmentation=how, steps=6), tmp_path / "whole")
    play(config(**IMAGES, augmentation=how, steps=3), tmp_path / "halves")
    play(config(**IMAGES, augmentation=how, steps=6), tmp_path / "halves")
    whole, halves, plain = (exported(tmp_path / name) for name in ("whole", "halves", "plain"))
    assert all(torch.equal(whole[name], halves[name]) for name in whole)
    assert any(not torch.equal(whole[name], plain[name]) for name in whole)


def test_micro_batches_see_the_same_augmentation(tiny_world, tmp_path):
    how = {"flip": True, "diffaugment": ["color", "translation", "cutout"]}
    play(config(**IMAGES, augmentation=how), tmp_path / "whole")
    play(config(**IMAGES, augmentation=how), tmp_path / "parts", micro_batch=4)
    whole, parts = exported(tmp_path / "whole"), exported(tmp_path / "parts")
    for name, tensor in whole.items():
        assert_close(parts[name], tensor, atol=1e-5, rtol=1e-4)


def test_points_are_not_augmented(tiny_world, tmp_path):
    with pytest.raises(
        ConfigError, match=r"the augmentation ganzoo/flip is for images .* of shape \[2\]"
    ):
        play(config(augmentation={"flip": True}), tmp_path)


def test_an_augmentation_that_takes_any_samples_is_given_points(world, tmp_path):
    world(tiny_plugin(ganzoo_augmentations={"jitter": "augmentation_parts:Jitter"}))
    play(config(augmentation={"jitter": {"size": 0.1}}), tmp_path / "jitter")
    play(config(), tmp_path / "plain")
    ours, theirs = exported(tmp_path / "jitter"), exported(tmp_path / "plain")
    assert any(not torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("wide", r"the augmentation tiny/wide makes \[16, 4\] of samples \[16, 2\]; it must keep"),
        ("failing", r"the augmentation tiny/failing fails on samples of shape \[2\]: .*Dimension"),
        ("sounds", r"the augmentation tiny/sounds is for samples of 2 dimensions, .* \[2\]; leave"),
    ],
)
def test_an_augmentation_that_does_not_fit_is_named_before_training(world, name, message):
    found = {"wide": "Wide", "failing": "Failing", "sounds": "Sounds"}
    targets = {name: f"augmentation_parts:{target}" for name, target in found.items()}
    world(tiny_plugin(ganzoo_augmentations=targets))
    with pytest.raises(GanzooError, match=message):
        prepare(config(augmentation={name: True}), torch.device("cpu"))
