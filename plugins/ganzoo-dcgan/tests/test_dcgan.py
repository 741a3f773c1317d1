"""DCGAN's networks: shapes at every size, the paper's layers and its initial weights."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

import ganzoo
from ganzoo.errors import PartError
from ganzoo.layers import LeakyReLU, NarrowConvTranspose2d

SIZES = [16, 28, 32, 64, 128]


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def labels_of(num_classes: int | None, n: int) -> Tensor | None:
    return None if num_classes is None else torch.arange(n) % num_classes


def generator(seed: int = 0, **arguments) -> ganzoo.Generator:
    torch.default_generator.manual_seed(seed)
    return ganzoo.create_generator("dcgan", **arguments)


def discriminator(seed: int = 0, **arguments) -> ganzoo.Discriminator:
    torch.default_generator.manual_seed(seed)
    return ganzoo.create_discriminator("dcgan", **arguments)


# --- Shapes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("num_classes", [None, 10])
@pytest.mark.parametrize("n", [1, 5])
def test_images_have_their_size_and_lie_between_minus_1_and_1(size, channels, num_classes, n):
    network = generator(size=size, channels=channels, width=4, num_classes=num_classes).eval()
    with torch.no_grad():
        images = network(100 * draw(n, 100), labels_of(num_classes, n))
    assert images.shape == (n, channels, size, size) == (n, *network.sample_shape)
    assert images.dtype == torch.float32
    assert images.abs().max() <= 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("num_classes", [None, 10])
@pytest.mark.parametrize("n", [1, 5])
def test_every_image_has_one_score(size, channels, num_classes, n):
    network = discriminator(size=size, channels=channels, width=4, num_classes=num_classes).eval()
    scores = network(draw(n, channels, size, size), labels_of(num_classes, n))
    assert scores.shape == (n,)
    assert scores.dtype == torch.float32
    assert network.sample_shape == (channels, size, size)


@pytest.mark.parametrize("size", [[32, 64], (64, 28), [28, 56], [44, 32], [128, 200]])
@pytest.mark.parametrize("channels", [3, 4])
def test_rectangles_are_made_and_judged(size, channels):
    makes = generator(size=size, channels=channels, width=4, num_classes=3)
    judges = discriminator(size=size, channels=channels, width=4, num_classes=3)
    images = makes(draw(2, 100), labels_of(3, 2))
    assert images.shape == (2, channels, *size) == (2, *makes.sample_shape)
    assert judges.sample_shape == makes.sample_shape
    judges(images, labels_of(3, 2)).mean().backward()
    assert all(p.grad is not None for p in [*makes.parameters(), *judges.parameters()])


def test_a_square_said_as_two_sides_is_the_same_network():
    one, two = generator(size=28, width=4), generator(size=[28, 28], width=4)
    assert_close(dict(one.state_dict()), dict(two.state_dict()), rtol=0, atol=0)


@pytest.mark.parametrize("size", SIZES)
def test_both_networks_of_a_size_fit_in_training(size):
    makes, judges = generator(size=size, width=4), discriminator(size=size, width=4)
    judges(makes(draw(5, 100))).mean().backward()


@pytest.mark.parametrize("latent_dim", [1, 16])
def test_latents_have_the_size_that_was_asked_for(latent_dim):
    network = generator(latent_dim=latent_dim, size=28, width=4)
    latents = network.sample_latents(5, rng=torch.Generator().manual_seed(0))
    assert latents.shape == (5, latent_dim)
    assert network(latents).shape == (5, 1, 28, 28)


def test_widths_double_away_from_the_image_up_to_eight_times():
    """The paper's figure 1: 1024, 512, 256, 128 for 64 pixels, here from `width` 128."""
    made = [m.out_channels for m in generator(size=64, width=128).modules()
            if isinstance(m, nn.ConvTranspose2d)]  # fmt: skip
    assert made == [512, 256, 128, 1]
    seen = [m.out_channels for m in discriminator(size=128, width=8).modules()
            if isinstance(m, nn.Conv2d)]  # fmt: skip
    assert seen == [8, 16, 32, 64, 64]


# --- What is refused --------------------------------------------------------------------------


