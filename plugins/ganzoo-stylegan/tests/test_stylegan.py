"""StyleGAN's networks and game: the papers' equations, each beside its plain form."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from ganzoo_stylegan.discriminator import MinibatchDeviation, Residual
from ganzoo_stylegan.generator import Mapping, normalised
from ganzoo_stylegan.layers import Blur, Double, EqualisedConv2d, EqualisedLinear, Halve, Modulated
from ganzoo_stylegan.losses import path_lengths
from torch import Tensor, nn
from torch.nn.functional import conv2d, leaky_relu, linear
from torch.testing import assert_close

import ganzoo
from ganzoo import Player, StyleGenerator, sampling
from ganzoo.ema import recalibrate
from ganzoo.engine.config import resolve
from ganzoo.engine.cuda_graphs import Graphs
from ganzoo.engine.prepare import prepare
from ganzoo.engine.state import TrainingState
from ganzoo.engine.turns import step
from ganzoo.errors import PartError
from ganzoo.losses import r1_penalty
from ganzoo.testing import round_of
from recording_tape import Tape

SMALL = {"widths": 8}
TAPS = [(1, 3, 3, 1), (1, 2, 1)]


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def seeded(make, *given, seed: int = 0, **named):
    """What `make` makes, or computes, with torch's generator seeded."""
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(seed)
        return make(*given, **named)


def generator(seed: int = 0, **arguments) -> StyleGenerator:
    told = {"size": 16, "latent_dim": 6, "style_dim": 5, **SMALL, **arguments}
    return seeded(ganzoo.create_generator, "stylegan2", seed=seed, **told)


def discriminator(**arguments) -> ganzoo.Discriminator:
    return seeded(ganzoo.create_discriminator, "stylegan2", **{"size": 16, **SMALL, **arguments})


def labels_of(num_classes: int | None, n: int) -> Tensor | None:
    return None if num_classes is None else torch.arange(n) % num_classes


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


# --- Modulation (Karras et al. 2020, eq. 1 to 3) ------------------------------------------------


