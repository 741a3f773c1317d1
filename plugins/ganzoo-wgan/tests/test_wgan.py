"""The Wasserstein games: clipping, both penalties against their textbooks, and their networks."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.testing import assert_close

import ganzoo
from ganzoo import Discriminator, Player, Round
from ganzoo.engine.config import config_of, resolve
from ganzoo.engine.prepare import prepare
from ganzoo.engine.run.options import RunOptions
from ganzoo.engine.train import train
from ganzoo.engine.turns import discriminator_turn
from ganzoo.errors import PartError

SIZES = [28, 32, 64]
CRITICS = ["wgan", "wgan-gp"]
GAMES = ["wgan", "wgan-gp", "wgan-lp"]


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def generator(**arguments) -> ganzoo.Generator:
    torch.default_generator.manual_seed(0)
    return ganzoo.create_generator("wgan", **arguments)


def critic(name: str, **arguments) -> Discriminator:
    torch.default_generator.manual_seed(0)
    return ganzoo.create_discriminator(name, **arguments)


class Slope(Discriminator):
    """f(x) = slope x_0: its gradient has one norm everywhere."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.sample_shape = (3,)
        self.slope = nn.Parameter(torch.tensor(slope))

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.slope * samples[:, 0]


def round_of(judge: Discriminator, real: Tensor, fake: Tensor, **fields: Any) -> Round:
    """A round of the given samples; `shares` is what `uniform` gives, `logged` what is logged."""
    rng = torch.Generator().manual_seed(0)
    shares, logged = fields.get("shares"), fields.get("logged", {})
    return Round(
        real=real,
        fake=fake,
        latents=torch.zeros(len(fake), 1),
        labels=None,
        discriminator=Player(judge),
        generator=Player(generator(size=28, width=4)),
        images_seen=0,
        step=0,
        turn=0,
        uniform=lambda *shape: torch.rand(shape, generator=rng) if shares is None else shares,
        normal=lambda *shape: torch.randn(shape, generator=rng),
        log=logged.__setitem__,
    )


def short(loss: str, judge: str, **recipe: Any) -> dict[str, Any]:
    """The raw config of a short training of small networks on mnist-mini."""
    raw = config_of("wgan", judge, loss, "mnist-mini")
    raw["generator"]["arguments"] = {"size": 28, "width": 4, "latent_dim": 8}
    raw["discriminator"]["arguments"] = {"size": 28, "width": 4}
    raw["recipe"] |= {"batch": 16, "images": 160, **recipe}
    return raw


# --- The networks -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("n", [1, 5])
def test_images_have_their_size_and_lie_between_minus_1_and_1(size, channels, n):
    network = generator(size=size, channels=channels, width=4).eval()
    with torch.no_grad():
        images = network(100 * draw(n, network.latent_dim))
    assert images.shape == (n, channels, size, size) == (n, *network.sample_shape)
    assert images.dtype == torch.float32
    assert images.abs().max() <= 1


@pytest.mark.parametrize("name", CRITICS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("n", [1, 5])
def test_every_image_has_one_score(name, size, channels, n):
    network = critic(name, size=size, channels=channels, width=4).eval()
    scores = network(draw(n, channels, size, size))
    assert scores.shape == (n,)
    assert scores.dtype == torch.float32
    assert network.sample_shape == (channels, size, size)


@pytest.mark.parametrize("name", CRITICS)
@pytest.mark.parametrize("size", [[32, 64], (64, 28), [28, 56], [44, 32]])
def test_rectangles_are_made_and_judged(name, size):
    makes, judges = generator(size=size, channels=3, width=4), critic(name, size=size, channels=3)
    images = makes(draw(2, makes.latent_dim))
    assert images.shape == (2, 3, *size) == (2, *makes.sample_shape)
    assert judges.sample_shape == makes.sample_shape
    assert judges(images).shape == (2,)


@pytest.mark.parametrize(
    "create", [generator, lambda **a: critic("wgan", **a), lambda **a: critic("wgan-gp", **a)]
)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 30}, "size is one of 28, 32, 64, found 30"),
        ({"size": 128}, "size is one of 28, 32, 64, found 128"),
        ({"size": [30, 64]}, r"32, 64, or \[height, width\]: one .* even, found \[30, 64\]"),
        ({"size": [32, 63]}, r"the longer one even, found \[32, 63\]"),
        ({"channels": 2}, "channels is 1, 3, or 4 with alpha, found 2"),
    ],
)
def test_a_bad_argument_is_refused_with_what_is_allowed(create, arguments, message):
    with pytest.raises(PartError, match=message):
        create(**arguments)


