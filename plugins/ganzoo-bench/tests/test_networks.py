"""The networks of the protocols: shapes, ranges, sizes of the papers, packs."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

import ganzoo
from ganzoo.errors import PartError

#: Each pair of networks: name, arguments of both, shape of a sample.
PAIRS = [
    ("points", {}, (2,)),
    ("points", {"sample_dim": 5}, (5,)),
    ("infogan", {}, (1, 28, 28)),
    ("infogan", {"size": 32, "channels": 3}, (3, 32, 32)),
    ("stacked", {"width": 4}, (3, 28, 28)),
    ("stacked", {"width": 4, "size": 32, "channels": 1}, (1, 32, 32)),
]
pairs = pytest.mark.parametrize(("name", "arguments", "shape"), PAIRS)


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def generator(name: str, **arguments) -> ganzoo.Generator:
    torch.default_generator.manual_seed(0)
    return ganzoo.create_generator(name, **arguments)


def discriminator(name: str, **arguments) -> ganzoo.Discriminator:
    torch.default_generator.manual_seed(0)
    return ganzoo.create_discriminator(name, **arguments)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


# --- Shapes and ranges ------------------------------------------------------------------------


@pairs
@pytest.mark.parametrize("n", [1, 5])
def test_samples_have_their_shape(name, arguments, shape, n):
    network = generator(name, **arguments).eval()
    samples = network(network.sample_latents(n, rng=torch.Generator()))
    assert samples.shape == (n, *shape) == (n, *network.sample_shape)
    assert samples.dtype == torch.float32
    assert name == "points" or samples.abs().max() <= 1


@pairs
@pytest.mark.parametrize("n", [1, 5])
def test_every_sample_has_one_score(name, arguments, shape, n):
    network = discriminator(name, **arguments).eval()
    scores = network(draw(n, *shape))
    assert scores.shape == (n,)
    assert scores.dtype == torch.float32
    assert network.sample_shape == shape


def test_points_are_not_bounded():
    """The grid reaches to 4."""
    network = generator("points")
    with torch.no_grad():
        network.layers[-1].weight.mul_(1000)
        assert network(draw(64, 2)).abs().max() > 10


@pairs
def test_scores_are_raw(name, arguments, shape):
    network = discriminator(name, **arguments).eval()
    with torch.no_grad():
        network.layers[-1].weight.mul_(1e6)
        scores = network(draw(64, *shape))
    assert not ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.parametrize(("name", "latent_dim"), [("infogan", 64), ("stacked", 100)])
def test_latents_of_images_are_uniform_as_the_papers_are(name, latent_dim):
    latents = generator(name).sample_latents(2000, rng=torch.Generator().manual_seed(0))
    assert latents.shape == (2000, latent_dim)
    assert -1 <= latents.min() < -0.99 and 0.99 < latents.max() < 1
    assert_close(latents.std(), torch.tensor(3**-0.5), rtol=0.01, atol=0)


def test_latents_of_points_are_normal():
    latents = generator("points").sample_latents(5000, rng=torch.Generator().manual_seed(0))
    assert latents.shape == (5000, 2)
    assert_close(latents.std(), torch.tensor(1.0), rtol=0.03, atol=0)


@pairs
def test_every_parameter_gets_a_finite_gradient(name, arguments, shape):
    makes, judges = generator(name, **arguments), discriminator(name, **arguments)
    judges(makes(makes.sample_latents(16, rng=torch.Generator()))).square().mean().backward()
    for network in (makes, judges):
        for label, parameter in network.named_parameters():
            assert parameter.grad is not None, label
            assert parameter.grad.isfinite().all(), label


# --- The papers' sizes ------------------------------------------------------------------------


def test_stacked_networks_are_of_about_four_and_a_half_million():
    """Lin et al. 2018; the pack adds weights to the first convolution alone."""
    made, seen = generator("stacked"), discriminator("stacked")
    taps = 25 * (512 * 256 + 256 * 128 + 128 * 64 + 64 * 3)
    norms = 2 * (512 + 256 + 128 + 64)
    assert count(made) == 100 * 2048 + norms + taps + 3 == 4_512_323
    assert count(seen) == taps + 64 + 2 * (128 + 256 + 512) + 2048 + 1 == 4_309_505
    assert count(discriminator("stacked", pack=4)) - count(seen) == 3 * 3 * 64 * 25


def test_infogans_networks_are_the_papers():
    """Chen et al. 2016, table 1: FC 1024, FC 7x7x128, upconv 64, upconv 1; and back."""
    made = [m for m in generator("infogan").modules() if isinstance(m, nn.Linear)]
    grown = [m for m in generator("infogan").modules() if isinstance(m, nn.ConvTranspose2d)]
    assert [m.out_features for m in made] == [1024, 7 * 7 * 128]
    assert [(m.out_channels, m.kernel_size, m.stride) for m in grown] == [
        (64, (4, 4), (2, 2)),
        (1, (4, 4), (2, 2)),
    ]
    judges = discriminator("infogan")
    assert [m.out_channels for m in judges.modules() if isinstance(m, nn.Conv2d)] == [64, 128]
    assert [m.out_features for m in judges.modules() if isinstance(m, nn.Linear)] == [1024, 1]


def test_pacgans_points_can_be_built():
    """Four layers of 400 with batch norm; three of 200 maxout units of 5 pieces."""
    made = generator("points", widths=[400] * 4, batch_norm=True)
    assert count(made) == 2 * 400 + 3 * 400 * 400 + 4 * 800 + 400 * 2 + 2
    seen = discriminator("points", widths=[200] * 3, pieces=5)
    assert count(seen) == 3 * 1000 + 2 * 201 * 1000 + 201


def test_maxout_is_the_greatest_of_its_linear_maps():
    """h_i = max_j x^T W_ij + b_ij (Goodfellow et al. 2013), by loops."""
    from ganzoo_bench.points import Maxout

    torch.default_generator.manual_seed(0)
    layer, inputs = Maxout(4, units=3, pieces=5), draw(6, 4)
    weight, bias = layer.weight.detach().view(3, 5, 4), layer.bias.detach().view(3, 5)
    expected = torch.empty(6, 3)
    for row in range(6):
        for unit in range(3):
            maps = [weight[unit, j] @ inputs[row] + bias[unit, j] for j in range(5)]
            expected[row, unit] = max(maps)
    assert_close(layer(inputs).detach(), expected)


def test_widths_may_be_none():
    assert count(generator("points", widths=[])) == 2 * 2 + 2
    assert count(discriminator("points", widths=[], pack=3)) == 3 * 2 + 1


# --- Packs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "shape"), [("points", (2,)), ("stacked", (3, 28, 28))])
@pytest.mark.parametrize("pack", [1, 2, 3, 4])
def test_a_pack_has_one_score(name, shape, pack):
    more = {"width": 4} if name == "stacked" else {}
    assert discriminator(name, pack=pack, **more)(draw(12, *shape)).shape == (12 // pack,)


def test_a_pack_is_samples_that_follow_each_other():
    """Its score depends on its own samples, in their order, and on no others."""
    network, points = discriminator("points", pack=2), draw(6, 2)
    scores = network(points)
    assert_close(network(points[2:4]), scores[1:2])
    assert not torch.allclose(network(points[[3, 2]]), scores[1:2])


def test_images_of_a_pack_lie_above_each_other_as_channels():
    from ganzoo_bench.packing import packed

    images = draw(4, 3, 2, 2).to(memory_format=torch.channels_last)
    assert_close(packed(images, 2)[1], torch.cat([images[2], images[3]]))
    assert packed(images, 1).shape == images.shape


@pytest.mark.parametrize("name", ["points", "stacked"])
def test_a_batch_that_makes_no_whole_packs_is_refused(name):
    network = discriminator(name, pack=2)
    with pytest.raises(ValueError, match="3 samples are no packs of 2; choose a batch that 2"):
        network(draw(3, *network.sample_shape))


# --- What a loss may do with them -------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "independent"),
    [
        ("points", {}, True),
        ("points", {"pieces": 5}, True),
        ("points", {"pack": 2}, False),
        ("infogan", {}, False),
        ("infogan", {"batch_norm": False}, True),
        ("stacked", {}, False),
        ("stacked", {"pack": 2}, False),
    ],
)
def test_independent_is_what_it_promises(name, arguments, independent):
    network = discriminator(name, **arguments).train()
    assert network.independent is independent
    samples = draw(8, *network.sample_shape)
    with torch.no_grad():
        together, apart = network(samples), network(samples[:4])
    alike = torch.allclose(together[: len(apart)], apart, atol=1e-5)
    assert alike or not independent


@pytest.mark.parametrize("name", ["points", "infogan"])
def test_what_keeps_samples_apart_bears_a_gradient_penalty(name):
    from ganzoo.losses import r1_penalty

    more = {"batch_norm": False} if name == "infogan" else {}
    judges = discriminator(name, **more)
    r1_penalty(ganzoo.Player(judges), draw(8, *judges.sample_shape)).mean().backward()
    assert judges.layers[-1].weight.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("create", "name", "arguments", "text"),
    [
        (discriminator, "points", {"pack": 0}, "pack must be 1 or more, found 0"),
        (discriminator, "stacked", {"pack": -1}, "pack must be 1 or more, found -1"),
        (discriminator, "points", {"pieces": 0}, "pieces must be 1 or more, found 0"),
        (generator, "infogan", {"size": 30}, "size is a multiple of 4, found 30"),
        (discriminator, "infogan", {"size": 0}, "size is a multiple of 4, found 0"),
        (generator, "infogan", {"size": [28, 28]}, r"size is a multiple of 4, found \[28, 28\]"),
        (generator, "stacked", {"size": [28, 32]}, r"size is one of 28, 32, found \[28, 32\]"),
        (generator, "stacked", {"size": 64}, "size is one of 28, 32, found 64"),
        (discriminator, "stacked", {"size": 64}, "size is one of 28, 32, found 64"),
    ],
)
def test_a_bad_argument_is_refused_with_what_is_allowed(create, name, arguments, text):
    with pytest.raises(PartError, match=text):
        create(name, **arguments)
