"""DESIGN's games, each a few lines in `helpers/games.py`, trained for a few steps by the engine.

Each is held to what makes it that game: classes are recognised, the pack is what is scored, the
way back leads home. The second half holds the engine to what it promises to every loss.
"""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch.nn.functional import softplus
from torch.testing import assert_close

import games
import ganzoo
from games import PackedDiscriminator, Watching, games_plugin
from ganzoo import Player
from ganzoo.engine.config import resolve
from ganzoo.engine.prepare import build_players, prepare
from ganzoo.engine.turns import discriminator_turn, generator_turn
from ganzoo.errors import ConfigError, GanzooError, TrainingError
from ganzoo.testing import round_of
from ganzoo.weights import read_tensors, tensor_bytes
from short_runs import FAST, PLAIN, checkpoint, config, exported, play, rows
from tiny import TinyDiscriminator, TinyGenerator

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def games_world(world, monkeypatch):
    """Every test plays in a world of the core and the games' parts.

    Scenes are off, because their losses would be seen among those of the training.
    """
    monkeypatch.setattr("ganzoo.engine.run.scenes.in_plane", lambda setup: False)
    Watching.seen.clear()
    return world(games_plugin(), strict=True)


def silent(name, values) -> None:
    """Log nothing."""


def equal(ours: dict, theirs: dict) -> bool:
    """Whether two sets of tensors are bit for bit the same."""
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


def training_notes(folder, **recipe):
    """What the watching loss saw in a training, without the dry call's two turns before it."""
    play(config("watching", **recipe), folder)
    return Watching.seen[2:]


def mode_centres() -> torch.Tensor:
    """The centres [8, 2] of the tiny ring."""
    angles = torch.arange(8) * (2 * math.pi / 8)
    return torch.stack([angles.cos(), angles.sin()], 1)


# --- The games --------------------------------------------------------------------------------


def test_acgan_makes_each_class_where_it_belongs(tmp_path):
    generator = ("tiny", {"num_classes": 8, "width": 64})
    play(
        config("acgan", generator=generator, discriminator="classifying", steps=600, batch=64),
        tmp_path,
        log_every=10_000,
    )
    labels = torch.arange(400) % 8
    samples = ganzoo.load(tmp_path).sample(400, seed=0, labels=labels)
    nearest = torch.cdist(samples, mode_centres()).argmin(1)
    assert (nearest == labels).float().mean() > 0.9


def test_acgan_has_class_terms_in_both_turns(tmp_path):
    play(
        config("acgan", generator=("tiny", {"num_classes": 8}), discriminator="classifying"),
        tmp_path,
    )
    terms = {"discriminator.real_class", "discriminator.fake_class", "generator.class"}
    assert terms <= rows(tmp_path)[0].keys()


def test_scores_and_classes_come_of_one_pass():
    discriminator, passes = games.ClassifyingDiscriminator(), []
    discriminator.trunk.register_forward_hook(lambda *_: passes.append(1))
    loss, samples = games.ACGAN(), torch.zeros(4, 2)
    loss.discriminator(
        round_of(discriminator, samples, samples, labels=torch.zeros(4, dtype=torch.int64))
    )
    assert len(passes) == 2  # one of the real samples, one of the fakes


def test_infogan_recovers_its_codes_from_its_samples(tmp_path):
    play(
        config(
            "infogan", generator="coded", discriminator="code-reader", steps=400, batch=64, seed=1
        ),
        tmp_path,
        log_every=10_000,
    )
    model = ganzoo.load(tmp_path)
    latents = model.latents(400, seed=0)
    read = model.discriminator.outputs(model.generator(latents))["codes"].argmax(1)
    assert (read == latents[:, -4:].argmax(1)).float().mean() > 0.9


def test_pacgan_trains_on_packs_under_a_penalty(tmp_path):
    loss = ("non-saturating", {"r1_gamma": 1.0})
    play(config(loss, discriminator=("packed", {"pack": 4}), steps=10), tmp_path)
    assert all(row["discriminator.r1"] > 0 for row in rows(tmp_path))


