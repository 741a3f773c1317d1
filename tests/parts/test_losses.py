"""The core's losses and penalties: closed forms, plain references, and what the engine relies on.

The references are written in float64 from the papers' formulas, with sigmoids and logarithms.
"""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from ganzoo import Discriminator, Loss, Player, create_loss, losses
from ganzoo.errors import ConfigError, GanzooError, UnknownOptionError
from ganzoo.testing import round_of
from linear_discriminator import LinearDiscriminator
from tiny import TinyDiscriminator

CORE = {
    "hinge": losses.Hinge,
    "least-squares": losses.LeastSquares,
    "minimax": losses.Minimax,
    "non-saturating": losses.NonSaturating,
    "relativistic": losses.Relativistic,
}

SCORES = torch.linspace(-15, 15, 61, dtype=torch.float64)


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def log_sigmoid(scores: Tensor) -> Tensor:
    return (1 / (1 + (-scores).exp())).log()


# --- The games, one function an equation -----------------------------------------------------

ONE_SCORE = {
    "logistic_real": (losses.logistic_real, lambda s: -log_sigmoid(s)),
    "logistic_fake": (losses.logistic_fake, lambda s: -log_sigmoid(-s)),
    "minimax_generator": (losses.minimax_generator, lambda s: log_sigmoid(-s)),
    "non_saturating_generator": (losses.non_saturating_generator, lambda s: -log_sigmoid(s)),
    "least_squares to 1": (lambda s: losses.least_squares(s, 1.0), lambda s: (s - 1) ** 2 / 2),
    "least_squares to 0": (lambda s: losses.least_squares(s, 0.0), lambda s: s**2 / 2),
    "hinge_real": (losses.hinge_real, lambda s: -torch.minimum(s - 1, torch.zeros_like(s))),
    "hinge_fake": (losses.hinge_fake, lambda s: -torch.minimum(-s - 1, torch.zeros_like(s))),
    "hinge_generator": (losses.hinge_generator, lambda s: -s),
}


@pytest.mark.parametrize("name", ONE_SCORE)
def test_a_game_is_its_papers_formula(name):
    function, formula = ONE_SCORE[name]
    assert_close(function(SCORES), formula(SCORES), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ONE_SCORE)
@pytest.mark.parametrize("shape", [(5,), (5, 4), (1,)])
def test_a_game_keeps_the_shape_of_the_scores(name, shape):
    assert ONE_SCORE[name][0](draw(*shape)).shape == shape


@pytest.mark.parametrize("name", ONE_SCORE)
@pytest.mark.parametrize("extreme", [1e4, -1e4])
def test_a_game_does_not_overflow(name, extreme):
    scores = torch.full((3,), extreme, requires_grad=True)
    values = ONE_SCORE[name][0](scores)
    values.sum().backward()
    assert values.isfinite().all()
    assert scores.grad.isfinite().all()


def test_logistic_losses_of_a_certain_and_right_discriminator_are_zero():
    far = torch.tensor([1e4])
    assert losses.logistic_real(far) == 0
    assert losses.logistic_fake(-far) == 0


def test_logistic_losses_grow_with_the_score_where_it_is_wrong():
    far = torch.tensor([1e4])
    assert_close(losses.logistic_real(-far), far)
    assert_close(losses.logistic_fake(far), far)


def test_relativistic_compares_pairs():
    winner, loser = SCORES, SCORES.flip(0) / 3
    assert_close(losses.relativistic(winner, loser), -log_sigmoid(winner - loser))


def test_relativistic_is_of_the_difference_alone():
    winner, loser = draw(8, seed=1).double(), draw(8, seed=2).double()
    shifted = losses.relativistic(winner + 7, loser + 7)
    assert_close(shifted, losses.relativistic(winner, loser))


@pytest.mark.parametrize("gap", [1e4, -1e4])
def test_relativistic_does_not_overflow(gap):
    winner = torch.tensor([gap], requires_grad=True)
    values = losses.relativistic(winner, torch.zeros(1))
    values.sum().backward()
    assert values.isfinite().all()
    assert winner.grad.isfinite().all()


def slope(function, score: float) -> float:
    """Derivative of a game at one score."""
    scores = torch.tensor([score], dtype=torch.float64, requires_grad=True)
    function(scores).sum().backward()
    return float(scores.grad)


def test_the_saturating_generator_learns_nothing_from_a_confident_discriminator():
    """Goodfellow et al. 2014, section 3: d/ds log(1 - sigmoid(s)) = -sigmoid(s)."""
    assert slope(losses.minimax_generator, -10.0) == pytest.approx(-1 / (1 + math.exp(10)))


