"""The health of a training: each detector on its numbers, and on a run made to fail on purpose."""

from __future__ import annotations

import json
import logging
import math

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from ganzoo import Loss
from ganzoo.engine.diversity import Spread, verdict
from ganzoo.engine.health import (
    CHECK_EVERY,
    FIRST_PATIENCE,
    PATIENCE,
    UNTRAINED,
    Pulse,
    Vitals,
    check,
    gradient_norm,
    ranked,
)
from ganzoo.engine.run import keeper
from ganzoo.engine.run.checkpoint import checkpoint_folders, last_good
from ganzoo.engine.run.options import RunOptions
from ganzoo.engine.train import train
from ganzoo.errors import TrainingError
from short_runs import FAST, config, exported, play, rows
from tiny import TinyGenerator, tiny_plugin

#: Images within which an illness that has set in must be told.
SOON = CHECK_EVERY * (PATIENCE + 1)


class Stubborn(TinyGenerator):
    """A generator that does not look at its latents: every sample is the same."""

    def forward(self, latents, labels=None):
        return super().forward(0 * latents, labels)


class Tiring(TinyGenerator):
    """Makes what it can for 200 steps (12,800 images), and then the same sample for ever."""

    def __init__(self):
        super().__init__()
        self.register_buffer("passes", torch.zeros(()))

    def forward(self, latents, labels=None):
        self.passes += float(self.training)
        return super().forward(latents if self.passes < 200 else 0 * latents, labels)


class Narrowing(TinyGenerator):
    """Samples as diverse as the data for 700 steps (44,800 images), and then a fifth as much."""

    def __init__(self):
        super().__init__()
        self.register_buffer("passes", torch.zeros(()))

    def forward(self, latents, labels=None):
        self.passes += float(self.training)
        return super().forward(latents, labels) * (4.0 if self.passes < 700 else 0.8)


class Poisoned(Loss):
    """Gives NaN to the discriminator from one turn on, in the draws of the first streams."""

    def __init__(self, turn=100, lucky=0.0):
        self.turn, self.lucky = turn, lucky

    def discriminator(self, round):
        real, fake = round.discriminator(round.real), round.discriminator(round.fake)
        terms = {"real": softplus(-real), "fake": softplus(fake)}
        if round.turn >= self.turn and float(round.uniform(1)) >= self.lucky:
            terms["real"] = terms["real"] * math.nan
        return terms

    def generator(self, round):
        return {"generator": softplus(-round.discriminator(round.fake))}


class Far(TinyGenerator):
    """Samples far from the data, as diverse as the data."""

    def forward(self, latents, labels=None):
        return 4 * super().forward(latents, labels) + 10


@pytest.fixture(autouse=True)
def ill_world(world):
    parts = {
        "ganzoo_generators": {
            "stubborn": "test_health_parts:Stubborn",
            "far": "test_health_parts:Far",
            "tiring": "test_health_parts:Tiring",
            "narrowing": "test_health_parts:Narrowing",
        },
        "ganzoo_losses": {"poisoned": "test_health_parts:Poisoned"},
    }
    return world(tiny_plugin(**parts))


@pytest.fixture(autouse=True)
def parts_module(monkeypatch):
    """Importlib mode gives this module no importable name; the plugin needs one."""
    import sys
    from types import ModuleType

    module = ModuleType("test_health_parts")
    parts = (Stubborn, Far, Tiring, Narrowing, Poisoned)
    module.__dict__.update({part.__name__: part for part in parts})
    monkeypatch.setitem(sys.modules, "test_health_parts", module)