@pytest.mark.parametrize("name", CRITICS)
@pytest.mark.parametrize("size", SIZES)
def test_every_parameter_gets_a_finite_gradient(name, size):
    makes, judges = generator(size=size, width=4), critic(name, size=size, width=4)
    judges(makes(draw(8, makes.latent_dim))).square().mean().backward()
    for network in (makes, judges):
        for key, parameter in network.named_parameters():
            assert parameter.grad is not None, key
            assert parameter.grad.isfinite().all(), key


def test_the_critic_under_a_penalty_has_no_normalisation():
    found = {type(layer).__name__ for layer in critic("wgan-gp", width=4).modules()}
    assert not [name for name in found if "Norm" in name]


def test_the_clipped_critic_has_batch_norm():
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in critic("wgan", width=4).modules())


def test_the_score_under_a_penalty_does_not_depend_on_batch_mates():
    judges, images = critic("wgan-gp", width=4).train(), draw(6, 1, 28, 28)
    with torch.no_grad():
        together = judges(images)
        alone = torch.cat([judges(image[None]) for image in images])
        others = judges(torch.cat([images[:1], 9 * draw(5, 1, 28, 28, seed=1)]))
    assert_close(together, alone, rtol=1e-5, atol=1e-6)
    assert_close(others[0], together[0], rtol=1e-5, atol=1e-6)


# --- The games --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GAMES)
def test_the_critics_value_is_the_difference_of_scores(name):
    judges, real, fake = critic("wgan-gp", width=4), draw(5, 1, 28, 28), draw(5, 1, 28, 28, seed=1)
    terms = ganzoo.create_loss(name).discriminator(round_of(judges, real, fake))
    assert_close(terms["critic"], judges(fake) - judges(real))


@pytest.mark.parametrize("name", GAMES)
def test_the_generator_wants_higher_scores(name):
    judges, real, fake = critic("wgan-gp", width=4), draw(5, 1, 28, 28), draw(5, 1, 28, 28, seed=1)
    terms = ganzoo.create_loss(name).generator(round_of(judges, real, fake))
    assert_close(terms["generator"], -judges(fake))


@pytest.mark.parametrize("name", GAMES)
def test_the_scores_of_both_are_logged(name):
    judges, logged = critic("wgan-gp", width=4), {}
    real, fake = draw(5, 1, 28, 28), draw(5, 1, 28, 28, seed=1)
    ganzoo.create_loss(name).discriminator(round_of(judges, real, fake, logged=logged))
    assert_close(logged["real_scores"], judges(real))
    assert_close(logged["fake_scores"], judges(fake))


def textbook_penalty(judges: nn.Module, real: Tensor, fake: Tensor, shares: Tensor) -> Tensor:
    """10 (|grad f(e x + (1 - e) G(z))| - 1)^2 (Gulrajani et al. 2017, algorithm 1), a row each."""
    rows = []
    for x, x_fake, share in zip(real, fake, shares, strict=True):
        point = (share * x + (1 - share) * x_fake).detach().requires_grad_()
        (slope,) = torch.autograd.grad(judges(point[None])[0], point, create_graph=True)
        rows.append(10 * ((slope**2).sum().sqrt() - 1) ** 2)
    return torch.stack(rows)


def test_wgan_gp_is_its_textbook():
    judges, shares = critic("wgan-gp", width=4), torch.tensor([0.0, 0.2, 0.5, 0.8, 0.99])
    real, fake = draw(5, 1, 28, 28), draw(5, 1, 28, 28, seed=1)
    loss = ganzoo.create_loss("wgan-gp")
    terms = loss.discriminator(round_of(judges, real, fake, shares=shares))
    assert_close(terms["penalty"], textbook_penalty(judges, real, fake, shares), rtol=1e-4, atol=0)


def test_wgan_gp_draws_one_share_a_pair():
    judges, asked = critic("wgan-gp", width=4), []

    def uniform(*shape: int) -> Tensor:
        asked.append(shape)
        return torch.full(shape, 0.5)

    round = round_of(judges, draw(5, 1, 28, 28), draw(5, 1, 28, 28, seed=1))
    object.__setattr__(round, "uniform", uniform)
    ganzoo.create_loss("wgan-gp").discriminator(round)
    assert asked == [(5,)]