def test_the_non_saturating_generator_learns_most_from_a_confident_discriminator():
    """d/ds -log sigmoid(s) = -sigmoid(-s), which is near -1 where the fake is found out."""
    assert slope(losses.non_saturating_generator, -10.0) == pytest.approx(-1 / (1 + math.exp(-10)))


def test_both_logistic_generators_agree_where_the_discriminator_is_undecided():
    assert slope(losses.minimax_generator, 0.0) == slope(losses.non_saturating_generator, 0.0)


@pytest.mark.parametrize("name", [n for n in ONE_SCORE if n.endswith("generator")])
def test_every_generator_wants_higher_scores(name):
    assert slope(ONE_SCORE[name][0], 0.3) < 0


def test_the_hinge_stops_pushing_beyond_the_margin():
    assert slope(losses.hinge_real, 1.5) == 0
    assert slope(losses.hinge_fake, -1.5) == 0


# --- Penalties --------------------------------------------------------------------------------


@pytest.mark.parametrize("penalty", [losses.r1_penalty, losses.r2_penalty])
def test_a_linear_discriminators_penalty_is_its_squared_weight_norm(penalty):
    weights = draw(6)
    values = penalty(Player(LinearDiscriminator(weights)), draw(5, 6, seed=1))
    assert_close(values, weights.square().sum().expand(5))


def test_patch_scores_are_summed_before_their_gradient_is_taken():
    weights = draw(6, 4)
    values = losses.r1_penalty(Player(LinearDiscriminator(weights)), draw(5, 6, seed=1))
    assert_close(values, weights.sum(1).square().sum().expand(5))


def test_a_packs_penalty_is_each_samples_own_part():
    weights = draw(3 * 6)
    discriminator = LinearDiscriminator(weights, pack=3)
    values = losses.r1_penalty(Player(discriminator), draw(12, 6, seed=1))
    assert_close(values, weights.view(3, 6).square().sum(1).repeat(4))


def test_a_penalty_of_images_sums_over_all_pixels():
    class Summing(TinyDiscriminator):
        def forward(self, samples, labels=None):
            return 2 * samples.flatten(1).sum(1)

    values = losses.r1_penalty(Player(Summing((3, 4, 5))), draw(2, 3, 4, 5))
    assert_close(values, torch.full((2,), 4.0 * 60))


def test_a_conditional_discriminator_is_asked_with_the_rounds_labels():
    class ByLabel(TinyDiscriminator):
        def forward(self, samples, labels=None):
            return labels * samples.flatten(1).sum(1)

    labels = torch.tensor([0, 1, 3])
    values = losses.r1_penalty(Player(ByLabel(num_classes=4), labels), draw(3, 2))
    assert_close(values, torch.tensor([0.0, 2.0, 18.0]))


@pytest.mark.parametrize(("target", "expected"), [(1.0, 4.0), (0.0, 9.0), (3.0, 0.0)])
def test_gradient_penalty_of_a_critic_of_slope_3(target, expected):
    critic = Player(LinearDiscriminator(torch.tensor([2.0, -2.0, 1.0])))
    values = losses.gradient_penalty(critic, draw(5, 3), target)
    assert_close(values, torch.full((5,), expected), rtol=1e-5, atol=1e-5)


def test_the_penalty_of_a_flat_critic_has_a_finite_gradient():
    """The norm's derivative at zero is 0 / 0, which one flat ReLU would spread to all weights."""
    discriminator = LinearDiscriminator(torch.zeros(3))
    values = losses.gradient_penalty(Player(discriminator), draw(5, 3))
    values.mean().backward()
    assert_close(values, torch.ones(5), rtol=1e-5, atol=1e-5)
    assert discriminator.weights.grad.isfinite().all()


@pytest.mark.parametrize("function", [losses.norm, losses.squared_norm])
def test_norms_are_of_each_row(function):
    rows = draw(4, 2, 3)
    expected = torch.linalg.vector_norm(rows, dim=(1, 2))
    assert_close(function(rows), expected if function is losses.norm else expected**2)


def test_interpolate_draws_one_share_a_sample():
    fake, real = torch.zeros(3, 2, 4, 4), torch.ones(3, 2, 4, 4)
    points = losses.interpolate(real, fake, torch.tensor([0.25, 0.5, 0.75]))
    assert_close(points, torch.tensor([0.25, 0.5, 0.75]).view(3, 1, 1, 1).expand(3, 2, 4, 4))


