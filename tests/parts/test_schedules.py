"""Learning rates over a run, and gradients that are clipped."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from ganzoo.engine.optimizers import gradients_of
from ganzoo.engine.prepare import prepare
from ganzoo.engine.run.checkpoint import last_good
from ganzoo.engine.schedules import ShareOfRate
from ganzoo.engine.turns import step
from ganzoo.errors import ConfigError, TrainingError
from ganzoo.schedules import Cosine, Exponential, InverseSqrt, Linear
from ganzoo.specs import Schedule
from short_runs import PLAIN, config, exported, play
from tiny import tiny_plugin

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("schedule", "images", "share"),
    [
        (Schedule("constant"), 500, 1.0),
        (Schedule("constant", warmup=100), 25, 0.25),
        (Schedule("constant", warmup=100), 500, 1.0),
        (Schedule("linear"), 250, 0.75),
        (Schedule("linear", final=0.2), 1000, 0.2),
        (Schedule("linear", images=500, final=0.5), 800, 0.5),
        (Schedule("cosine"), 0, 1.0),
        (Schedule("cosine"), 500, 0.5),
        (Schedule("cosine"), 1000, 0.0),
        (Schedule("cosine", warmup=200), 600, 0.5),
        (Schedule("cosine", final=0.1), 1000, 0.1),
    ],
)
def test_a_share_of_the_rate_at_an_image_of_a_run_of_1000(schedule, images, share):
    assert ShareOfRate(schedule).value(1.0, images, 1000) == pytest.approx(share)


@given(
    name=st.sampled_from(["constant", "linear", "cosine"]),
    warmup=st.integers(0, 500),
    final=st.floats(0, 1),
    images=st.integers(0, 2000),
)
def test_a_share_lies_between_nothing_and_everything(name, warmup, final, images):
    share = ShareOfRate(Schedule(name, None, warmup, final)).value(1.0, images, 1000)
    assert 0 <= share <= 1
    if images >= max(warmup, 1000):
        assert share == pytest.approx(1.0 if name == "constant" else final)


def rates(folder):
    plain = last_good(folder / "checkpoints").plain
    return tuple(
        plain[f"{player}_optimizer"]["groups"][0]["lr"] for player in ("generator", "discriminator")
    )


def test_the_last_image_has_the_last_rate(tiny_world, tmp_path):
    linear = {"name": "adam", "lr": 0.1, "schedule": {"name": "linear", "final": 0.5}}
    play(config(optimizers={"generator": linear}), tmp_path)
    assert rates(tmp_path) == (pytest.approx(0.05), 2e-4)


def test_a_warm_up_begins_above_nothing(tiny_world, tmp_path):
    wish = {"name": "adam", "lr": 0.1, "schedule": {"name": "constant", "warmup": 160}}
    play(config(optimizers={"generator": wish, "discriminator": wish}, steps=1), tmp_path)
    assert rates(tmp_path) == (pytest.approx(0.01), pytest.approx(0.01))


def test_going_on_is_exact_under_a_schedule(tiny_world, tmp_path):
    schedule = {"name": "cosine", "images": 160, "warmup": 32}
    both = {player: {"schedule": schedule} for player in ("generator", "discriminator")}
    play(config(optimizers=both, steps=8), tmp_path / "whole")
    play(config(optimizers=both, steps=3), tmp_path / "halves")
    play(config(optimizers=both, steps=8), tmp_path / "halves")
    whole, halves = exported(tmp_path / "whole"), exported(tmp_path / "halves")
    assert all(torch.equal(whole[name], halves[name]) for name in whole)


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_longer_gradient_is_scaled_down_to_the_norm_asked_for(tiny_world, player):
    clipped = {**PLAIN, "max_grad_norm": 0.01}
    both = {"generator": PLAIN, "discriminator": PLAIN}
    ours, theirs = (
        prepare(config(optimizers=wish), CPU)[:2] for wish in ({**both, player: clipped}, both)
    )
    for state, setup in (ours, theirs):
        step(state, setup, lambda name, values: None)
    found, free = (
        gradients_of(getattr(state, f"{player}_optimizer")) for state, _ in (ours, theirs)
    )
    norm = torch.nn.utils.get_total_norm(found)
    assert_close(norm, torch.tensor(0.01), rtol=1e-3, atol=0)
    if player == "discriminator":  # the first to move: its gradient is that of the free run
        share = 0.01 / torch.nn.utils.get_total_norm(free)
        for one, other in zip(found, free, strict=True):
            assert_close(one, other * share, rtol=1e-3, atol=1e-7)


def test_a_shorter_gradient_is_left_alone(tiny_world, tmp_path):
    wide = {player: {**PLAIN, "max_grad_norm": 1e6} for player in ("generator", "discriminator")}
    free = dict.fromkeys(("generator", "discriminator"), PLAIN)
    play(config(optimizers=wide), tmp_path / "wide")
    play(config(optimizers=free), tmp_path / "free")
    wide, free = exported(tmp_path / "wide"), exported(tmp_path / "free")
    assert all(torch.equal(wide[name], free[name]) for name in wide)


# --- Any number of a recipe --------------------------------------------------------------------


def cosine(to, **more):
    return {"name": "cosine", "arguments": {"to": to, "images": 160, **more}}


R3GAN = {  # Huang et al. 2024: five numbers move along cosines
    "optimizers.generator.lr": cosine(5e-5),
    "optimizers.discriminator.lr": cosine(5e-5),
    "optimizers.generator.arguments.betas.1": cosine(0.99),
    "optimizers.discriminator.arguments.betas.1": cosine(0.99),
    "loss.arguments.r1_gamma": cosine(0.005),
    "loss.arguments.r2_gamma": cosine(0.005),
    "ema.half_life": cosine(5_000_000),
}
ADAM = {"name": "adam", "lr": 2e-4, "arguments": {"betas": [0.0, 0.9]}}
MODERN = {
    "loss": ("relativistic", {"r1_gamma": 0.05, "r2_gamma": 0.05}),
    "optimizers": {"generator": ADAM, "discriminator": ADAM},
    "ema": {"half_life": 0.0, "ramp_up": None},
}


def test_the_schedules_of_r3gan_move_its_numbers_and_go_on_exactly(tiny_world, tmp_path):
    play(config(**MODERN, schedules=R3GAN, steps=8), tmp_path / "whole")
    play(config(**MODERN, schedules=R3GAN, steps=3), tmp_path / "halves")
    play(config(**MODERN, schedules=R3GAN, steps=8), tmp_path / "halves")
    whole, halves = exported(tmp_path / "whole"), exported(tmp_path / "halves")
    assert all(torch.equal(whole[name], halves[name]) for name in whole)
    group = last_good(tmp_path / "whole" / "checkpoints").plain["generator_optimizer"]["groups"][0]
    left = (1 + math.cos(math.pi * 128 / 160)) / 2
    assert group["lr"] == pytest.approx(5e-5 + (2e-4 - 5e-5) * left)
    assert group["betas"] == [0.0, pytest.approx(0.99 - 0.09 * left)]


def test_a_losses_weight_moves_in_the_turn(tiny_world):
    gamma = {"loss.arguments.r1_gamma": {"name": "linear", "arguments": {"to": 0.0, "images": 64}}}
    state, setup = prepare(config(**MODERN, schedules=gamma), CPU)
    seen = []
    for _ in range(5):
        step(state, setup, lambda name, values: seen.append(name))
        seen.append(float(state.loss.r1_gamma))
    weights = [value for value in seen if isinstance(value, float)]
    assert weights == [pytest.approx(0.05 * share) for share in (0.75, 0.5, 0.25, 0.0, 0.0)]
    assert seen.count("discriminator.r1") == 5  # the term is there though its weight is 0


def test_a_term_whose_weight_begins_at_nothing_is_there(tiny_world):
    rising = {"loss.arguments.r1_gamma": {"name": "linear", "arguments": {"to": 1.0, "images": 64}}}
    given = {**MODERN, "loss": ("relativistic", {"r2_gamma": 0.05}), "schedules": rising}
    state, setup = prepare(config(**given), CPU)
    seen = {}
    step(state, setup, seen.__setitem__)
    assert state.loss.double_backward
    assert float(seen["discriminator.r1"].detach()) > 0


def test_the_inverse_square_root_is_edm2s(tiny_world):
    schedule = InverseSqrt(images=100, warmup=10)
    assert schedule.value(0.01, 5, 1000) == pytest.approx(0.005)
    assert schedule.value(0.01, 100, 1000) == pytest.approx(0.01)
    assert schedule.value(0.01, 400, 1000) == pytest.approx(0.005)


@pytest.mark.parametrize("kind", [Linear, Cosine, Exponential])
def test_a_number_that_is_held_falls_late_and_arrives_in_time(kind):
    schedule = kind(to=0.1, images=1000, warmup=100, hold=500)
    values = [schedule.value(0.3, images, 5000) for images in (50, 100, 600, 601, 1000, 2000)]
    assert values[:3] == [0.15, 0.3, 0.3]  # to the bit: a run may be given its end while it is held
    assert values[2] > values[3] > values[4]
    assert values[4:] == pytest.approx([0.1, 0.1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hold": -1}, "hold must be 0 or more images, found -1"),
        ({"images": 100, "warmup": 40, "hold": 60}, "no room for 40 of warm-up and 60 of hold"),
    ],
)
def test_a_hold_that_leaves_no_room_is_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Cosine(0.0, **arguments)


def test_a_groups_rate_keeps_its_factor_under_a_schedule(tiny_world):
    optimizers = {"generator": {**ADAM, "groups": {"*bias": {"lr_factor": 0.01}}}}
    moving = {"optimizers.generator.lr": cosine(0.0)}
    state, setup = prepare(config(optimizers=optimizers, schedules=moving), CPU)
    step(state, setup, lambda name, values: None)
    rest, biases = state.generator_optimizer.param_groups
    assert rest["lr"] < 2e-4
    assert biases["lr"] == pytest.approx(0.01 * rest["lr"])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("loss.arguments.gamma", "no number 'loss.arguments.gamma' .* did you mean"),
        ("batch", "no number 'batch' that can move"),
        ("optimizers.generator.arguments.beta", "Adam has no number 'arguments.beta'"),
        ("optimizers.generator.arguments.betas.2", r"has no number 'arguments.betas.2'"),
        ("optimizers.critic.lr", "no number 'optimizers.critic.lr' .* did you mean"),
        ("augmentation.ada.strength", "no augmentation 'ada' in the recipe"),
    ],
)
def test_a_schedule_of_no_number_is_refused_before_training(tiny_world, tmp_path, path, message):
    with pytest.raises(ConfigError, match=message):
        play(config(**MODERN, schedules={path: cosine(1.0)}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_two_schedules_of_one_rate_are_refused(tiny_world):
    both = {"generator": {**ADAM, "schedule": {"name": "cosine", "images": 160}}}
    with pytest.raises(ConfigError, match="schedule in optimizers.generator.schedule too"):
        prepare(config(optimizers=both, schedules={"optimizers.generator.lr": cosine(0.0)}), CPU)


def test_a_schedule_may_lie_below_nested_keys_and_be_taken_away(tiny_world):
    nested = {"loss": {"arguments": {"r1_gamma": cosine(0.0)}}, "ema.half_life": None}
    recipe = config(**MODERN, schedules=nested).recipe
    assert list(recipe.schedules) == ["loss.arguments.r1_gamma"]
    assert recipe.schedules["loss.arguments.r1_gamma"].name == "ganzoo/cosine"


def test_images_cannot_be_raised_where_a_schedule_ends_with_the_run(tiny_world, tmp_path):
    moving = {"ema.half_life": {"name": "linear", "arguments": {"to": 100.0}}}
    play(config(**MODERN, schedules=moving, steps=3), tmp_path)
    with pytest.raises(TrainingError, match="a schedule depends on it"):
        play(config(**MODERN, schedules=moving, steps=4), tmp_path)


def test_a_plugins_schedule_says_whether_images_can_be_raised(world, tmp_path):
    """`needs_total` decides, and not whether an argument is called `images`."""
    world(
        tiny_plugin(
            ganzoo_schedules={"steps": "plugin_schedules:Steps", "bowed": "plugin_schedules:Bowed"}
        )
    )
    steps = {"ema.half_life": {"name": "steps"}}
    play(config(**MODERN, schedules=steps, steps=3), tmp_path / "steps")
    play(config(**MODERN, schedules=steps, steps=4), tmp_path / "steps")
    bowed = {"ema.half_life": {"name": "bowed", "arguments": {"images": 50}}}
    play(config(**MODERN, schedules=bowed, steps=3), tmp_path / "bowed")
    with pytest.raises(TrainingError, match="a schedule depends on it"):
        play(config(**MODERN, schedules=bowed, steps=4), tmp_path / "bowed")


# --- Groups of parameters and turns of the generator --------------------------------------------


def test_a_pattern_that_fits_no_parameter_is_refused(tiny_world, tmp_path):
    groups = {"generator": {**ADAM, "groups": {"mapping.*": {"lr_factor": 0.01}}}}
    with pytest.raises(ConfigError, match=r"'mapping.\*' matches no parameter of TinyGenerator"):
        play(config(optimizers=groups), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_several_generator_turns_follow_one_of_the_discriminator(tiny_world, tmp_path):
    state, setup = prepare(config(generator_steps=3), CPU)
    seen = []
    step(state, setup, lambda name, values: seen.append(name))
    assert (state.turn, state.step, state.images) == (1, 3, 16)
    assert seen.count("generator") == 3
    play(config(generator_steps=3, steps=8), tmp_path / "whole")
    play(config(generator_steps=3, steps=3), tmp_path / "halves")
    play(config(generator_steps=3, steps=8), tmp_path / "halves")
    whole, halves = exported(tmp_path / "whole"), exported(tmp_path / "halves")
    assert all(torch.equal(whole[name], halves[name]) for name in whole)


def test_each_generator_turn_draws_latents_of_its_own(tiny_world):
    state, setup = prepare(config(generator_steps=3, reuse_fakes=False), CPU)
    shown = []
    original = state.loss.generator
    state.loss.generator = lambda round: (shown.append(round.latents), original(round))[1]
    step(state, setup, lambda name, values: None)
    assert len({tuple(latents.flatten().tolist()) for latents in shown}) == 3


def test_a_schedule_names_the_argument_that_it_lacks(tiny_world):
    moving = {"loss.arguments.r1_gamma": {"name": "linear"}}
    given = config(("non-saturating", {"r1_gamma": 1.0}), schedules=moving)
    with pytest.raises(
        ConfigError, match=r"r1_gamma: the schedule linear needs 'to'; add .*\.\.\."
    ):
        prepare(given, CPU)