def images(count, **recipe):
    """A recipe of so many images, in steps of 64."""
    return {"steps": count // 64, "batch": 64, **recipe}


def pulse(**changed):
    """A turn that is well."""
    rng = torch.Generator().manual_seed(0)
    points = torch.randn(2, 64, 3, generator=rng)
    given = {
        "real": points[0],
        "fake": points[1],
        "scores": (points[0, :, 0], points[1, :, 0]),
        "gradient": 1.0,
        "terms": {"generator": 0.7},
        "finite_weights": True,
    }
    return Pulse(**{**given, **changed})


# --- The figures ------------------------------------------------------------------------------


def test_pairs_are_counted_with_ties_as_halves():
    real, fake = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([2.0, 0.0])
    assert ranked(real, fake) == pytest.approx((0 + 1 + 0.5 + 1 + 1 + 1) / 6)


def test_ranks_of_patches_are_counted_over_all_of_them():
    assert ranked(torch.ones(4, 9), torch.zeros(4, 9)) == 1.0


def test_diversity_is_the_share_of_the_datas_mean_distance():
    real = torch.tensor([[0.0], [2.0]])
    assert Spread.of(real, torch.tensor([[5.0], [6.0]])).diversity == 0.5


def test_diversity_is_taken_in_the_features_that_are_given():
    real, fake = torch.tensor([[1.0], [-1.0]]), torch.tensor([[1.0], [-3.0]])
    given = pulse(real=real, fake=fake)
    assert Spread.of(given.real, given.fake).diversity == 2.0
    assert Spread.of(given.real, given.fake, lambda x: x.square() + x).diversity == pytest.approx(
        2.0
    )


def test_data_that_is_all_alike_judges_nobody():
    assert Spread.of(torch.ones(4, 2), pulse().fake) == Spread(1.0, 0.0)


def test_the_gradients_norm_is_over_all_parameters():
    one, other, still = (nn.Parameter(torch.zeros(2)) for _ in range(3))
    one.grad, other.grad = torch.tensor([3.0, 0.0]), torch.tensor([0.0, 4.0])
    assert gradient_norm([one, other, still]) == 5.0
    assert gradient_norm([still]) is None


def test_a_generators_turn_without_terms_tells_nothing():
    """Its gradient of 0 once entered the median, and no gradient could vanish against that."""
    vitals = Vitals()
    for number in range(2 * PATIENCE):
        check(vitals, pulse(gradient=None if number % 2 else 1.0))
    assert vitals.gradients == [1.0] * PATIENCE
    figures, illness = check(vitals, pulse(gradient=None))
    assert illness is None
    assert "gradient" not in figures
    found = [check(vitals, pulse(**WON))[1] for _ in range(PATIENCE)]
    assert found[-1].name == "discriminator-wins"


# --- The detectors, on numbers ----------------------------------------------------------------


def test_a_turn_that_is_well_is_silent():
    vitals = Vitals()
    for _ in range(50):
        figures, illness = check(vitals, pulse())
        assert illness is None
    assert vitals.well
    assert figures.keys() == {"gradient", "diversity", "twins", "ranked"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"terms": {"generator": math.nan}},
        {"terms": {"generator": math.inf}},
        {"gradient": math.nan},
        {"finite_weights": False},
    ],
)
def test_what_is_not_finite_is_told_at_once(wrong):
    _, illness = check(Vitals(), pulse(**wrong))
    assert illness.name == "not-finite"


def test_an_illness_is_told_once():
    vitals = Vitals()
    found = [check(vitals, pulse(gradient=math.nan))[1] for _ in range(5)]
    assert [illness is not None for illness in found] == [True, False, False, False, False]


WON = {"scores": (torch.ones(8), torch.zeros(8)), "gradient": 1e-3}


def test_a_discriminator_wins_after_some_checks_in_a_row():
    vitals = Vitals(gradients=[1.0] * 20)
    found = [check(vitals, pulse(**WON))[1] for _ in range(PATIENCE)]
    assert [illness is not None for illness in found] == [False] * (PATIENCE - 1) + [True]
    assert found[-1].name == "discriminator-wins"


@pytest.mark.parametrize(
    "spared", [{"gradient": 0.5}, {"scores": pulse().scores}, {"scores": None}]
)
def test_a_discriminator_that_ranks_well_has_not_won_while_the_generator_learns(spared):
    vitals = Vitals(gradients=[1.0] * 20)
    for _ in range(2 * PATIENCE):
        assert check(vitals, pulse(**{**WON, **spared}))[1] is None


def test_a_good_check_starts_the_count_again():
    vitals = Vitals(gradients=[1.0] * 20)
    for _ in range(3):
        for _ in range(PATIENCE - 1):
            assert check(vitals, pulse(**WON))[1] is None
        check(vitals, pulse())