@pytest.mark.parametrize("shape", [(4, 3), (4, 1, 5, 5)])
def test_interpolate_ends_exactly_at_fake_and_at_real(shape):
    real, fake = draw(*shape, seed=1), draw(*shape, seed=2)
    assert torch.equal(losses.interpolate(real, fake, torch.zeros(4)), fake)
    assert torch.equal(losses.interpolate(real, fake, torch.ones(4)), real)


def test_score_gradient_is_float32_under_autocast():
    discriminator = TinyDiscriminator((6,))
    samples = draw(5, 6)
    plain = losses.score_gradient(Player(discriminator), samples)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        under = losses.score_gradient(Player(discriminator), samples)
    assert under.dtype == torch.float32
    assert_close(under, plain, rtol=0, atol=0)


def test_score_gradient_of_half_samples_is_float32():
    gradient = losses.score_gradient(Player(TinyDiscriminator((6,))), draw(5, 6).bfloat16())
    assert gradient.dtype == torch.float32


def test_score_gradient_works_where_gradients_are_off():
    with torch.no_grad():
        gradient = losses.score_gradient(Player(TinyDiscriminator((6,))), draw(5, 6))
    assert gradient.abs().sum() > 0


def test_score_gradient_leaves_the_samples_graph_alone():
    samples = draw(5, 6).requires_grad_()
    fake = 2 * samples
    losses.r2_penalty(Player(TinyDiscriminator((6,))), fake).sum().backward()
    assert samples.grad is None


def test_score_gradient_equals_finite_differences():
    discriminator = TinyDiscriminator((3,)).double().requires_grad_(False)
    samples = draw(4, 3).double()
    gradient = losses.score_gradient(Player(discriminator.float()), samples)
    discriminator.double()
    step = 1e-5
    for index in range(3):
        nudge = torch.zeros(3, dtype=torch.float64)
        nudge[index] = step
        change = (discriminator(samples + nudge) - discriminator(samples - nudge)) / (2 * step)
        assert_close(gradient[:, index], change.float(), rtol=1e-4, atol=1e-6)


class Curved(Discriminator):
    """D(x) = sum_i w_i x_i^2 / 2, whose gradient w x and penalty sum (w x)^2 are plain."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.sample_shape = tuple(weights.shape)
        self.weights = nn.Parameter(weights)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        return (self.weights * samples.square()).sum(1) / 2


def test_a_penalty_is_differentiable_again():
    weights, samples = draw(3, seed=1), draw(5, 3, seed=2)
    discriminator = Curved(weights)
    losses.r1_penalty(Player(discriminator), samples).mean().backward()
    assert_close(discriminator.weights.grad, (2 * weights * samples.square()).mean(0))


def test_double_backward_equals_finite_differences():
    torch.default_generator.manual_seed(3)
    discriminator, samples = TinyDiscriminator((3,), width=8), draw(16, 3)
    player, weights = Player(discriminator), discriminator.layers[0].weight
    losses.gradient_penalty(player, samples).mean().backward()
    step = 1e-2
    for row, column in ((0, 0), (3, 1), (7, 2)):
        ends = []
        for sign in (1, -1):
            with torch.no_grad():
                weights[row, column] += sign * step
            ends.append(losses.gradient_penalty(player, samples).mean().item())
            with torch.no_grad():
                weights[row, column] -= sign * step
        slope = (ends[0] - ends[1]) / (2 * step)
        assert float(weights.grad[row, column]) == pytest.approx(slope, rel=2e-2, abs=1e-5)


# --- The core's losses ------------------------------------------------------------------------


def expected_terms(name: str, real: Tensor, fake: Tensor) -> tuple[dict, dict]:
    """Terms of both players by the papers' formulas, in float64."""
    real, fake = real.double(), fake.double()
    zero = torch.zeros((), dtype=torch.float64)
    logistic = {"real": -log_sigmoid(real), "fake": -log_sigmoid(-fake)}
    return {
        "hinge": (
            {"real": torch.maximum(zero, 1 - real), "fake": torch.maximum(zero, 1 + fake)},
            {"generator": -fake},
        ),
        "least-squares": (
            {"real": (real - 1) ** 2 / 2, "fake": fake**2 / 2},
            {"generator": (fake - 1) ** 2 / 2},
        ),
        "minimax": (logistic, {"generator": log_sigmoid(-fake)}),
        "non-saturating": (logistic, {"generator": -log_sigmoid(fake)}),
        "relativistic": (
            {"pairs": -log_sigmoid(real - fake)},
            {"generator": -log_sigmoid(fake - real)},
        ),
    }[name]