def by_samples(layer: Modulated, maps: Tensor, style: Tensor) -> Tensor:
    """The paper's form: weights of its own for each sample, and a convolution for each."""
    made = []
    for one, scales in zip(maps, layer.affine(style), strict=True):
        weight = layer.weight / math.sqrt(layer.weight[0].numel())
        weight = weight * scales[None, :, None, None]
        if layer.demodulate:
            weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        made.append(conv2d(one[None], weight, padding=weight.shape[-1] // 2))
    return layer.gain * torch.cat(made)


@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("demodulate", [True, False])
def test_scaled_maps_are_the_papers_weights_for_each_sample(kernel, demodulate):
    layer = seeded(Modulated, 5, 6, 7, kernel, demodulate=demodulate, gain=1.5)
    maps, style, bias = draw(3, 6, 8, 8), draw(3, 5, seed=1), draw(7, seed=2)
    plain = by_samples(layer, maps, style) + bias[:, None, None]
    assert_close(layer(maps, style, bias), plain, rtol=1e-4, atol=1e-5)


def test_both_forms_have_the_same_gradients():
    layer = seeded(Modulated, 5, 6, 7, 3)
    maps, style, bias = draw(3, 6, 8, 8), draw(3, 5, seed=1), torch.zeros(7)
    weighing = draw(3, 7, 8, 8, seed=3)
    parameters = list(layer.parameters())
    ours = torch.autograd.grad((layer(maps, style, bias) * weighing).sum(), parameters)
    plain = torch.autograd.grad((by_samples(layer, maps, style) * weighing).sum(), parameters)
    assert_close(ours, plain, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("taps", TAPS)
def test_doubling_inside_a_convolution_is_doubling_before_it(taps):
    """The filter and the convolution commute; only at the border do zeros come in elsewhere."""
    layer = seeded(Modulated, 5, 6, 7, 3, taps=taps)
    maps, style, bias = draw(2, 6, 8, 8), draw(2, 5, seed=1), torch.zeros(7)
    plain = seeded(Modulated, 5, 6, 7, 3)
    plain.load_state_dict(layer.state_dict())
    plain.weight.data = layer.weight.data.flip(2, 3)  # a transposed convolution's taps run back
    expected = plain(Double(taps)(maps), style, bias)
    inside = (slice(None), slice(None), slice(3, -3), slice(3, -3))
    assert layer(maps, style, bias).shape == (2, 7, 16, 16)
    assert_close(layer(maps, style, bias)[inside], expected[inside], rtol=1e-4, atol=1e-5)


def test_demodulation_gives_unit_variance_whatever_the_style():
    layer = seeded(Modulated, 5, 64, 64, 3)
    maps, bias = draw(1, 64, 32, 32).expand(2, -1, -1, -1), torch.zeros(64)
    made = layer(maps, torch.stack([draw(5), 50 * draw(5, seed=1)]), bias)
    assert_close(made.var((1, 2, 3)), torch.ones(2), rtol=0.2, atol=0)


def test_modulation_is_float32_under_autocast():
    layer = seeded(Modulated, 5, 6, 7, 3)
    style = draw(2, 5)
    expected = layer.modulation(style)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = layer.modulation(style)
        made = layer(draw(2, 6, 8, 8), style, torch.zeros(7))
    for value, wanted in zip(found, expected, strict=True):
        assert value.dtype == torch.float32
        assert torch.equal(value, wanted)
    assert made.dtype == torch.bfloat16


# --- Layers -------------------------------------------------------------------------------------


def test_a_layers_rate_is_the_factor_of_its_steps():
    """Adam moves weights by its own rate, and so what is used by rate times the factor."""
    slow, plain = seeded(EqualisedLinear, 4, 3, rate=0.01), seeded(EqualisedLinear, 4, 3)
    assert_close(slow(draw(2, 4)), plain(draw(2, 4)))
    for layer in (slow, plain):
        torch.optim.Adam(layer.parameters(), lr=0.1).zero_grad()
        layer(draw(2, 4)).sum().backward()
        torch.optim.Adam(layer.parameters(), lr=0.1).step()
    start = seeded(EqualisedLinear, 4, 3)(draw(2, 4))
    moved_slow, moved = slow(draw(2, 4)) - start, plain(draw(2, 4)) - start
    assert_close(moved_slow, 0.01 * moved, rtol=1e-3, atol=1e-6)


def test_equalised_layers_keep_variance():
    made = seeded(EqualisedLinear, 400, 300)(draw(50, 400, seed=1))
    assert_close(made.var().item(), 1.0, rtol=0.1, atol=0)
    made = seeded(EqualisedConv2d, 64, 64, 3, padding=0)(draw(4, 64, 16, 16, seed=1))
    assert_close(made.var().item(), 1.0, rtol=0.1, atol=0)


@pytest.mark.parametrize("taps", TAPS)
def test_halving_is_a_quarter_of_doublings_transpose(taps):
    small, large = draw(1, 3, 4, 4).requires_grad_(), draw(1, 3, 8, 8)
    (back,) = torch.autograd.grad((Double(taps)(small) * large).sum(), small)
    assert_close(back / 4, Halve(taps)(large))


@pytest.mark.parametrize("taps", TAPS)
def test_resampling_keeps_flat_maps_flat(taps):
    flat = torch.ones(1, 2, 8, 8)
    assert_close(Double(taps)(flat)[:, :, 2:-2, 2:-2], torch.ones(1, 2, 12, 12))
    assert_close(Halve(taps)(flat)[:, :, 1:-1, 1:-1], torch.ones(1, 2, 2, 2))
    assert_close(Blur(taps, padding=0)(flat).unique(), torch.ones(1))


def test_a_wide_filter_doubles_bilinearly():
    maps = draw(1, 2, 6, 6)
    expected = nn.functional.interpolate(maps, scale_factor=2.0, mode="bilinear")
    assert_close(Double((1, 3, 3, 1))(maps)[:, :, 1:-1, 1:-1], expected[:, :, 1:-1, 1:-1])


def test_the_mapping_is_its_formula():
    mapping = seeded(Mapping, 4, 3, 2, seeded(nn.Embedding, 5, 4))
    latents, labels = draw(6, 4), labels_of(5, 6)
    told = torch.cat([normalised(latents), normalised(mapping.labels(labels))], 1)
    assert_close(told.square().mean(1), torch.ones(6))
    for layer in (mapping.layers[0], mapping.layers[2]):
        weight = layer.weight * 0.01 / math.sqrt(layer.weight.shape[1])
        told = math.sqrt(2) * leaky_relu(linear(told, weight, 0.01 * layer.bias), 0.2)
    assert_close(mapping(latents, labels), told)


# --- The generator ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [16, 28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("num_classes", [None, 10])
@pytest.mark.parametrize("architecture", ["skip", "residual"])
def test_both_networks_of_a_size_fit(size, channels, num_classes, architecture):
    told = {"size": size, "channels": channels, "num_classes": num_classes}
    makes, judges = generator(architecture=architecture, **told), discriminator(**told)
    for n in (1, 3):
        labels = labels_of(num_classes, n)
        images = makes(draw(n, 6), labels)
        assert images.shape == (n, channels, size, size) == (n, *makes.sample_shape)
        assert judges(images, labels).shape == (n,)
    assert makes.style_layers == 2 * {16: 3, 28: 3, 32: 4, 64: 5}[size]


def test_widths_left_open_are_32_to_128():
    assert count(ganzoo.create_generator("stylegan2", size=64)) == 1_127_544
    assert count(ganzoo.create_discriminator("stylegan2", size=64)) == 1_183_137


@pytest.mark.parametrize("architecture", ["skip", "residual"])
def test_steps_to_the_image_share_styles_with_the_next_stage(architecture):
    network = generator(architecture=architecture).train()
    styles = draw(2, 6, 5).requires_grad_()
    (slope,) = torch.autograd.grad(network.synthesise(styles).square().sum(), styles)
    assert (slope.abs().sum((0, 2)) > 0).all()


def test_images_are_clamped_in_eval_mode_alone():
    network = generator()
    latents = draw(16, 6)
    assert network.train()(latents).abs().max() > 1
    assert network.eval()(latents).abs().max() == 1


def test_classes_change_styles_and_scores():
    makes, judges = generator(num_classes=10).eval(), discriminator(num_classes=10)
    latents, zeros, ones = draw(4, 6), torch.zeros(4).long(), torch.ones(4).long()
    images = makes(latents, zeros)
    assert not torch.equal(images, makes(latents, ones))
    assert not torch.equal(judges(images, zeros), judges(images, ones))


# --- Mixing -------------------------------------------------------------------------------------


def test_styles_are_mixed_in_training_alone():
    network, latents = generator(mixing=1.0), draw(64, 6)
    plain = network.eval().styles(latents)
    assert torch.equal(plain, plain[:, :1].expand(-1, 6, -1))
    mixed = seeded(network.train().styles, latents, seed=1)
    kept = (mixed == plain).all(2)
    assert kept[:, 0].all()  # the first layer is always the first latent's
    assert not kept[:, -1].any()  # the last is always the other's
    assert (kept[:, :-1] >= kept[:, 1:]).all()  # and there is one cut
    assert set(kept.sum(1).tolist()) == {1, 2, 3, 4, 5}  # anywhere between


def test_as_many_styles_are_mixed_as_was_asked_for():
    network, latents = generator(mixing=0.25).train(), draw(4000, 6)
    mixed = seeded(network.styles, latents, seed=1)
    share = (mixed[:, 0] != mixed[:, -1]).any(1).float().mean()
    assert_close(share.item(), 0.25, rtol=0.1, atol=0)
    untouched = generator(mixing=0.0).train()
    assert torch.equal(untouched.styles(latents), untouched.eval().styles(latents))


# --- Noise --------------------------------------------------------------------------------------


def loud(**arguments) -> StyleGenerator:
    network = generator(mixing=0.0, **arguments)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("strength"):
                parameter.fill_(1.0)
    return network


@pytest.mark.parametrize(
    ("noise", "training", "evaluated"),
    [("fixed", True, False), ("random", True, True), ("none", False, False)],
)
def test_noise_is_drawn_when_it_should_be(noise, training, evaluated):
    network, latents = loud(noise=noise), draw(2, 6)
    for mode, draws in ((True, training), (False, evaluated)):
        network.train(mode)
        first, second = seeded(network, latents, seed=1), seeded(network, latents, seed=2)
        assert torch.equal(first, second) is not draws
        assert torch.equal(seeded(network, latents, seed=1), first)


def test_fixed_noise_changes_pictures_and_is_saved():
    network = loud(noise="fixed").eval()
    assert not torch.equal(network(draw(2, 6)), generator(mixing=0.0).eval()(draw(2, 6)))
    assert [name for name in network.state_dict() if name.endswith("picture")]


def test_truncation_goes_towards_the_average_style():
    network = generator().eval()
    recalibrate(network, sampling.calibration_batches(network, 0, torch.device("cpu")))
    styles = network.styles(draw(2000, 6))
    assert_close(network.average_style, styles.mean((0, 1)), rtol=0, atol=0.05)


# --- The discriminator --------------------------------------------------------------------------


def test_minibatch_deviation_is_its_formula():
    maps = draw(8, 3, 4, 4)
    made = MinibatchDeviation(4)(maps)
    assert torch.equal(made[:, :3], maps)
    for group in (slice(0, 4), slice(4, 8)):
        expected = (maps[group].var(0, correction=0) + 1e-8).sqrt().mean()
        assert_close(made[group, 3], expected.expand(4, 4, 4))


@pytest.mark.parametrize("n", [1, 6, 7])
def test_a_batch_that_is_no_multiple_is_one_group(n):
    maps = draw(n, 3, 4, 4)
    made = MinibatchDeviation(4)(maps)
    expected = (maps.var(0, correction=0) + 1e-8).sqrt().mean()
    assert_close(made[:, 3], expected.expand(n, 4, 4))


@pytest.mark.parametrize("taps", TAPS)
def test_a_residual_block_is_its_formula(taps):
    block, maps = seeded(Residual, 4, 6, taps), draw(2, 4, 8, 8)
    first, _, blur, second, _ = block.body
    weight = first.weight / math.sqrt(36)
    body = math.sqrt(2) * leaky_relu(conv2d(maps, weight, padding=1), 0.2)
    edge = 0 if len(taps) == 4 else 1
    body = conv2d(blur(body), second.weight / math.sqrt(36), stride=2, padding=edge)
    body = math.sqrt(2) * leaky_relu(body, 0.2)
    around = conv2d(Halve(taps)(maps), block.around[1].weight / math.sqrt(4))
    assert_close(block(maps), (body + around) / math.sqrt(2), rtol=1e-4, atol=1e-5)


# --- The game -----------------------------------------------------------------------------------


class Straight(StyleGenerator):
    """Images are a fixed matrix times the styles, so that J is known."""

    def __init__(self):
        super().__init__(3, 2)
        self.latent_dim, self.sample_shape = 3, (1, 2, 2)
        self.matrix = nn.Parameter(draw(4, 6))

    def styles(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return (latents * self.matrix.sum().exp().clamp(1, 1))[:, None].expand(-1, 2, -1)

    def synthesise(self, styles: Tensor, labels: Tensor | None = None) -> Tensor:
        return (styles.flatten(1) @ self.matrix.T).unflatten(1, (1, 2, 2))


def test_path_lengths_of_a_linear_generator_are_known():
    network, noise = Straight(), draw(5, 1, 2, 2, seed=1)
    lengths = path_lengths(Player(network), draw(5, 3), None, noise)
    slopes = noise.flatten(1) @ network.matrix / 2  # over the root of 4 pixels
    assert_close(lengths, (slopes.square().sum(1) / 2).sqrt())  # the mean of two layers
    lengths.sum().backward()
    assert network.matrix.grad.abs().sum() > 0


def test_lengths_are_those_of_single_samples():
    network = generator(mixing=0.0).eval()
    latents, noise = draw(3, 6), draw(3, 3, 16, 16, seed=1)
    whole = path_lengths(Player(network), latents, None, noise)
    each = [
        path_lengths(Player(network), latents[i : i + 1], None, noise[i : i + 1]) for i in range(3)
    ]
    assert_close(whole, torch.cat(each), rtol=1e-4, atol=1e-5)


def game(network=None, **more):
    """A round of six images, and what it logs."""
    network, judges, logged = network or generator(mixing=0.0), discriminator(), {}
    latents = draw(6, network.latent_dim)
    real, fake = draw(6, *judges.sample_shape), network(latents)
    more = {"generator": network, "latents": latents, "logged": logged, **more}
    return round_of(judges, real, fake, **more), logged


def test_the_game_is_non_saturating():
    round, _ = game()
    terms = ganzoo.create_loss("stylegan2", path_weight=0.0).generator(round)
    assert list(terms) == ["generator"]
    assert_close(terms["generator"], nn.functional.softplus(-round.discriminator(round.fake)))


def test_r1_comes_at_every_sixteenth_turn_sixteen_times_as_heavy():
    loss = ganzoo.create_loss("stylegan2", r1_gamma=3.0)
    assert "r1" not in loss.discriminator(game(turn=1)[0])
    round, _ = game(turn=16)
    found = loss.discriminator(round)["r1"]
    assert_close(found, 16 * 3.0 / 2 * r1_penalty(round.discriminator, round.real))


def test_the_path_penalty_is_its_formula():
    loss, means = ganzoo.create_loss("stylegan2", path_decay=0.75), []
    for number in range(3):
        round, logged = game(generator(mixing=0.0, seed=number))
        found, lengths = loss.generator(round)["path"], logged["path_length"].detach()
        before = means or [lengths.mean()]
        weights = torch.tensor([0.75**k for k in reversed(range(len(before)))])
        mean = (weights * torch.stack(before)).sum() / weights.sum()
        assert_close(found, 2.0 * 8 * (lengths - mean).square())
        assert found.shape == (3,)  # every second latent
        means.append(lengths.mean())
    assert not loss.path_length.requires_grad
    found.mean().backward()
    assert round.generator.module.constant.grad.isfinite().all()


@pytest.mark.parametrize(("turn", "due"), [(0, True), (1, False), (7, False), (8, True)])
def test_the_path_penalty_is_due_at_every_eighth_turn(turn, due):
    round, _ = game(turn=turn)
    assert ("path" in ganzoo.create_loss("stylegan2").generator(round)) is due


def test_it_says_what_it_needs():
    assert ganzoo.create_loss("stylegan2").needs == {"styles"}
    assert ganzoo.create_loss("stylegan2", path_weight=0.0).needs == frozenset()
    assert ganzoo.create_loss("stylegan2").double_backward


def test_the_optimizers_count_lazy_penalties_as_steps():
    """Karras et al. 2020, appendix B: c = k / (k + 1), rate c lr, betas beta^c."""
    given = ganzoo.create_loss("stylegan2").recipe["optimizers"]
    for player, share in (("generator", 8 / 9), ("discriminator", 16 / 17)):
        assert_close(given[player]["lr"], 0.002 * share)
        assert given[player]["arguments"]["betas"] == [0.0, 0.99**share]


# --- The engine ---------------------------------------------------------------------------------


def played(graphs: Graphs | None) -> TrainingState:
    """Some steps of a small game, in which both penalties come and go."""
    shape = {"size": 28, "channels": 1, "widths": 4}
    raw = {
        "ganzoo_config": 1,
        "generator": {"name": "stylegan2", "arguments": {**shape, "latent_dim": 4, "style_dim": 4}},
        "discriminator": {"name": "stylegan2", "arguments": shape},
        "recipe": {
            "loss": {
                "name": "stylegan2",
                "arguments": {"penalty_interval": 2, "path_interval": 2},
            },
            "data": {"name": "mnist-mini"},
            "images": 1000,
            "batch": 4,
            "precision": "float32",
        },
    }
    state, setup = prepare(resolve(raw, "a test"), torch.device("cpu"))
    setup = replace(setup, graphs=graphs)
    for _ in range(14):
        step(state, setup, state.meter.add)
        state.meter.step_ended()
    return state


def test_recorded_turns_end_like_eager_ones():
    graphs = Graphs(Tape)
    recorded, eager = played(graphs).tensors(), played(None).tensors()
    assert graphs.off is None
    assert recorded["loss.path_length"] > 0
    for name, value in eager.items():
        assert torch.equal(recorded[name], value), name


# --- Bad arguments ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 30}, "size is one of 8, 14, 16, 28, 32, 56, 64, 112, 128, found 30"),
        ({"channels": 0}, "channels is 1 or more, found 0"),
        ({"num_classes": 1}, "num_classes is 2 or more, or None; found 1"),
        ({"widths": [16, 16]}, "one for each of the 3 sides 4, 8, 16; found 2"),
        ({"widths": 0}, "widths are 1 or more"),
        ({"taps": [1, 1]}, r"taps are \[1, 3, 3, 1\] or \[1, 2, 1\], found \[1, 1\]"),
    ],
)
@pytest.mark.parametrize("make", [generator, discriminator])
def test_a_bad_argument_is_refused_with_what_is_allowed(make, arguments, message):
    with pytest.raises(PartError, match=message):
        make(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mapping_layers": 0}, "mapping_layers is 1 or more, found 0"),
        ({"architecture": "both"}, "architecture is skip or residual, found 'both'"),
        ({"noise": "loud"}, "noise is fixed, random or none, found 'loud'"),
        ({"mixing": 1.5}, "mixing is a share between 0 and 1, found 1.5"),
    ],
)
def test_a_bad_argument_of_the_generator_is_refused(arguments, message):
    with pytest.raises(PartError, match=message):
        generator(**arguments)


def test_a_group_of_one_has_nothing_to_compare():
    with pytest.raises(PartError, match="group is 2 or more samples"):
        discriminator(group=1)


@pytest.mark.parametrize(
    "arguments", [{"path_weight": -1.0}, {"path_interval": 0}, {"path_decay": 1.0}]
)
def test_a_bad_argument_of_the_loss_is_refused(arguments):
    with pytest.raises(PartError, match="path_weight is 0 or more, path_interval 1 or more"):
        ganzoo.create_loss("stylegan2", **arguments)