def test_samples_that_are_alike_are_told_after_some_checks_in_a_row():
    vitals = Vitals()
    check(vitals, pulse())
    found = [check(vitals, pulse(fake=torch.ones(64, 3)))[1] for _ in range(PATIENCE)]
    assert [illness is not None for illness in found] == [False] * (PATIENCE - 1) + [True]
    assert found[-1].name == "all-alike"


def spread_out(diversity, twins=0.0, samples=64):
    """A turn whose fakes have such a spread, against 64 real points on a line."""
    real = torch.linspace(0, 1, 64)[:, None]
    fake = torch.linspace(0, diversity, samples)[:, None]
    count = round(samples * math.sqrt(twins))
    fake[:count] = fake[:count].mean() + torch.linspace(0, 1e-4, count)[:, None]
    return pulse(real=real, fake=fake)


def named(vitals, *turns):
    """The number of the turn at which samples were told to be alike, and in what words."""
    for number, turn in enumerate(turns, 1):
        if illness := check(vitals, turn)[1]:
            return number, illness.finding
    return None


def test_twins_are_fakes_nearer_than_the_datas_nearest():
    real = torch.arange(64.0)[:, None]
    assert Spread.of(real, real).twins == 0.0
    assert Spread.of(real, real / 100).twins > 0.9
    half = torch.cat([real[:32], real[:32] / 1000])
    assert 0.2 < Spread.of(real, half).twins < 0.3


def test_data_that_repeats_itself_has_no_twins():
    real = torch.zeros(64, 1)
    real[0] = 1.0
    assert Spread.of(real, torch.zeros(64, 1)).twins == 0.0


def test_samples_that_fly_apart_are_told_though_all_numbers_are_finite():
    well, wild = spread_out(0.9), spread_out(2.5)
    vitals = Vitals()
    number, finding = named(vitals, *[well] * 3, *[wild] * PATIENCE)
    assert number == 3 + PATIENCE
    assert finding == "samples have blown up: their distances are 250% of the data's"
    assert not vitals.well


def test_an_untrained_generators_noise_is_given_time():
    wild = spread_out(2.5)
    assert named(Vitals(), *[wild] * (FIRST_PATIENCE - 1), spread_out(1.2)) is None
    number, _ = named(Vitals(), *[wild] * FIRST_PATIENCE)
    assert number == FIRST_PATIENCE


def test_one_illness_does_not_hide_another():
    """A discriminator that had won was told once, and a collapse after it never."""
    vitals = Vitals(gradients=[1.0] * 20)
    alike = pulse(**WON, fake=torch.ones(64, 3))
    check(vitals, pulse())
    names = [illness.name for _ in range(2 * PATIENCE) if (illness := check(vitals, alike)[1])]
    assert names == ["discriminator-wins", "all-alike"]


@pytest.mark.parametrize(
    ("spread", "word"),
    [(Spread(0.05), "alike"), (Spread(0.5, 0.9), "alike"), (Spread(3.0), "unlike")],
)
def test_a_short_run_ends_with_a_verdict_where_an_eye_would_object(spread, word):
    said = verdict(spread, 2_000)
    assert word in said
    assert "2,000 images may be too few" in said


def test_a_short_run_that_ends_well_ends_in_silence():
    assert verdict(Spread(0.8, 0.1), 2_000) == ""


def test_a_loss_of_half_the_diversity_is_told_though_it_is_far_from_none():
    well, fallen = spread_out(0.9), spread_out(0.35)
    number, finding = named(Vitals(), *[well] * 8, *[fallen] * PATIENCE)
    assert number == 8 + PATIENCE
    assert finding == (
        "samples are losing their diversity: their distances are 35% of the data's, down from 90%"
    )


def test_a_blob_of_more_than_a_tenth_of_the_diversity_is_told():
    """As a run that showed stripes and then one blob, at 0.11, and was told to be well."""
    blob = spread_out(0.12, 0.95)
    number, finding = named(Vitals(), *[spread_out(0.9)] * 8, *[blob] * PATIENCE)
    assert number == 8 + PATIENCE
    assert "samples are nearly all alike: their distances are" in finding
    assert "of pairs are as near as the data's nearest" in finding