@pytest.mark.parametrize(("batch", "tried"), [(64, [8]), (21, [21]), (22, [11, 22])])
def test_a_few_rows_are_tried_first_and_decide_only_where_they_fit(
    batch, tried, tmp_path, monkeypatch
):
    """Packs of two are whole in 8 rows of 64, and in all of 22, but not in 11 of them."""
    rows = []
    forward = PackedDiscriminator.forward

    def noted(self, samples, labels=None):
        rows.append(len(samples))
        return forward(self, samples, labels)

    monkeypatch.setattr(PackedDiscriminator, "forward", noted)
    pack = 3 if batch == 21 else 2
    prepare(config(discriminator=("packed", {"pack": pack}), batch=batch), torch.device("cpu"))
    assert [*dict.fromkeys(rows)] == tried


def test_a_batch_that_is_no_whole_number_of_packs_is_refused(tmp_path):
    with pytest.raises(TrainingError, match=r"the discriminator fails on a batch of 15: .*shape"):
        play(config(discriminator=("packed", {"pack": 4}), batch=15), tmp_path)


def test_a_network_that_fails_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(TinyGenerator, "forward", lambda self, *_: self.lost)
    with pytest.raises(TrainingError, match="the generator fails on a batch of 16: .*'lost'"):
        play(config(batch=16), tmp_path)


def test_a_column_of_scores_is_refused_since_a_loss_may_broadcast_it(tmp_path, monkeypatch):
    forward = TinyDiscriminator.forward
    monkeypatch.setattr(TinyDiscriminator, "forward", lambda *given: forward(*given)[:, None])
    said = r"the discriminator gives scores \[16, 1\], which a loss may broadcast to \[16, 16\]"
    with pytest.raises(TrainingError, match=said):
        play(config(batch=16), tmp_path)


@pytest.mark.parametrize(
    ("discriminator", "image"),
    [
        ("tiny", False),
        (("packed", {"pack": 4}), False),
        ("patch", True),
        ("multi-scale", True),
    ],
    ids=["whole", "packs", "patches", "scales"],
)
def test_a_discriminators_turn_is_a_step_down_the_textbooks_gradient(discriminator, image):
    """Plain descent on mean softplus(-D(x)) + mean softplus(D(G(z))) + gamma/2 mean |grad|^2."""
    shape = [1, 8, 8] if image else [2]
    wish = config(
        ("non-saturating", {"r1_gamma": 0.5}),
        generator=("tiny", {"sample_shape": shape}),
        discriminator=discriminator,
        data="stripes" if image else "tiny-ring",
        optimizers={"generator": PLAIN, "discriminator": PLAIN},
    )
    state, setup = prepare(wish, CPU)
    textbook = copy.deepcopy(state.discriminator).requires_grad_(True)
    (played,) = discriminator_turn(state, setup, silent)
    real, fakes = played.real, played.fakes

    points = real.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(textbook(points).sum(), points, create_graph=True)
    value = softplus(-textbook(real)).mean() + softplus(textbook(fakes)).mean()
    value = value + 0.5 / 2 * (gradient**2).flatten(1).sum(1).mean()
    steps = torch.autograd.grad(value, list(textbook.parameters()))
    for moved, start, step in zip(
        state.discriminator.parameters(), textbook.parameters(), steps, strict=True
    ):
        assert_close(moved, start - PLAIN["lr"] * step, rtol=1e-4, atol=1e-6, check_stride=False)