@pytest.mark.parametrize("name", CORE)
@pytest.mark.parametrize("mover", ["discriminator", "generator"])
def test_a_core_losses_terms_are_the_hand_computed_ones(name, mover):
    torch.default_generator.manual_seed(0)
    discriminator = TinyDiscriminator()
    real, fake = 3 * draw(6, 2, seed=1), 3 * draw(6, 2, seed=2)
    terms = getattr(create_loss(name), mover)(round_of(discriminator, real, fake))
    with torch.no_grad():
        both = expected_terms(name, discriminator(real), discriminator(fake))
    expected = both[mover == "generator"]
    assert terms.keys() == expected.keys()
    for key, values in terms.items():
        assert_close(values.detach().double(), expected[key], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CORE)
@pytest.mark.parametrize("shape", [(6,), (6, 4)], ids=["whole", "patches"])
def test_a_core_losses_terms_have_a_value_for_each_score(name, shape):
    discriminator = LinearDiscriminator(draw(2, *shape[1:]))
    round = round_of(discriminator, draw(6, 2, seed=1), draw(6, 2, seed=2))
    loss = create_loss(name)
    for terms in (loss.discriminator(round), loss.generator(round)):
        assert {tuple(values.shape) for values in terms.values()} == {shape}


@pytest.mark.parametrize("name", CORE)
def test_a_core_loss_takes_packs(name):
    discriminator = LinearDiscriminator(draw(6), pack=3)
    round = round_of(discriminator, draw(6, 2, seed=1), draw(6, 2, seed=2))
    terms = create_loss(name, r1_gamma=1.0).discriminator(round)
    assert terms.pop("r1").shape == (6,)
    assert {tuple(values.shape) for values in terms.values()} == {(2,)}


@pytest.mark.parametrize("name", CORE)
def test_a_core_loss_logs_the_scores_of_both(name):
    discriminator, logged = TinyDiscriminator(), {}
    real, fake = draw(6, 2, seed=1), draw(6, 2, seed=2)
    create_loss(name).discriminator(round_of(discriminator, real, fake, logged=logged))
    assert_close(logged["real_scores"], discriminator(real))
    assert_close(logged["fake_scores"], discriminator(fake))


@pytest.mark.parametrize("name", CORE)
def test_a_core_losses_players_pull_in_opposite_directions(name):
    """A step against the discriminator's gradient widens the gap, one of the generator's fake."""
    torch.default_generator.manual_seed(0)
    discriminator = LinearDiscriminator(torch.tensor([0.5, -0.2]))
    real, fake = draw(6, 2, seed=1) + 1, (draw(6, 2, seed=2) - 1).requires_grad_()
    loss = create_loss(name)

    def gap() -> float:
        return (discriminator(real).mean() - discriminator(fake).mean()).item()

    before = gap()
    terms = loss.discriminator(round_of(discriminator, real, fake.detach()))
    (gradient,) = torch.autograd.grad(
        sum(values.mean() for values in terms.values()), [discriminator.weights]
    )
    with torch.no_grad():
        discriminator.weights -= 0.1 * gradient
    assert gap() > before
    (towards,) = torch.autograd.grad(
        loss.generator(round_of(discriminator, real, fake))["generator"].mean(), [fake]
    )
    moved = discriminator(fake - 0.1 * towards).mean()
    assert moved > discriminator(fake).mean()


@pytest.mark.parametrize("name", CORE)
@pytest.mark.parametrize("turn", range(9))
def test_a_lazy_penalty_is_weighed_with_its_interval(name, turn):
    weights = torch.tensor([3.0, 4.0])
    loss = create_loss(name, r1_gamma=0.5, r2_gamma=0.25, penalty_interval=4)
    round = round_of(LinearDiscriminator(weights), draw(6, 2), draw(6, 2, seed=1), turn=turn)
    terms = loss.discriminator(round)
    due = turn % 4 == 0
    assert ("r1" in terms, "r2" in terms) == (due, due)
    if due:
        assert_close(terms["r1"], torch.full((6,), 4 * 0.5 / 2 * 25))
        assert_close(terms["r2"], torch.full((6,), 4 * 0.25 / 2 * 25))


@pytest.mark.parametrize("name", CORE)
def test_a_lazy_penalty_has_the_mean_weight_of_an_eager_one(name):
    def mean(interval: int) -> float:
        loss = create_loss(name, r1_gamma=2.0, penalty_interval=interval)
        total = 0.0
        for turn in range(12):
            round = round_of(
                LinearDiscriminator(torch.ones(2)), draw(6, 2), draw(6, 2, seed=1), turn=turn
            )
            terms = loss.discriminator(round)
            total += terms["r1"].mean().item() if "r1" in terms else 0.0
        return total / 12

    assert mean(1) == pytest.approx(mean(3)) == pytest.approx(2.0)