def test_samples_that_are_twins_from_the_start_are_told_after_long():
    twins = spread_out(0.4, 0.95)
    assert named(Vitals(), *[twins] * FIRST_PATIENCE)[0] == FIRST_PATIENCE


def test_the_noise_of_an_untrained_generator_is_nothing_to_fall_from():
    noise, young = spread_out(2.0), spread_out(0.4)
    assert named(Vitals(), *[noise] * UNTRAINED, *[young] * 100) is None


def test_more_diversity_than_the_datas_is_no_measure():
    assert (
        named(Vitals(), *[spread_out(3.0)] * (FIRST_PATIENCE - 1), *[spread_out(0.6)] * 50) is None
    )


def test_a_dip_is_not_told():
    turns = ([spread_out(0.9)] * 8 + [spread_out(0.3)] * (PATIENCE - 1)) * 3
    assert named(Vitals(), *turns) is None


def test_few_samples_are_not_judged_by_their_pairs():
    few = [
        pulse(real=torch.tensor([[0.0], [1.0]]), fake=torch.tensor([[0.0], [far]]))
        for far in (1.0, 0.2)
    ]
    assert named(Vitals(), *few[:1] * 10, *few[1:] * 100) is None


def test_vitals_of_an_older_checkpoint_are_read():
    old = {"gradients": [1.0], "winning": 0, "alike": 2, "diverse": True, "told": []}
    assert Vitals(**old).alike == 2


def test_a_generator_that_has_not_learned_yet_is_given_time():
    vitals = Vitals()
    found = [check(vitals, pulse(fake=torch.ones(64, 3)))[1] for _ in range(FIRST_PATIENCE)]
    assert [illness is not None for illness in found] == [False] * (FIRST_PATIENCE - 1) + [True]
    assert Vitals(alike=7).well
    assert not Vitals(alike=1, diverse=True).well


def test_what_a_loss_only_shows_is_not_judged(tmp_path, capfd, monkeypatch):
    def shows(self, round):
        round.log("psnr", torch.full((1,), math.inf))
        real, fake = round.discriminator(round.real), round.discriminator(round.fake)
        return {"real": softplus(-real), "fake": softplus(fake)}

    monkeypatch.setattr(Poisoned, "discriminator", shows)
    assert told(tmp_path / "run", config("poisoned", **images(12_800)), capfd) == []


def test_vitals_are_written_down_and_read_again():
    vitals = Vitals([1.0, 2.0], 3, 4, ["all-alike"])
    assert Vitals(**json.loads(json.dumps(vitals.plain()))) == vitals


# --- Runs made to fail ------------------------------------------------------------------------


def told(folder, wish, capfd):
    """What a run that warns says of its health, with the images at which it does."""
    train(wish, RunOptions(folder, log_every=10**9))
    return lines_of_health(capfd)


def lines_of_health(capfd):
    return [line for line in capfd.readouterr().err.splitlines() if line.startswith("at ")]


def test_a_collapsed_generator_is_noticed_in_time(tmp_path, capfd):
    """It never was diverse, so that it is given the time of one that has still to learn."""
    wish = config(generator="stubborn", **images(CHECK_EVERY * FIRST_PATIENCE + 6400))
    (line,) = told(tmp_path / "run", wish, capfd)
    assert "samples are nearly all alike" in line
    assert "try R1" in line
    assert int(line.split()[1].replace(",", "")) <= CHECK_EVERY * FIRST_PATIENCE + 64


def test_a_run_too_short_for_checks_ends_with_a_verdict(tmp_path, capfd):
    train(config(generator="stubborn", **images(6400)), RunOptions(tmp_path / "run"))
    (line,) = [one for one in capfd.readouterr().err.splitlines() if "at the end" in one]
    assert line.startswith("the samples at the end are nearly all alike: their distances are 0%")
    assert "6,400 images may be too few (--images)" in line


def test_a_generator_that_collapses_on_the_way_is_noticed_in_time(tmp_path, capfd):
    wish = config(generator="tiring", **images(SOON + 19_200))
    (line,) = told(tmp_path / "run", wish, capfd)
    assert "samples are nearly all alike" in line
    assert int(line.split()[1].replace(",", "")) <= 12_800 + SOON