def test_a_generators_turn_is_a_step_down_the_textbooks_gradient():
    wish = config(optimizers={"generator": PLAIN, "discriminator": PLAIN})
    state, setup = prepare(wish, CPU)
    textbook = copy.deepcopy(state.generator)
    played = discriminator_turn(state, setup, silent, keep_graph=True)
    value = softplus(-state.discriminator(textbook(played[0].latents))).mean()
    steps = torch.autograd.grad(value, list(textbook.parameters()))
    generator_turn(state, setup, silent, played)
    for moved, start, step in zip(
        state.generator.parameters(), textbook.parameters(), steps, strict=True
    ):
        assert_close(moved, start - PLAIN["lr"] * step, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("discriminator", ["patch", "multi-scale"])
def test_scores_of_patches_and_scales_tell_real_from_fake(tmp_path, discriminator):
    wish = config(
        "hinge",
        generator=("tiny", {"sample_shape": [1, 8, 8]}),
        discriminator=discriminator,
        data="stripes",
        kind="image",
        steps=20,
        discriminator_steps=5,
        optimizers={"generator": {**FAST, "lr": 1e-5}, "discriminator": FAST},
    )
    play(wish, tmp_path)
    last = rows(tmp_path)[-1]
    assert last["real_scores"] > last["fake_scores"] + 0.1


def test_feature_matching_brings_the_features_together():
    """Against a discriminator that stands still, the means of its features meet."""
    wish = config("feature-matching", discriminator="features", batch=256, reuse_fakes=False)
    state, setup = prepare(wish, CPU)
    played = discriminator_turn(state, setup, silent)
    apart = []
    for _ in range(100):
        generator_turn(state, setup, lambda _, mean: apart.append(mean.item()), played)
    assert apart[-1] < 0.02 * apart[0]


def test_both_turns_have_real_samples_and_fakes(tmp_path):
    play(config("watching", steps=1), tmp_path)
    turns = {note["mover"]: note for note in Watching.seen[-2:]}
    assert torch.equal(turns["discriminator"]["real"], turns["generator"]["real"])
    assert turns["discriminator"]["real"].shape == turns["generator"]["fake"].shape


def test_a_perceptual_loss_trains_through_its_network(tmp_path):
    """Unpaired, the best that the generator can do is to lie in the middle."""
    play(config("perceptual", steps=200, batch=64), tmp_path, log_every=10_000)
    assert ganzoo.load(tmp_path).sample(500, seed=0).square().mean() < 0.02


def test_a_losses_network_is_never_trained():
    state, setup = prepare(config("perceptual"), CPU)
    before = copy.deepcopy(state.loss.state_dict())
    generator_turn(state, setup, silent, discriminator_turn(state, setup, silent, keep_graph=True))
    assert equal(state.loss.state_dict(), before)
    assert all(not p.requires_grad and p.grad is None for p in state.loss.parameters())


def test_a_losses_network_stays_out_of_checkpoints(tmp_path):
    play(config("perceptual"), tmp_path)
    assert not [name for name in checkpoint(tmp_path) if name.startswith("loss.")]


def test_began_holds_its_balance_in_a_buffer(tmp_path):
    play(config("began", discriminator="auto-encoder", steps=100, batch=64), tmp_path)
    k = checkpoint(tmp_path)["loss.k"]
    assert 0 < float(k) < 1


def test_path_length_of_a_linear_generator_is_its_closed_form():
    """G(z) = A z has J^T y = A^T y, whatever z."""
    matrix = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
    latents, noise = torch.zeros(3, 6, requires_grad=True), torch.eye(4)[:3]
    lengths = games.path_lengths(latents @ matrix.T, latents, noise)
    assert_close(lengths, matrix.square().sum(1).sqrt()[:3])


def test_path_length_learns_its_mean(tmp_path):
    play(config("path-length", steps=60, batch=64), tmp_path, log_every=10_000)
    generator = ganzoo.load(tmp_path).generator
    rng = torch.Generator().manual_seed(5)
    latents = generator.sample_latents(2000, rng=rng).requires_grad_()
    noise = torch.randn(2000, 2, generator=rng) / math.sqrt(2)
    measured = games.path_lengths(generator(latents), latents, noise).mean()
    assert_close(checkpoint(tmp_path)["loss.mean"], measured.detach(), rtol=0.2, atol=0)


def test_dragan_brings_slopes_near_the_data_to_1(tmp_path):
    play(config("dragan", steps=150, batch=64), tmp_path)
    penalties = [row["discriminator.penalty"] for row in rows(tmp_path)]
    assert sum(penalties[-10:]) < 0.1 * sum(penalties[:10])


def test_clipping_holds_after_every_step(tmp_path):
    play(config(("clipped", {"limit": 0.05}), steps=10), tmp_path)
    weights = [w.abs().max() for w in exported(tmp_path, "discriminator").values()]
    assert max(weights) == pytest.approx(0.05)


def test_pix2pix_is_given_its_condition_as_a_floating_label(tmp_path):
    """DESIGN: a floating tensor passes through untouched, as a condition of another kind."""
    outcome = play(
        config("pix2pix", generator="translator", discriminator="pairs", data="conditions",
               kind="vectors", steps=200),
        tmp_path,
    )  # fmt: skip
    assert outcome.kind == "finished"
    assert rows(tmp_path)[-1]["apart"] < 0.1


def test_pix2pix_is_a_composite_player_on_pairs(tmp_path):
    play(
        config("paired-translation", generator="two-ways", discriminator="two-judges",
               data=("halves", {"paired": True}), kind="vectors", steps=200),
        tmp_path,
    )  # fmt: skip
    found = [row["apart"] for row in rows(tmp_path)]
    assert found[-1] < 0.1 < 0.5 < found[0]


def test_cyclegan_finds_the_way_back_on_unpaired_halves(tmp_path):
    play(
        config("cyclegan", generator="two-ways", discriminator="two-judges", data="halves",
               kind="vectors", steps=400, batch=32),
        tmp_path,
        log_every=32,
    )  # fmt: skip
    generator, pairs = ganzoo.load(tmp_path).generator, games.Halves().pairs
    assert_close(generator.translate(pairs).mean(0), pairs.mean(0), rtol=0, atol=0.15)
    assert rows(tmp_path)[-1]["astray"] < 0.15


@pytest.mark.parametrize("loss", ["non-saturating", "hinge", "relativistic", "least-squares"])
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_a_core_game_trains_in_either_precision(tmp_path, loss, precision):
    arguments = {"r1_gamma": 0.1, "r2_gamma": 0.1, "penalty_interval": 2}
    play(config((loss, arguments), precision=precision, steps=6), tmp_path)
    assert all(weight.isfinite().all() for weight in exported(tmp_path).values())
    assert all(weight.dtype == torch.float32 for weight in exported(tmp_path).values())


def test_a_lazy_penalty_is_there_at_every_kth_turn(tmp_path):
    loss = ("non-saturating", {"r1_gamma": 0.1, "penalty_interval": 3})
    play(config(loss, steps=8), tmp_path)
    assert ["discriminator.r1" in row for row in rows(tmp_path)] == [
        turn % 3 == 0 for turn in range(8)
    ]


def test_a_ring_of_eight_gaussians_is_learnt(tmp_path):
    """All 8 modes within 4 sigma (0.2), each with at least 4% of 2,000 samples, 60% in all.

    Even samples would give each mode 12.5%; a disc of them 32% in all.
    """
    adam = {"name": "adam", "lr": 3e-3, "arguments": {"betas": [0.5, 0.9]}}
    loss = ("non-saturating", {"r1_gamma": 0.1, "penalty_interval": 4})
    wish = config(
        loss,
        generator="deep",
        discriminator="deep",
        steps=1500,
        batch=64,
        ema={"half_life": 5_000.0},
        optimizers={"generator": adam, "discriminator": adam},
    )
    play(wish, tmp_path, log_every=50_000)
    samples = ganzoo.load(tmp_path).sample(2000, seed=0)
    distance, mode = torch.cdist(samples, mode_centres()).min(1)
    near = distance < 4 * 0.05
    counts = torch.bincount(mode[near], minlength=8)
    assert near.float().mean() > 0.6
    assert int(counts.min()) > 80, counts.tolist()


# --- What does not fit is refused before training ---------------------------------------------


def test_an_output_that_nobody_publishes_is_named(tmp_path):
    with pytest.raises(TrainingError, match=r"acgan needs the output 'classes'.*publish.*scores"):
        play(config("acgan"), tmp_path)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ("scalar", r"generator term 'mine' is a single number; .*expand"),
        ("number", r"discriminator term 'extra' is float"),
        ("nothing", r"nothing: the loss returns NoneType in the generator's turn; return a dict"),
        ("broken", r"broken fails in the generator's turn: KeyError: 'styles'"),
    ],
)
def test_a_loss_that_breaks_the_contract_is_told_how(tmp_path, loss, message):
    with pytest.raises(TrainingError, match=message) as caught:
        play(config(loss), tmp_path)
    assert "\n" not in str(caught.value)