@pytest.mark.parametrize("create", [generator, discriminator])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 30}, "size is one of 16, 28, 32, 64, 128, found 30"),
        ({"size": 0}, "size is one of 16, 28, 32, 64, 128, found 0"),
        ({"size": [30, 64]}, r"64, 128, or \[height, width\]: one .* even, found \[30, 64\]"),
        ({"size": [32, 63]}, r"the longer one even, found \[32, 63\]"),
        ({"size": [32]}, r"the longer one even, found \[32\]"),
        ({"size": [32, "64"]}, r"the longer one even, found \[32, '64'\]"),
        ({"channels": 2}, "channels is 1, 3, or 4 with alpha, found 2"),
        ({"num_classes": 1}, "num_classes is 2 or more, or None; found 1"),
        ({"num_classes": 0}, "num_classes is 2 or more, or None; found 0"),
    ],
)
def test_a_bad_argument_is_refused_with_what_is_allowed(create, arguments, message):
    with pytest.raises(PartError, match=message):
        create(**arguments)


# --- The paper's layers (section 3) -----------------------------------------------------------


def kinds(network: nn.Module) -> list[type]:
    """The types of the layers that hold no others, in order."""
    return [type(layer) for layer in network.modules() if not list(layer.children())]


def test_the_generators_layers_are_the_papers():
    block = [nn.ConvTranspose2d, nn.BatchNorm2d, nn.ReLU]
    assert kinds(generator(size=64, width=4)) == [
        *[nn.Linear, nn.Unflatten, nn.BatchNorm2d, nn.ReLU],
        *3 * block,
        *[NarrowConvTranspose2d, nn.Tanh],  # a transposed convolution, evaluated otherwise
    ]


def test_the_discriminators_layers_are_the_papers():
    block = [nn.Conv2d, nn.BatchNorm2d, LeakyReLU]
    assert kinds(discriminator(size=64, width=4)) == [
        *[nn.Conv2d, LeakyReLU],
        *3 * block,
        *[nn.Flatten, nn.Dropout, nn.Linear],
    ]


@pytest.mark.parametrize(("size", "widest"), [(16, 8), (28, 16), (32, 16), (64, 32), (128, 32)])
def test_every_size_goes_down_to_maps_of_4_by_4(size, widest):
    features = discriminator(size=size, width=4).outputs(draw(2, 1, size, size))["features"]
    assert features.shape == (2, widest * 4 * 4)
    assert generator(size=size, width=4).project(draw(2, 100)).shape == (2, widest, 4, 4)


def test_batch_norm_is_left_out_where_it_is_not_wanted():
    block = [nn.Conv2d, LeakyReLU]
    assert kinds(discriminator(size=64, width=4, batch_norm=False)) == [
        *4 * block,
        *[nn.Flatten, nn.Dropout, nn.Linear],
    ]


@pytest.mark.parametrize("create", [generator, discriminator])
def test_a_layer_has_a_bias_unless_batch_norm_follows(create):
    layers = [layer for layer in create(width=4).modules() if not list(layer.children())]
    layers = [layer for layer in layers if not isinstance(layer, nn.Unflatten)]
    for layer, after in zip(layers, [*layers[1:], None], strict=True):
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            assert (layer.bias is None) == isinstance(after, nn.BatchNorm2d)


def test_convolutions_without_batch_norm_have_a_bias():
    network = discriminator(width=4, batch_norm=False)
    assert all(m.bias is not None for m in network.modules() if isinstance(m, nn.Conv2d))


def test_the_leak_is_two_tenths():
    network = discriminator(width=4)
    assert {m.negative_slope for m in network.modules() if isinstance(m, LeakyReLU)} == {0.2}


def test_every_convolution_has_a_stride_and_nothing_pools():
    for network in (generator(width=4), discriminator(width=4)):
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                assert layer.stride == (2, 2)


# --- The paper's initial weights (section 4) --------------------------------------------------


def weights_of(network: nn.Module, kind: type | tuple[type, ...]) -> Tensor:
    return torch.cat(
        [m.weight.detach().flatten() for m in network.modules() if isinstance(m, kind)]
    )


@pytest.mark.parametrize("create", [generator, discriminator])
@pytest.mark.parametrize("num_classes", [None, 10])
def test_weights_are_drawn_from_a_normal_of_two_hundredths(create, num_classes):
    network = create(size=64, num_classes=num_classes)
    weights = weights_of(network, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.Embedding))
    assert len(weights) > 1_000_000
    assert float(weights.mean()) == pytest.approx(0.0, abs=1e-4)
    assert float(weights.std()) == pytest.approx(0.02, rel=0.01)
    inside = (weights.abs() < 0.02).float().mean()
    assert float(inside) == pytest.approx(0.6827, abs=0.005)  # a normal's share within one sigma


