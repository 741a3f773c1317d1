"""The first GAN's networks: shapes, ranges, maxout, and what the contract asks for."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

import ganzoo
from ganzoo.errors import UnknownOptionError

SHAPES = [(1, 28, 28), (3, 32, 32), (2,), (1, 100)]


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def generator(**arguments) -> ganzoo.Generator:
    torch.default_generator.manual_seed(0)
    return ganzoo.create_generator("vanilla", **arguments)


def discriminator(**arguments) -> ganzoo.Discriminator:
    torch.default_generator.manual_seed(0)
    return ganzoo.create_discriminator("vanilla", **arguments)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("n", [1, 5])
def test_samples_have_the_datas_shape_and_lie_between_minus_1_and_1(shape, batch_norm, n):
    network = generator(sample_shape=shape, batch_norm=batch_norm).eval()
    with torch.no_grad():
        samples = network(10 * draw(n, network.latent_dim))
    assert samples.shape == (n, *shape)
    assert samples.dtype == torch.float32
    assert samples.abs().max() <= 1


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", [1, 5])
def test_every_sample_has_one_score(shape, n):
    scores = discriminator(sample_shape=shape).eval()(draw(n, *shape))
    assert scores.shape == (n,)
    assert scores.dtype == torch.float32


def test_scores_are_raw():
    """A sigmoid would keep them between 0 and 1."""
    network = discriminator().eval()
    with torch.no_grad():
        network.score.weight.mul_(1000)
        scores = network(draw(64, 1, 28, 28))
    assert scores.min() < 0
    assert scores.max() > 1


def test_a_shape_from_json_is_a_list():
    assert generator(sample_shape=[3, 8, 8]).sample_shape == (3, 8, 8)
    assert discriminator(sample_shape=[3, 8, 8]).sample_shape == (3, 8, 8)


@pytest.mark.parametrize("latent_dim", [1, 16])
def test_latents_have_the_size_that_was_asked_for(latent_dim):
    network = generator(latent_dim=latent_dim)
    latents = network.sample_latents(7, rng=torch.Generator().manual_seed(0))
    assert latents.shape == (7, latent_dim)
    assert network(latents).shape == (7, 1, 28, 28)


@pytest.mark.parametrize("widths", [[], [8], [8, 16, 8]])
def test_layers_have_the_widths_that_were_asked_for(widths):
    made = [m.out_features for m in generator(widths=widths).modules() if isinstance(m, nn.Linear)]
    assert made == [*widths, 784]
    assert discriminator(widths=widths).eval()(draw(3, 1, 28, 28)).shape == (3,)


def test_the_generator_is_of_rectified_units_and_ends_in_a_tanh():
    kinds = [type(layer) for layer in generator().layers]
    assert kinds == [nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear, nn.Tanh]


def test_batch_norm_follows_each_hidden_layer_where_it_is_asked_for():
    kinds = [type(layer) for layer in generator(batch_norm=True, widths=[8]).layers]
    assert kinds == [nn.Linear, nn.BatchNorm1d, nn.ReLU, nn.Linear, nn.Tanh]


def test_a_layer_before_batch_norm_has_no_bias():
    first, last = (
        m for m in generator(batch_norm=True, widths=[8]).layers if isinstance(m, nn.Linear)
    )
    assert first.bias is None
    assert last.bias is not None


def test_maxout_is_the_greatest_of_its_linear_maps():
    """h_i = max_j x^T W_ij + b_ij (Goodfellow et al. 2013, eq. 1), by loops."""
    from ganzoo_vanilla.networks import Maxout

    torch.default_generator.manual_seed(0)
    layer, inputs = Maxout(4, units=3, pieces=5), draw(6, 4)
    weight = layer.linear.weight.detach().view(3, 5, 4)
    bias = layer.linear.bias.detach().view(3, 5)
    expected = torch.empty(6, 3)
    for row in range(6):
        for unit in range(3):
            expected[row, unit] = max(
                weight[unit, piece] @ inputs[row] + bias[unit, piece] for piece in range(5)
            )
    assert_close(layer(inputs).detach(), expected)


def test_maxout_of_one_piece_is_linear():
    from ganzoo_vanilla.networks import Maxout

    layer, inputs = Maxout(4, units=3, pieces=1), draw(6, 4)
    assert_close(layer(inputs), layer.linear(inputs))


def test_scores_are_a_linear_map_of_the_features():
    network = discriminator().eval()
    made = network.outputs(draw(5, 1, 28, 28))
    assert made["features"].shape == (5, 256)
    assert_close(made["scores"], network.score(made["features"]).squeeze(1))
    assert_close(made["scores"], network(draw(5, 1, 28, 28)))


def test_dropout_works_in_training_alone():
    network, samples = discriminator(dropout=0.5, input_dropout=0.2), draw(5, 1, 28, 28)
    assert not torch.equal(network.train()(samples), network(samples))
    assert torch.equal(network.eval()(samples), network(samples))


def test_every_parameter_gets_a_finite_gradient():
    makes, judges = generator(batch_norm=True), discriminator(dropout=0.0)
    judges(makes(draw(16, makes.latent_dim))).mean().backward()
    for network in (makes, judges):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name


def test_the_discriminator_bears_a_gradient_penalty():
    from ganzoo.losses import r1_penalty

    judges = discriminator()
    r1_penalty(ganzoo.Player(judges), draw(8, 1, 28, 28)).mean().backward()
    assert judges.score.weight.grad.isfinite().all()
    assert judges.score.weight.grad.abs().sum() > 0


def test_no_network_takes_classes():
    with pytest.raises(UnknownOptionError, match="takes no argument 'num_classes'"):
        generator(num_classes=10)