def test_a_refused_training_leaves_no_folder(tmp_path):
    with pytest.raises(TrainingError):
        play(config("scalar"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_shapes_that_differ_are_all_three_named(tmp_path):
    wish = config(generator=("tiny", {"sample_shape": [3]}), discriminator=("tiny", {
        "sample_shape": [4]}))  # fmt: skip
    said = r"data set tiny/tiny-ring has \[2\].*generator has \[3\].*\[4\]"
    with pytest.raises(ConfigError, match=said):
        play(wish, tmp_path)


@pytest.mark.parametrize(("first", "second"), [(8, 9), (9, 8), (4, 4)])
def test_class_counts_that_differ_are_named(tmp_path, first, second):
    wish = config(
        generator=("tiny", {"num_classes": first}), discriminator=("tiny", {"num_classes": second})
    )
    with pytest.raises(ConfigError, match=rf"data set has 8, the generator {first}.*{second}"):
        play(wish, tmp_path)


def test_classes_without_labelled_data_are_refused(tmp_path):
    wish = config(
        generator=("tiny", {"num_classes": 2, "sample_shape": [2, 2]}),
        discriminator=("tiny", {"num_classes": 2, "sample_shape": [2, 2]}),
        data="halves",
        kind="vectors",
    )
    with pytest.raises(ConfigError, match="the data set has no labels, the generator 2 classes"):
        play(wish, tmp_path)


@pytest.mark.parametrize("conditional", ["generator", "discriminator"])
def test_one_conditional_player_without_the_other_is_refused_by_its_num_classes(
    tmp_path, conditional
):
    with pytest.raises(GanzooError, match="num_classes"):
        play(config(**{conditional: ("tiny", {"num_classes": 8})}), tmp_path)


def test_a_loss_that_forgets_to_return_later_is_told_how(tmp_path):
    with pytest.raises(TrainingError, match="NoneType in the discriminator's turn"):
        play(config("nothing-later"), tmp_path)


def test_a_term_that_its_player_cannot_change_is_named(tmp_path):
    with pytest.raises(TrainingError, match="generator"):
        play(config("untouched"), tmp_path)


def test_a_network_that_makes_another_shape_than_it_says_is_refused(tmp_path):
    with pytest.raises(TrainingError, match=r"makes \[16, 3\], real samples are \[16, 2\]"):
        play(config(generator="liar"), tmp_path)


# --- Whose gradient is whose ------------------------------------------------------------------


def both_turns(wish):
    """One turn of each player, with each player's gradients as they were after the turns."""
    state, setup = prepare(wish, CPU)
    return state, setup, discriminator_turn(state, setup, silent, keep_graph=True)


def test_the_generator_gets_no_gradient_from_the_discriminators_turn():
    state, *_ = both_turns(config())
    assert all(p.grad is None for p in state.generator.parameters())
    assert all(p.grad is not None for p in state.discriminator.parameters())


def test_the_discriminator_gets_no_gradient_from_the_generators_turn():
    state, setup, played = both_turns(config())
    state.discriminator.zero_grad(set_to_none=True)
    generator_turn(state, setup, silent, played)
    assert all(p.grad is None for p in state.discriminator.parameters())
    assert all(p.grad is not None for p in state.generator.parameters())


@pytest.mark.parametrize("mover", ["discriminator", "generator"])
def test_a_turn_moves_its_own_player_alone(mover):
    state, setup, played = both_turns(config())
    players = {"discriminator": state.discriminator, "generator": state.generator}
    before = {name: copy.deepcopy(player.state_dict()) for name, player in players.items()}
    if mover == "discriminator":
        discriminator_turn(state, setup, silent)
    else:
        generator_turn(state, setup, silent, played)
    moved = {
        name for name, player in players.items() if not equal(before[name], player.state_dict())
    }
    assert moved == {mover}


def test_the_discriminators_weight_gradients_are_computed_in_its_own_turn_alone(tmp_path):
    for note in training_notes(tmp_path, steps=2):
        assert set(note["trainable"]) == {note["mover"] == "discriminator"}


def test_a_frozen_layers_gradient_is_never_computed(tmp_path):
    for note in training_notes(tmp_path, steps=2, discriminator="half-frozen"):
        moves = note["mover"] == "discriminator"
        assert note["trainable"] == [False, False, moves, moves]


def test_fakes_carry_a_graph_in_the_generators_turn_alone(tmp_path):
    play(config("watching", steps=2), tmp_path)
    assert {note["mover"]: note["fake_has_graph"] for note in Watching.seen} == {
        "discriminator": False,
        "generator": True,
    }


def test_all_networks_are_in_train_mode(tmp_path):
    play(config("watching", steps=2), tmp_path)
    assert all(note["training"] for note in Watching.seen)


def test_a_layer_that_was_frozen_at_the_start_stays_frozen(tmp_path):
    wish = config(discriminator="half-frozen", steps=5)
    _, fresh = build_players(wish)
    play(wish, tmp_path)
    trained, start = exported(tmp_path, "discriminator"), fresh.state_dict()
    same = {name for name in trained if torch.equal(trained[name], start[name])}
    assert same == {"layers.0.weight", "layers.0.bias"}


# --- What a round holds -----------------------------------------------------------------------


def test_counters_count_turns_steps_and_images(tmp_path):
    notes = training_notes(tmp_path, steps=2, discriminator_steps=2, batch=16)
    seen = [(n["mover"][0], n["turn"], n["step"], n["images_seen"]) for n in notes]
    assert seen == [
        ("d", 0, 0, 0),
        ("d", 1, 0, 16),
        ("g", 2, 0, 32),
        ("d", 2, 1, 32),
        ("d", 3, 1, 48),
        ("g", 4, 1, 64),
    ]


def test_reused_fakes_are_those_of_the_last_discriminator_turn(tmp_path):
    notes = training_notes(tmp_path, steps=1, discriminator_steps=2, reuse_fakes=True)
    assert torch.equal(notes[-1]["fake"], notes[-2]["fake"])
    assert torch.equal(notes[-1]["latents"], notes[-2]["latents"])


def test_new_fakes_are_made_of_new_latents(tmp_path):
    notes = training_notes(tmp_path, steps=1, reuse_fakes=False)
    assert not torch.isin(notes[-1]["latents"], notes[-2]["latents"]).any()


@pytest.mark.parametrize("reuse_fakes", [True, False])
def test_every_turn_has_latents_of_its_own(tmp_path, reuse_fakes):
    notes = training_notes(tmp_path, steps=3, reuse_fakes=reuse_fakes)
    drawn = [n["latents"] for n in notes if not (reuse_fakes and n["mover"] == "generator")]
    assert len(torch.cat(drawn).unique(dim=0)) == 16 * len(drawn)


@pytest.mark.parametrize("reuse_fakes", [True, False])
def test_a_game_trains_whether_fakes_are_reused_or_not(tmp_path, reuse_fakes):
    wish = config("perceptual", reuse_fakes=reuse_fakes, steps=150, batch=64)
    play(wish, tmp_path, log_every=10_000)
    assert ganzoo.load(tmp_path).sample(500, seed=0).square().mean() < 0.05


def test_every_draw_of_a_loss_is_another(tmp_path):
    notes = training_notes(tmp_path, steps=3)
    draws = torch.cat([draw for note in notes for draw in note["uniform"]])
    assert len(draws.unique()) == len(draws) == 3 * 2 * 2 * 4
    assert ((draws >= 0) & (draws < 1)).all()


def test_real_images_come_once_a_pass(tmp_path):
    """The ring's 4,096 points in 64 turns of 64: every one once."""
    notes = training_notes(tmp_path, steps=64, batch=64)
    real = torch.cat([note["real"] for note in notes if note["mover"] == "discriminator"])
    assert len(real.unique(dim=0)) == 4096


def test_labels_are_none_unless_both_players_are_conditional(tmp_path):
    assert all(note["labels"] is None for note in training_notes(tmp_path, steps=1))


def test_labels_are_the_real_batchs_where_both_players_are_conditional(tmp_path):
    conditional = ("tiny", {"num_classes": 8})
    notes = training_notes(tmp_path, generator=conditional, discriminator=conditional, steps=1)
    for note in notes:
        nearest = torch.cdist(note["real"], mode_centres()).argmin(1)
        assert torch.equal(nearest, note["labels"])


# --- The same seed, the same bits -------------------------------------------------------------


@pytest.mark.parametrize(
    "wish",
    [
        {"loss": "dragan"},
        {"loss": "path-length"},
        {"generator": "dropout", "discriminator": "dropout"},
        {"loss": "perceptual"},
    ],
    ids=["dragan", "path-length", "dropout", "perceptual"],
)
def test_what_was_drawn_before_does_not_matter(tmp_path, wish):
    """Neither the layers, nor what a loss draws, nor its network depend on torch's own state."""
    for number in (1, 2):
        torch.default_generator.manual_seed(number)
        play(config(**wish), tmp_path / str(number))
    first, second = tmp_path / "1", tmp_path / "2"
    assert equal(exported(first), exported(second))
    assert equal(exported(first, "discriminator"), exported(second, "discriminator"))


def test_two_runs_of_one_seed_export_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        play(config(seed=3), tmp_path / name)
    for file in ("model.safetensors", "discriminator.safetensors"):
        first, second = (tmp_path / name / "export" / file for name in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()


def test_another_seed_is_another_run(tmp_path):
    for seed in (3, 4):
        play(config(seed=seed), tmp_path / str(seed))
    first, second = exported(tmp_path / "3"), exported(tmp_path / "4")
    assert not any(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(
    "wish",
    [
        {"loss": "began", "discriminator": "auto-encoder"},
        {"loss": "path-length"},
        {"loss": "dragan", "discriminator_steps": 2},
        {"generator": "dropout", "discriminator": "dropout", "reuse_fakes": False},
        {"loss": ("non-saturating", {"r1_gamma": 1.0, "penalty_interval": 4})},
        {"generator": "normed", "discriminator": "spectral"},
        {"loss": "perceptual"},
        {"loss": "lazy-mean"},
    ],
    ids=[
        *["began", "path-length", "dragan", "dropout", "lazy", "norms", "perceptual"],
        "lazy-mean",
    ],
)
def test_a_run_that_stopped_half_way_is_the_run_that_did_not(tmp_path, wish):
    torch.default_generator.manual_seed(1)
    play(config(steps=13, **wish), tmp_path / "whole")
    torch.default_generator.manual_seed(2)
    play(config(steps=6, **wish), tmp_path / "halves")
    torch.default_generator.manual_seed(3)
    play(config(steps=13, **wish), tmp_path / "halves")
    assert equal(checkpoint(tmp_path / "whole"), checkpoint(tmp_path / "halves"))
    whole, halves = (rows(tmp_path / name) for name in ("whole", "halves"))
    assert whole == halves


def test_a_network_that_uses_a_layer_twice_is_saved_and_loaded(tmp_path):
    play(config(generator="tied", steps=6), tmp_path / "halves")
    play(config(generator="tied", steps=12), tmp_path / "halves")
    play(config(generator="tied", steps=12), tmp_path / "whole")
    assert equal(exported(tmp_path / "whole"), exported(tmp_path / "halves"))
    generator = ganzoo.load(tmp_path / "whole").generator
    assert generator.again is generator.twice


@pytest.mark.parametrize("length", [640, 896, 1152, 1408, 1024])
def test_weights_are_read_however_long_their_header_is(tmp_path, length):
    """A safetensors file begins with its header's length: 640 is 80 02, as a pickle begins."""
    path, weights = tmp_path / "model.safetensors", {"weight": torch.arange(4.0)}
    plain = int.from_bytes(tensor_bytes(weights, {"part": ""})[:8], "little")
    data = tensor_bytes(weights, {"part": "x" * (length - plain)})
    assert int.from_bytes(data[:8], "little") == length
    path.write_bytes(data)
    assert equal(read_tensors(path), weights)


def test_a_call_of_a_player_may_name_other_labels():
    discriminator = TinyDiscriminator(num_classes=4)
    samples, others = torch.zeros(3, 2), torch.tensor([1, 2, 3])
    player = Player(discriminator, torch.zeros(3, dtype=torch.int64))
    assert_close(player(samples, others), discriminator(samples, others))
    assert_close(player.outputs(samples, others)["scores"], discriminator(samples, others))
    assert_close(player(samples), discriminator(samples, player.labels))


def test_a_data_sets_kind_says_how_samples_are_written(tmp_path):
    """A ring's samples are points: nobody has to say so a second time."""
    raw = {
        "ganzoo_config": 1,
        "generator": {"name": "tiny"},
        "discriminator": {"name": "tiny"},
        "recipe": {
            "loss": {"name": "hinge"}, "data": {"name": "tiny-ring"}, "images": 32, "batch": 16
        },
    }  # fmt: skip
    outcome = play(resolve(raw, "a test"), tmp_path)
    assert (outcome.export / "samples.txt").is_file()