@pytest.mark.parametrize("name", CORE)
@pytest.mark.parametrize(
    ("arguments", "names"), [({}, set()), ({"r1_gamma": 1.0}, {"r1"}), ({"r2_gamma": 1.0}, {"r2"})]
)
def test_only_the_penalty_that_was_asked_for_is_there(name, arguments, names):
    loss = create_loss(name, **arguments)
    round = round_of(TinyDiscriminator(), draw(6, 2), draw(6, 2, seed=1))
    assert loss.discriminator(round).keys() & {"r1", "r2"} == names
    assert loss.double_backward == bool(names)


@pytest.mark.parametrize("name", CORE)
def test_r1_looks_at_real_samples_and_r2_at_fakes(name):
    discriminator = Curved(torch.ones(2))
    real, fake = draw(6, 2, seed=1), draw(6, 2, seed=2)
    loss = create_loss(name, r1_gamma=2.0, r2_gamma=2.0)
    terms = loss.discriminator(round_of(discriminator, real, fake))
    assert_close(terms["r1"], real.square().sum(1))
    assert_close(terms["r2"], fake.square().sum(1))


@pytest.mark.parametrize("name", CORE)
@pytest.mark.parametrize(
    "arguments", [{"r1_gamma": -1.0}, {"r2_gamma": -0.1}, {"penalty_interval": 0}]
)
def test_a_bad_argument_is_refused_with_what_was_found(name, arguments):
    (found,) = arguments.values()
    with pytest.raises(ConfigError, match=rf"must be (0|1) or more, found .*{found}"):
        create_loss(name, **arguments)


def test_a_misspelt_argument_is_answered_with_the_right_one():
    with pytest.raises(UnknownOptionError, match="did you mean 'r1_gamma'"):
        create_loss("hinge", r1_gama=1.0)


def test_an_argument_of_another_type_is_an_error_of_ours():
    with pytest.raises(GanzooError, match="r1_gamma must be a number, found the text 'big'"):
        create_loss("hinge", r1_gamma="big")


@pytest.mark.parametrize("name", ["hinge", "relativistic"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"r1_gamma": math.nan}, "gammas must be 0 or more, found nan"),
        ({"r2_gamma": math.inf}, "gammas must be 0 or more, found 0.0 and inf"),
        ({"penalty_interval": 1.5}, "penalty_interval is a whole number, found 1.5"),
        ({"penalty_interval": True}, "penalty_interval is a whole number, found True"),
    ],
)
def test_penalties_are_weighed_with_numbers_in_their_range(name, given, said):
    with pytest.raises(GanzooError, match=said):
        create_loss(name, **given)


# --- Loss as a module -------------------------------------------------------------------------


class Counting(Loss):
    """A loss with state, whose `__init__` forgets `super().__init__()`, as it may."""

    def __init__(self, start: float = 1.0) -> None:
        self.register_buffer("k", torch.tensor(start))

    def discriminator(self, round):
        self.k = self.k + 1
        return {"real": round.discriminator(round.real)}

    def generator(self, round):
        return {"generator": round.discriminator(round.fake)}


class CountingProperly(Counting):
    """The same loss, which does not forget."""

    def __init__(self, start: float = 1.0) -> None:
        super(Counting, self).__init__()
        self.register_buffer("k", torch.tensor(start))


@pytest.mark.parametrize("loss_class", [Counting, CountingProperly])
def test_a_losses_buffer_is_its_state(loss_class):
    loss = loss_class(2.0)
    loss.discriminator(round_of(TinyDiscriminator(), draw(2, 2), draw(2, 2)))
    assert dict(loss.named_buffers()) == {"k": torch.tensor(3.0)}


def test_a_losses_frozen_network_is_a_submodule_without_super_init():
    class Perceptual(Counting):
        def __init__(self):
            self.features = nn.Linear(2, 3)

    assert [name for name, _ in Perceptual().named_parameters()] == [
        "features.weight",
        "features.bias",
    ]


def test_a_loss_that_lacks_a_turn_cannot_be_made():
    class Half(Loss):
        def discriminator(self, round):
            return {}

    with pytest.raises(TypeError, match="abstract"):
        Half()


def test_losses_of_one_class_share_no_state():
    first, second = Counting(1.0), Counting(5.0)
    first.k = first.k + 10
    assert float(second.k) == 5.0