def test_five_steps_of_the_critic_are_the_textbooks():
    """Descend both by plain gradient steps, from one start and with the same draws."""
    judges = critic("wgan-gp", width=4)
    textbook = copy.deepcopy(judges)
    loss, rate = ganzoo.create_loss("wgan-gp"), 0.01
    for step in range(5):
        real, fake = draw(4, 1, 28, 28, seed=step), draw(4, 1, 28, 28, seed=100 + step)
        shares = torch.rand(4, generator=torch.Generator().manual_seed(step))
        terms = loss.discriminator(round_of(judges, real, fake, shares=shares))
        ours = sum(values.mean() for values in terms.values())
        theirs = textbook(fake).mean() - textbook(real).mean()
        theirs = theirs + textbook_penalty(textbook, real, fake, shares).mean()
        assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
        for network, value in ((judges, ours), (textbook, theirs)):
            # the last bias has no gradient in the penalty, and none of its own in the value
            found = torch.autograd.grad(value, list(network.parameters()), allow_unused=True)
            with torch.no_grad():
                for parameter, gradient in zip(network.parameters(), found, strict=True):
                    if gradient is not None:
                        parameter -= rate * gradient
    for ours, theirs in zip(judges.parameters(), textbook.parameters(), strict=True):
        assert_close(ours, theirs, rtol=1e-3, atol=1e-5)


def test_the_engines_step_is_the_textbooks():
    """The same draws come through `round.uniform`, which the counters give again."""
    plain = {"name": "momentum", "lr": 0.01, "arguments": {"momentum": 0.0}}
    optimizers = {"generator": plain, "discriminator": plain}
    config = resolve(short("wgan-gp", "wgan-gp", optimizers=optimizers), "a test")
    state, setup = prepare(config, torch.device("cpu"))
    textbook = copy.deepcopy(state.discriminator).requires_grad_(True)
    (share,), cpu = setup.shares, torch.device("cpu")
    uniform, _ = setup.counters.draws(0, "discriminator-loss", cpu, 16, share)
    shares = uniform(16)
    (played,) = discriminator_turn(state, setup, lambda *_: None)
    real, fake = played.real, played.fakes
    value = textbook(fake).mean() - textbook(real).mean()
    value = value + textbook_penalty(textbook, real, fake, shares).mean()
    found = torch.autograd.grad(value, list(textbook.parameters()))
    for moved, start, gradient in zip(
        state.discriminator.parameters(), textbook.parameters(), found, strict=True
    ):
        assert_close(moved, start - 0.01 * gradient, rtol=1e-3, atol=1e-5, check_stride=False)


@pytest.mark.parametrize(
    ("name", "slope", "expected"),
    [
        ("wgan-gp", 3.0, 40.0),
        ("wgan-gp", 1.0, 0.0),
        ("wgan-gp", 0.5, 2.5),
        ("wgan-gp", 0.0, 10.0),
        ("wgan-lp", 3.0, 40.0),
        ("wgan-lp", 1.0, 0.0),
        ("wgan-lp", 0.5, 0.0),
        ("wgan-lp", 0.0, 0.0),
    ],
)
def test_the_penalty_of_a_known_slope(name, slope, expected):
    judges, loss = Slope(slope), ganzoo.create_loss(name)
    terms = loss.discriminator(round_of(judges, draw(4, 3), draw(4, 3, seed=1)))
    assert_close(terms["penalty"], torch.full((4,), expected), rtol=1e-4, atol=1e-4)
    terms["penalty"].mean().backward()
    assert judges.slope.grad.isfinite()


def test_the_lipschitz_penalty_leaves_flat_slopes_without_a_gradient():
    judges = Slope(0.5)
    terms = ganzoo.create_loss("wgan-lp").discriminator(
        round_of(judges, draw(4, 3), draw(4, 3, seed=1))
    )
    terms["penalty"].mean().backward()
    assert float(judges.slope.grad) == 0.0


def test_the_penaltys_weight_is_the_one_that_was_asked_for():
    terms = ganzoo.create_loss("wgan-gp", penalty=2.0).discriminator(
        round_of(Slope(3.0), draw(4, 3), draw(4, 3, seed=1))
    )
    assert_close(terms["penalty"], torch.full((4,), 8.0), rtol=1e-4, atol=0)


@pytest.mark.parametrize(
    ("name", "double"), [("wgan", False), ("wgan-gp", True), ("wgan-lp", True)]
)
def test_a_penalty_says_that_it_differentiates_twice(name, double):
    assert ganzoo.create_loss(name).double_backward is double


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("wgan", {"clip": 0.0}, "clip must be above 0, found 0.0"),
        ("wgan", {"clip": -1.0}, "clip must be above 0, found -1.0"),
        ("wgan-gp", {"penalty": -1.0}, "penalty must be 0 or more, found -1.0"),
        ("wgan-lp", {"penalty": -1.0}, "penalty must be 0 or more, found -1.0"),
    ],
)
def test_a_bad_argument_of_a_loss_is_refused(name, arguments, message):
    with pytest.raises(PartError, match=message):
        ganzoo.create_loss(name, **arguments)