def test_a_generator_that_loses_most_of_its_diversity_is_noticed_in_time(tmp_path, capfd):
    """Its samples are more diverse than a tenth of the data, and it once made better ones."""
    still = {"name": "adam", "lr": 1e-7}
    wish = config(
        generator="narrowing",
        optimizers={"generator": still, "discriminator": still},
        **images(44_800 + SOON + 6400),
    )
    (line,) = told(tmp_path / "run", wish, capfd)
    assert "samples are losing their diversity" in line
    assert 44_800 < int(line.split()[1].replace(",", "")) <= 44_800 + SOON


def test_a_loss_that_becomes_nan_is_noticed_in_time(tmp_path, capfd):
    wish = config(("poisoned", {"turn": 50}), **images(12_800))
    with pytest.raises(TrainingError, match="weights are not finite numbers, so nothing is exp"):
        told(tmp_path / "run", wish, capfd)
    (line,) = lines_of_health(capfd)
    assert "the term discriminator.real is no longer a finite number" in line
    assert "lower learning rates" in line
    assert int(line.split()[1].replace(",", "")) <= CHECK_EVERY + 64


def test_a_discriminator_that_wins_a_saturating_game_is_noticed_in_time(tmp_path, capfd):
    still = {"name": "adam", "lr": 1e-7}
    wish = config(
        "minimax", generator="far", optimizers={"generator": still, "discriminator": FAST},
        **images(SOON + 6400),
    )  # fmt: skip
    (line,) = told(tmp_path / "run", wish, capfd)
    assert "the discriminator has won: it ranks" in line
    assert "try a non-saturating, hinge or Wasserstein loss" in line


@pytest.mark.parametrize("loss", ["non-saturating", "hinge", "least-squares", "relativistic"])
def test_games_that_go_well_are_silent(tmp_path, capfd, loss):
    wish = config((loss, {"r1_gamma": 0.1}), **images(38_400))
    assert told(tmp_path / "run", wish, capfd) == []


def test_figures_of_health_stand_in_the_metrics(tmp_path):
    play(config(**images(10_240)), tmp_path, log_every=5_000)
    assert {"accuracy.real", "accuracy.fake"} <= rows(tmp_path)[-1].keys()
    assert {"gradient", "diversity", "twins", "ranked"} <= rows(tmp_path)[-1].keys()


def test_a_row_of_figures_that_are_not_finite_is_still_json(tmp_path):
    with pytest.raises(TrainingError, match="not finite numbers"):
        play(config(("poisoned", {"turn": 10}), **images(6400)), tmp_path, log_every=640)
    assert rows(tmp_path)[-1]["discriminator.real"] is None


# --- Stop and rollback ------------------------------------------------------------------------


def test_stop_ends_the_run_with_what_was_found(tmp_path):
    wish = config(("poisoned", {"turn": 50}), on_collapse="stop", **images(64_000))
    with pytest.raises(TrainingError, match=r"stopped: at 5,056 images the term .* no checkpoint"):
        play(wish, tmp_path)


def test_a_run_that_was_stopped_is_stopped_again_by_the_same_command(tmp_path):
    """A checkpoint at the very image where it fell ill must not hold the illness as told."""
    wish = config(("poisoned", {"turn": 50}), on_collapse="stop", **images(64_000))
    for _ in range(2):
        with pytest.raises(TrainingError, match="stopped: at 5,056 images the term"):
            play(wish, tmp_path, keep_every=5_000)


POISON = {"optimizers": {"generator": FAST, "discriminator": FAST}, "on_collapse": "rollback"}


#: A turn after the first of `near_anchors`.
LATE = 165


@pytest.fixture
def near_anchors(monkeypatch):
    """Anchors at every 10,000 images, so that a test need not play to the first real one."""
    assert keeper.ANCHOR_EVERY == 50_000
    monkeypatch.setattr(keeper, "ANCHOR_EVERY", 10_000)