@pytest.mark.parametrize("create", [generator, discriminator])
def test_the_scales_of_batch_norm_are_drawn_around_1_and_its_shifts_are_0(create):
    network = create(size=64)
    scales = weights_of(network, nn.BatchNorm2d)
    assert float(scales.mean()) == pytest.approx(1.0, abs=0.005)
    assert float(scales.std()) == pytest.approx(0.02, rel=0.2)
    assert not any(m.bias.any() for m in network.modules() if isinstance(m, nn.BatchNorm2d))


def test_the_same_seed_builds_the_same_network():
    first, second, other = (generator(seed, width=4).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["grow.0.weight"], other["grow.0.weight"])


# --- Classes ----------------------------------------------------------------------------------


def test_labels_change_the_images():
    network = generator(size=28, width=4, num_classes=10).eval()
    latents = draw(5, 100)
    with torch.no_grad():
        first = network(latents, torch.zeros(5, dtype=torch.int64))
        second = network(latents, torch.full((5,), 7))
    assert ((first - second).abs().flatten(1).amax(1) > 0).all()


def test_labels_change_the_scores():
    network = discriminator(size=28, width=4, num_classes=10).eval()
    images = draw(5, 1, 28, 28)
    with torch.no_grad():
        first = network(images, torch.zeros(5, dtype=torch.int64))
        second = network(images, torch.full((5,), 7))
    assert ((first - second).abs() > 0).all()


def test_the_label_is_compared_with_the_features_by_projection():
    """D(x, y) = psi(phi(x)) + y^T V phi(x) (Miyato and Koyama 2018, eq. 3)."""
    network = discriminator(size=28, width=4, num_classes=10).eval()
    images, labels = draw(5, 1, 28, 28), torch.tensor([3, 1, 4, 1, 5])
    with torch.no_grad():
        made = network.outputs(images, labels)
        one_hot = nn.functional.one_hot(labels, 10).float()
        features = made["features"]
        expected = network.score(features).squeeze(1) + torch.einsum(
            "nc,cf,nf->n", one_hot, network.labels.weight, features
        )
    assert_close(made["scores"], expected)


def test_scores_and_features_come_of_one_pass():
    network, passes = discriminator(size=28, width=4), []
    network.shrink.register_forward_hook(lambda *_: passes.append(1))
    made = network.outputs(draw(5, 1, 28, 28))
    assert passes == [1]
    assert made["features"].shape == (5, network.score.in_features)


def test_a_network_without_classes_ignores_labels():
    makes, judges = generator(size=28, width=4).eval(), discriminator(size=28, width=4).eval()
    labels = torch.zeros(5, dtype=torch.int64)
    assert torch.equal(makes(draw(5, 100)), makes(draw(5, 100), labels))
    assert torch.equal(judges(draw(5, 1, 28, 28)), judges(draw(5, 1, 28, 28), labels))


# --- Training ---------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("num_classes", [None, 10])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_every_parameter_gets_a_finite_gradient(size, num_classes, batch_norm):
    makes = generator(size=size, width=4, num_classes=num_classes)
    judges = discriminator(size=size, width=4, num_classes=num_classes, batch_norm=batch_norm)
    labels = labels_of(num_classes, 8)
    judges(makes(draw(8, 100), labels), labels).square().mean().backward()
    for network in (makes, judges):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name


def test_the_discriminator_without_batch_norm_bears_a_penalty_of_each_sample():
    from ganzoo.losses import r1_penalty

    judges, images = discriminator(size=28, width=4, batch_norm=False), draw(8, 1, 28, 28)
    together = r1_penalty(ganzoo.Player(judges), images)
    alone = torch.cat([r1_penalty(ganzoo.Player(judges), image[None]) for image in images])
    assert_close(together, alone, rtol=1e-4, atol=1e-7)
    together.mean().backward()
    assert all(p.grad.isfinite().all() for p in judges.parameters() if p.grad is not None)


def test_dropout_works_in_training_alone():
    network, images = discriminator(size=28, width=4, dropout=0.5), draw(5, 1, 28, 28)
    assert not torch.equal(network.train()(images), network(images))
    assert torch.equal(network.eval()(images), network(images))