# --- Clipping ---------------------------------------------------------------------------------


def test_clipping_clamps_every_parameter():
    judges = critic("wgan", width=4)
    before = copy.deepcopy(judges)
    with torch.no_grad():
        ganzoo.create_loss("wgan", clip=0.02).constrain(judges)
    for after, start in zip(judges.parameters(), before.parameters(), strict=True):
        assert torch.equal(after, start.clamp(-0.02, 0.02))


def test_clipping_leaves_the_statistics_of_batch_norm_alone():
    judges = critic("wgan", width=4)
    before = copy.deepcopy(dict(judges.named_buffers()))
    with torch.no_grad():
        ganzoo.create_loss("wgan").constrain(judges)
    assert all(torch.equal(b, before[name]) for name, b in judges.named_buffers())


def test_the_engine_clips_after_each_step():
    config = resolve(short("wgan", "wgan"), "a test")
    state, setup = prepare(config, torch.device("cpu"))
    for _ in range(3):
        discriminator_turn(state, setup, lambda *_: None, keep_graph=False)
        assert max(float(p.abs().max()) for p in state.discriminator.parameters()) <= 0.01


def test_a_trained_critic_lies_within_its_clip(tmp_path):
    train(resolve(short("wgan", "wgan"), "a test"), RunOptions(folder=tmp_path, quiet=True))
    weights = load_file(tmp_path / "export" / "discriminator.safetensors")
    for name, values in weights.items():
        if "running" not in name and "num_batches" not in name:
            assert float(values.abs().max()) <= 0.01, name


@pytest.mark.parametrize("name", ["wgan-gp", "wgan-lp"])
def test_a_penalised_game_trains(tmp_path, name):
    outcome = train(
        resolve(short(name, "wgan-gp"), "a test"), RunOptions(folder=tmp_path, quiet=True)
    )
    assert outcome.kind == "finished"
    samples = ganzoo.load(tmp_path).sample(5, seed=0)
    assert samples.isfinite().all()


# --- The papers' settings ---------------------------------------------------------------------


def test_wgan_trains_as_its_paper_does_where_nothing_is_said():
    recipe = resolve(short("wgan", "wgan"), "a test").recipe
    assert recipe.discriminator_steps == 5
    for optimizer in (recipe.optimizers.generator, recipe.optimizers.discriminator):
        assert (optimizer.name, optimizer.lr) == ("rmsprop", 5e-5)


@pytest.mark.parametrize("name", ["wgan-gp", "wgan-lp"])
def test_a_penalised_game_trains_as_its_paper_does_where_nothing_is_said(name):
    recipe = resolve(short(name, "wgan-gp"), "a test").recipe
    assert recipe.discriminator_steps == 5
    for optimizer in (recipe.optimizers.generator, recipe.optimizers.discriminator):
        assert (optimizer.name, optimizer.lr) == ("adam", 1e-4)
        assert list(optimizer.arguments["betas"]) == [0.0, 0.9]


def test_the_papers_weights_are_the_defaults():
    assert ganzoo.create_loss("wgan").clip == 0.01
    assert ganzoo.create_loss("wgan-gp").penalty == 10.0


@pytest.mark.parametrize("name", GAMES)
def test_the_users_own_settings_win(name):
    optimizers = {"discriminator": {"name": "adamw", "lr": 0.5}}
    raw = short(name, "wgan-gp", discriminator_steps=2, optimizers=optimizers)
    recipe = resolve(raw, "a test").recipe
    assert recipe.discriminator_steps == 2
    assert (recipe.optimizers.discriminator.name, recipe.optimizers.discriminator.lr) == (
        "adamw",
        0.5,
    )
    assert not recipe.optimizers.discriminator.arguments  # the paper's betas were for another
    assert recipe.optimizers.generator.lr < 1e-3  # left open, so the paper's


def test_a_single_key_of_the_papers_optimizer_can_be_changed():
    raw = short("wgan-gp", "wgan-gp", optimizers={"generator": {"lr": 0.5}})
    made = resolve(raw, "a test").recipe.optimizers.generator
    assert (made.name, made.lr, list(made.arguments["betas"])) == ("adam", 0.5, [0.0, 0.9])


def test_five_turns_of_the_critic_come_to_one_of_the_generator(tmp_path):
    run = RunOptions(folder=tmp_path, quiet=True, log_every=1)
    train(resolve(short("wgan", "wgan", images=240), "a test"), run)
    rows = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert len(rows) == 240 / (16 * 5)
