"""Adaptive augmentation: the resampling, each change against the paper's formulas, the control."""

from __future__ import annotations

import math

import pytest
import torch
from torch.testing import assert_close

from augmentation_parts import IMAGES, augmented, drawing, numbered, random
from ganzoo.augmentations.ada import Ada, color, cutout, geometry
from ganzoo.augmentations.resampling import resampled
from ganzoo.engine.prepare import prepare
from ganzoo.engine.turns import step
from ganzoo.errors import ConfigError, TrainingError
from ganzoo.interfaces import Player
from ganzoo.losses import r1_penalty
from short_runs import checkpoint, config, exported, play, rows
from tiny import TinyDiscriminator, tiny_plugin

CPU = torch.device("cpu")


def pictures(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def places(*rows, n=2):
    """The same map [n, 2, 3] for every image."""
    return torch.tensor(rows).float().expand(n, 2, 3)


# --- Resampling --------------------------------------------------------------------------------


@pytest.mark.parametrize("sides", [(8, 8), (9, 9), (6, 11), (2, 3), (1, 4)], ids=str)
def test_an_image_that_is_read_where_it_lies_is_itself(sides):
    images = pictures(2, 3, *sides)
    assert_close(resampled(images, places([1, 0, 0], [0, 1, 0])), images)


@pytest.mark.parametrize("sides", [(8, 8), (7, 7), (6, 10)], ids=str)
def test_mirrors_are_exact(sides):
    images = pictures(2, 1, *sides)
    assert_close(resampled(images, places([-1, 0, 0], [0, 1, 0])), images.flip(-1))
    assert_close(resampled(images, places([1, 0, 0], [0, -1, 0])), images.flip(-2))


@pytest.mark.parametrize("side", [8, 9])
def test_right_angles_are_exact(side):
    images = pictures(2, 3, side, side)
    assert_close(resampled(images, places([0, -1, 0], [1, 0, 0])), images.rot90(1, (2, 3)))


def test_shifts_by_whole_pixels_are_exact_and_mirrors_go_on_beyond_the_edge():
    images = pictures(2, 1, 6, 9)
    padded = torch.nn.functional.pad(images, (3, 3, 2, 2), mode="reflect")
    shifted = resampled(images, places([1, 0, 3], [0, 1, -2]))
    assert_close(shifted, padded[:, :, :6, 6:15])


def waves(x, y):
    return (0.5 * x).sin() + (0.4 * y + 1).cos()


@pytest.mark.parametrize("angle", [0.3, 1.0, 2.5])
def test_a_smooth_image_is_turned_and_scaled_to_where_its_formula_says(angle):
    middle = torch.arange(32) - 15.5
    y, x = torch.meshgrid(middle, middle, indexing="ij")
    cos, sin = 0.8 * math.cos(angle), 0.8 * math.sin(angle)
    found = resampled(waves(x, y)[None, None], places([cos, -sin, 0.3], [sin, cos, -0.6], n=1))
    wanted = waves(cos * x - sin * y + 0.3, sin * x + cos * y - 0.6)
    inner = slice(8, 24)
    assert_close(found[0, 0, inner, inner], wanted[inner, inner], atol=0.02, rtol=0)


def test_what_a_smaller_image_cannot_show_is_smoothed_and_does_not_alias():
    board = ((torch.arange(32)[:, None] + torch.arange(32)) % 2 * 2.0 - 1)[None, None]
    smaller = resampled(board, places([1.9, 0, 0.25], [0, 1.9, 0.25], n=1))
    assert smaller[..., 10:22, 10:22].abs().max() < 0.1
    assert_close(resampled(torch.ones(1, 1, 8, 8), places([1.7, 0.2, 0], [0.1, 1.5, 1], n=1)),
                 torch.ones(1, 1, 8, 8))  # fmt: skip


def test_the_gradient_and_its_own_are_right():
    images = pictures(2, 2, 4, 5).double().requires_grad_()
    where = places([0.9, -0.5, 0.3], [0.5, 0.9, -0.7])
    assert torch.autograd.gradcheck(lambda x: resampled(x, where), (images,))
    assert torch.autograd.gradgradcheck(lambda x: resampled(x, where).pow(3), (images,))


# --- The changes -------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 1, 8, 8), (4, 3, 6, 9)], ids=str)
@pytest.mark.parametrize("strength", [0.0, torch.tensor(0.0)], ids=["number", "tensor"])
def test_no_strength_is_no_change_to_the_bit(shape, strength):
    ada = Ada(target=None)
    ada.strength = strength
    images = pictures(*shape).requires_grad_()
    changed = ada(images, random(), random())
    assert torch.equal(changed, images)
    (gradient,) = torch.autograd.grad(changed.pow(2).sum(), images)
    assert torch.equal(gradient, 2 * images)


@pytest.mark.parametrize("kind", ["blit", "geometry", "color"])
def test_about_as_many_images_are_changed_as_strength_says(kind):
    images = pictures(1, 3, 6, 6).expand(2000, 3, 6, 6)
    changed = Ada([kind], strength=0.2, target=None)(images, random(1), random(2))
    share = ((changed - images).abs() > 1e-4).flatten(1).any(1).float().mean()
    told = {  # a change that is drawn may be none: half of the mirrors, a quarter of the turns
        "blit": 1 - (1 - 0.1) * (1 - 0.15) * (1 - 0.2 * 5 / 9),
        "geometry": 1 - 0.8**4,
        "color": 1 - 0.8**4 * 0.9,
    }
    assert_close(share, torch.tensor(told[kind]), atol=0.06, rtol=0)


ON, OFF = 0.1, 0.9  # under a strength of a half


@pytest.mark.parametrize(
    ("drawn", "change"),
    [
        ([ON, OFF, OFF, 0.7, 0, 0, 0], lambda x: x.flip(-1)),
        ([ON, OFF, OFF, 0.3, 0, 0, 0], lambda x: x),
        ([OFF, ON, OFF, 0, 0.6, 0, 0], lambda x: x.rot90(2, (2, 3))),
        ([OFF, OFF, ON, 0, 0, 0.99, 0.5], lambda x: shifted_right(x)),
        ([OFF, OFF, OFF, 0.7, 0.6, 0.99, 0.99], lambda x: x),
    ],
    ids=["mirrored", "not mirrored", "turned", "shifted", "off"],
)
def test_blits_move_whole_pixels(drawn, change):
    images = numbered(1, side=8)
    blitted = Ada("blit", strength=0.5, target=None)(images, drawing([drawn]), None)
    assert_close(blitted, change(images))


def shifted_right(images):
    return torch.nn.functional.pad(images, (1, 0, 0, 0), mode="reflect")[..., :-1]


def test_geometry_is_the_papers_product_of_matrices():
    """Each change as the matrix that moves an image's content, in the order of appendix B."""
    uniform = torch.tensor([[ON, ON, ON, ON, ON, 0.7, 0.1]])
    normal = torch.tensor([[1.0, -0.5, 0.4, -0.8]])
    alike, apart = 2**0.2, 2**-0.1
    content = torch.eye(3)
    for one in (
        torch.diag(torch.tensor([alike, alike, 1])),
        turn(math.pi * 0.4),
        torch.diag(torch.tensor([apart, 1 / apart, 1])),
        turn(-math.pi * 0.8),
        torch.tensor([[1, 0, 0.05 * 12], [0, 1, -0.1 * 8], [0, 0, 1]]),
    ):
        content = one @ content
    found, moved = geometry(torch.zeros(1, 1, 8, 12), lambda *_: uniform, lambda *_: normal, 0.5)
    assert_close(found[0] @ content, torch.eye(3), atol=1e-5, rtol=0)
    assert moved.tolist() == [True]


def turn(angle):
    cos, sin = math.cos(angle), math.sin(angle)
    return torch.tensor([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])


def test_turns_before_and_after_make_the_strength_together():
    drawn = torch.rand(20_000, 7, generator=torch.Generator().manual_seed(0))
    drawn[:, :3] = 1.0
    images = torch.zeros(len(drawn), 1, 1, 1)
    _, moved = geometry(images, lambda *_: drawn, lambda *shape: torch.zeros(shape), 0.3)
    assert_close(moved.float().mean(), torch.tensor(0.3), atol=0.015, rtol=0)


def test_colours_are_the_papers_product_of_matrices():
    uniform = torch.tensor([[ON, ON, ON, ON, ON, 0.8, 0.65], [OFF] * 5 + [0.8, 0.65]])
    normal = torch.tensor([[0.5, -1.0, 0.7], [1.0, 1.0, 1.0]])
    images = pictures(2, 3, 4, 4)
    axis = torch.ones(3) / math.sqrt(3)
    across = torch.eye(3) - axis.outer(axis)
    crossing = torch.tensor([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    theta = math.pi * 0.3
    hue = math.cos(theta) * across + math.sin(theta) * crossing + axis.outer(axis)
    luma = torch.eye(3) - 2 * axis.outer(axis)
    saturation = axis.outer(axis) + across * 2**0.7
    matrix = saturation @ hue @ luma * 2**-0.5
    wanted = torch.einsum("ij,jhw->ihw", matrix, images[0] + 0.1)
    found = color(images, lambda *_: uniform, lambda *_: normal, 0.5)
    assert_close(found[0], wanted)
    assert torch.equal(found[1], images[1])


def test_grey_images_keep_their_one_channel():
    uniform = lambda *_: torch.tensor([[ON, ON, ON, ON, ON, 0.8, 0.65]])  # noqa: E731
    normal = lambda *_: torch.tensor([[0.5, -1.0, 0.7]])  # noqa: E731
    images = pictures(1, 1, 4, 4)
    assert_close(color(images, uniform, normal, 0.5), -(images + 0.1) * 2**-0.5)


def test_colours_of_other_channels_are_refused_and_the_rest_works():
    images = pictures(2, 4, 8, 8)
    with pytest.raises(ConfigError, match=r"1 or 3 channels, and these have 4; --set 'augment"):
        Ada()(images, random(), random())
    moved = Ada(["blit", "geometry"], strength=1.0, target=None)(images, random(), random())
    assert moved.shape == images.shape


def test_cutout_blanks_a_rectangle_of_half_the_sides():
    images = torch.ones(2, 1, 8, 12)
    drawn = torch.tensor([[ON, 0.5, 0.5], [OFF, 0.5, 0.5]])
    found = cutout(images, lambda *_: drawn, random(), 0.5)
    wanted = images.clone()
    wanted[0, 0, 2:6, 3:9] = 0
    assert torch.equal(found, wanted)


def test_a_rectangle_may_lie_beyond_the_edge():
    drawn = torch.tensor([[ON, 0.0, 1.0]])
    found = cutout(torch.ones(1, 3, 8, 8), lambda *_: drawn, random(), 0.5)
    assert int((found == 0).sum()) == 3 * 2 * 2
    assert not found[0, :, 6:, :2].any()


def test_a_kind_may_have_a_share_of_the_strength():
    """With a share of 1 it is the kind itself, with 0 nothing, in between as drawn."""
    images = pictures(6, 3, 8, 8)
    plain = Ada(["color"], strength=0.6, target=None)
    whole = Ada({"color": 1.0}, strength=0.6, target=None)
    half = Ada({"color": 0.5}, strength=0.6, target=None)
    weaker = Ada(["color"], strength=0.3, target=None)
    none = Ada({"color": 0.0, "blit": 0.0, "geometry": 0, "cutout": 0.0}, strength=1.0, target=None)
    drawn = [ada(images, random(1), random(2)) for ada in (plain, whole, half, weaker, none)]
    assert torch.equal(drawn[0], drawn[1])
    assert torch.equal(drawn[2], drawn[3])
    assert torch.equal(drawn[4], images)
    assert not torch.equal(drawn[0], drawn[2])


def test_colours_and_geometry_are_the_default_and_cutout_is_not():
    assert [*Ada().changes] == ["blit", "geometry", "color"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"changes": {"blit": 1.5}}, "ada: the share of blit is from 0 to 1, found 1.5"),
        ({"changes": {"blit": True}}, "ada: the share of blit is from 0 to 1, found True"),
        ({"changes": ["colour"]}, "ada: there is no 'colour'; did you mean 'color'"),
        ({"strength": 1.5}, "strength is a probability, from 0 to 1; found 1.5"),
        ({"target": 2.0}, "target is a mean of signs, between -1 and 1, or null; found 2.0"),
        ({"speed": 0}, "speed must be 1 or more images, found 0"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Ada(**arguments)


@pytest.mark.parametrize("shape", [(4, 3, 8, 8), (4, 1, 6, 10)], ids=str)
def test_a_penalty_goes_through_it(shape):
    inner = TinyDiscriminator(sample_shape=shape[1:])
    wrapped = augmented(inner, Ada(strength=0.8))
    r1_penalty(Player(wrapped), pictures(*shape)).mean().backward()
    assert inner.layers[0].weight.grad.isfinite().all()
    assert inner.layers[0].weight.grad.abs().sum() > 0


def test_it_works_in_float32_under_autocast():
    wrapped = [augmented(TinyDiscriminator((3, 8, 8)), Ada(strength=0.8)) for _ in range(2)]
    images = pictures(4, 3, 8, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = wrapped[0].augment(images)
    assert torch.equal(found, wrapped[1].augment(images))


# --- The control -------------------------------------------------------------------------------


def told(ada, *turns, images=10):
    """The strength after turns, each given by the scores of its shares."""
    for shares in turns:
        for scores in shares:
            ada.observe(torch.tensor(scores))
        ada.adapt(images)
    return float(ada.strength)


SURE, UNSURE = [[1.0, 2.0, 3.0]], [[1.0, -1.0, -3.0]]


def test_strength_moves_every_fourth_turn_from_nothing_to_everything_in_so_many_images():
    ada = Ada(speed=100)
    assert told(ada, *[SURE] * 3) == 0.0
    assert told(ada, SURE) == pytest.approx(0.4)
    assert told(ada, *[SURE] * 4) == pytest.approx(0.8)
    assert told(ada, *[SURE] * 4) == 1.0
    assert told(ada, *[UNSURE] * 4) == pytest.approx(0.6)


def test_strength_follows_the_mean_of_four_turns_and_does_not_fall_below_nothing():
    assert told(Ada(speed=100), SURE, SURE, SURE, UNSURE) == pytest.approx(0.4)  # 2/3 > 0.6
    assert told(Ada(speed=100), SURE, SURE, UNSURE, UNSURE) == 0.0
    assert told(Ada(speed=100, strength=0.1), SURE, SURE, UNSURE, UNSURE) == 0.0
    assert told(Ada(speed=100, target=0.0), SURE, SURE, UNSURE, UNSURE) == pytest.approx(0.4)


def test_turns_without_scores_move_nothing_and_several_in_a_turn_count_alike():
    assert told(Ada(speed=100, strength=0.5), *[[]] * 4) == 0.5
    assert told(Ada(speed=100), *[[*SURE, *SURE]] * 4) == pytest.approx(0.4)


def test_state_is_replaced_and_not_edited():
    ada = Ada(speed=100)
    before = {name: (buffer, buffer.clone()) for name, buffer in ada.named_buffers()}
    told(ada, *[SURE] * 5)
    for name, buffer in ada.named_buffers():
        assert buffer is not before[name][0]
        assert torch.equal(*before[name])


# --- In a training -----------------------------------------------------------------------------

QUICK = {"ada": {"speed": 200, "target": -0.5}}  # rises by 0.32 each fourth turn


def test_a_training_shows_its_strength_and_goes_on_exactly(tiny_world, tmp_path):
    play(config(**IMAGES, augmentation=QUICK, steps=12), tmp_path / "whole")
    play(config(**IMAGES, augmentation=QUICK, steps=6), tmp_path / "halves")
    play(config(**IMAGES, augmentation=QUICK, steps=12), tmp_path / "halves")
    whole, halves = exported(tmp_path / "whole"), exported(tmp_path / "halves")
    assert all(torch.equal(whole[name], halves[name]) for name in whole)
    strengths = [row["augmentation.ada.strength"] for row in rows(tmp_path / "whole")]
    assert strengths == [pytest.approx(0.32 * (number // 4), abs=1e-6) for number in range(1, 13)]
    assert rows(tmp_path / "halves") == rows(tmp_path / "whole")
    assert float(checkpoint(tmp_path / "whole")["augmentations.0.strength"]) == strengths[-1]


def test_ada_is_true_or_a_list_of_changes(tiny_world):
    recipe = config(**IMAGES, augmentation={"ada": True}).recipe
    assert recipe.augmentation == {"ganzoo/ada": {}}
    recipe = config(**IMAGES, augmentation={"ada": ["color"]}).recipe
    assert recipe.augmentation == {"ganzoo/ada": {"changes": ["color"]}}


def test_micro_batches_adapt_alike(tiny_world, tmp_path):
    play(config(**IMAGES, augmentation=QUICK, steps=9), tmp_path / "whole")
    play(config(**IMAGES, augmentation=QUICK, steps=9), tmp_path / "parts", micro_batch=4)
    whole, parts = exported(tmp_path / "whole"), exported(tmp_path / "parts")
    for name, tensor in whole.items():
        assert_close(parts[name], tensor, atol=1e-5, rtol=1e-4)
    ours, theirs = (rows(tmp_path / name)[-1] for name in ("whole", "parts"))
    assert ours["augmentation.ada.strength"] == theirs["augmentation.ada.strength"] > 0.6


STRENGTH = {"augmentation.ada.strength": {"name": "cosine", "arguments": {"to": 0.3, "images": 64}}}


def test_a_schedule_moves_a_strength_without_target(tiny_world, tmp_path):
    given = {**IMAGES, "augmentation": {"ada": {"target": None}}, "schedules": STRENGTH}
    state, setup = prepare(config(**given), CPU)
    for share in ((1 - math.cos(math.pi * turn / 4)) / 2 for turn in range(1, 5)):
        step(state, setup, lambda name, values: None)
        assert float(state.augmentations[0].strength) == pytest.approx(0.3 * share)
    play(config(**given, steps=6), tmp_path / "whole")
    play(config(**given, steps=2), tmp_path / "halves")
    play(config(**given, steps=6), tmp_path / "halves")
    whole, halves = exported(tmp_path / "whole"), exported(tmp_path / "halves")
    assert all(torch.equal(whole[name], halves[name]) for name in whole)
    assert rows(tmp_path / "whole")[-1]["augmentation.ada.strength"] == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("augmentation", "path", "message"),
    [
        (
            {"ada": True},
            "augmentation.ada.strength",
            "Ada moves augmentation.ada.strength itself; leave the schedule",
        ),
        ({"ada": True}, "augmentation.ada.changes", "'changes' of Ada, which holds no number"),
        ({"ada": True}, "augmentation.ada.strenght", "'strenght' of Ada, which holds nothing"),
    ],
)
def test_a_schedule_of_what_is_no_fixed_number_is_refused(tiny_world, augmentation, path, message):
    moving = {path: {"name": "cosine", "arguments": {"to": 0.3}}}
    with pytest.raises(ConfigError, match=message):
        prepare(config(**IMAGES, augmentation=augmentation, schedules=moving), CPU)


def test_four_channels_are_refused_before_training(world):
    world(tiny_plugin(ganzoo_datasets={"four-channels": "augmentation_parts:FourChannels"}))
    four = ("tiny", {"sample_shape": [4, 8, 8]})
    given = {"generator": four, "discriminator": four, "data": "four-channels", "kind": "image"}
    with pytest.raises(ConfigError, match="1 or 3 channels"):
        prepare(config(**given, augmentation={"ada": True}), CPU)


def test_an_adaptive_augmentation_needs_scores_of_real_samples(tiny_world, monkeypatch):
    from ganzoo.losses import NonSaturating

    monkeypatch.setattr(
        NonSaturating,
        "discriminator",
        lambda self, round: {"fake": round.discriminator(round.fake)},
    )
    with pytest.raises(TrainingError, match="needs the scores of real samples"):
        prepare(config(**IMAGES, augmentation={"ada": True}), CPU)