def test_a_rollback_continues_from_before_with_other_draws(near_anchors, tmp_path, capfd):
    """The poison works from turn 165 (10,560 images) on, in two of three draws."""
    wish = config(("poisoned", {"turn": LATE, "lucky": 0.999}), **POISON, **images(29_440))
    play(wish, tmp_path / "run")
    assert last_good(tmp_path / "run" / "checkpoints").plain["stream"] == 0
    wish = config(("poisoned", {"turn": LATE, "lucky": 0.5}), **POISON, **images(29_440))
    with pytest.raises(TrainingError, match="stopped after 3 rollbacks: at 15,0"):
        train(wish, RunOptions(tmp_path / "other"))
    said = capfd.readouterr().err
    back = "back to 10,048 images, continuing with other draws"
    assert [f"{back} ({n})" in said for n in (1, 2, 3, 4)] == [True, True, True, False]


def test_a_rollback_cures_what_only_some_draws_bring(near_anchors, tmp_path, monkeypatch):
    """Stream 0 falls ill, stream 1 does not: the run ends well, with no trace of the other."""
    monkeypatch.setattr(Poisoned, "discriminator", poison_of_the_first_stream)
    wish = config("poisoned", **POISON, **images(23_040))
    play(wish, tmp_path / "run", log_every=1_280)
    found = last_good(tmp_path / "run" / "checkpoints")
    assert found.plain["stream"] == 1
    assert all(weight.isfinite().all() for weight in exported(tmp_path / "run").values())
    counts = [row["images"] for row in rows(tmp_path / "run")]
    assert counts == sorted(set(counts))
    assert all(value is not None for row in rows(tmp_path / "run") for value in row.values())


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_a_rate_that_always_diverges_ends_the_run_after_its_rollbacks(tmp_path, precision):
    wild = {"name": "momentum", "lr": 1e6, "arguments": {"momentum": 0.0}}
    given = images(
        64_000,
        optimizers={"generator": wild, "discriminator": wild},
        precision=precision,
        on_collapse="rollback",
    )
    for _ in range(2):  # and the same command again ends at once
        with pytest.raises(TrainingError, match="stopped after 3 rollbacks: .* no longer a finite"):
            play(config("least-squares", **given), tmp_path)


def test_a_run_killed_after_its_rollback_ends_like_the_one_that_was_not(
    near_anchors, tmp_path, monkeypatch
):
    monkeypatch.setattr(Poisoned, "discriminator", poison_of_the_first_stream)
    play(config("poisoned", **POISON, **images(23_040)), tmp_path / "whole")
    play(config("poisoned", **POISON, **images(16_640)), tmp_path / "halves")
    play(config("poisoned", **POISON, **images(23_040)), tmp_path / "halves")
    whole, halves = exported(tmp_path / "whole"), exported(tmp_path / "halves")
    for name, tensor in whole.items():
        assert torch.equal(tensor, halves[name])


def test_anchors_are_at_fixed_images_whatever_the_clock_says(near_anchors, tmp_path):
    wish = config(on_collapse="rollback", **images(22_400))
    play(wish, tmp_path / "run", checkpoint_seconds=1e9)
    names = [int(path.name) for path in checkpoint_folders(tmp_path / "run" / "checkpoints")]
    assert names == [22_400, 20_032, 10_048]


def poison_of_the_first_stream(self, round):
    """NaN at turn LATE, while the run draws what stream 0 draws then."""
    real, fake = round.discriminator(round.real), round.discriminator(round.fake)
    drawn = round.uniform(1)
    terms = {"real": softplus(-real), "fake": softplus(fake)}
    if round.turn == LATE and abs(float(drawn) - FIRST_STREAM) < 1e-6:
        terms["real"] = terms["real"] * math.nan
    return terms


def first_stream_draw():
    from ganzoo.engine.micro_batches import Share
    from ganzoo.engine.randomness import Counters

    cpu = torch.device("cpu")
    uniform, _ = Counters(0).draws(LATE, "discriminator-loss", cpu, 64, Share())
    return float(uniform(1))


FIRST_STREAM = first_stream_draw()


def test_a_listener_of_the_log_hears_nothing_of_a_run_that_is_well(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        play(config(**images(6400)), tmp_path)
    assert not caplog.records
