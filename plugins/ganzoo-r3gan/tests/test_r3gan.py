"""R3GAN's networks: the paper's sizes, its layers in closed form, its initial weights."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from ganzoo_r3gan.layers import Double, Halve, Residual
from torch import Tensor, nn
from torch.testing import assert_close

import ganzoo
from ganzoo.cards import catalogue
from ganzoo.engine.config import resolve, resolve_precision
from ganzoo.engine.prepare import prepare
from ganzoo.engine.schedule_targets import numbers_on_the_way
from ganzoo.engine.turns import step
from ganzoo.errors import PartError

SMALL = {"widths": 8, "blocks": 1, "group_width": 4}


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def labels_of(num_classes: int | None, n: int) -> Tensor | None:
    return None if num_classes is None else torch.arange(n) % num_classes


def make(kind: str, seed: int = 0, **arguments):
    create = getattr(ganzoo, f"create_{kind}")
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(seed)
        return create("r3gan", **arguments)


def shaken(network: nn.Module) -> nn.Module:
    """Wake the convolutions that begin as 0."""
    with torch.no_grad():
        for number, (name, parameter) in enumerate(network.named_parameters()):
            if "narrow" in name or "bias" in name:
                parameter.copy_(0.1 * draw(*parameter.shape, seed=number))
    return network


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


# --- The paper's sizes ------------------------------------------------------------------------


def test_the_networks_of_cifar_10_have_the_papers_parameters():
    with torch.device("meta"):
        generator = ganzoo.create_generator("r3gan", size=32, widths=768, num_classes=10)
        discriminator = ganzoo.create_discriminator("r3gan", size=32, widths=768, num_classes=10)
    assert count(generator) == 20_781_952  # 20.8 M
    assert count(discriminator) == 21_280_512  # 21.3 M


@pytest.mark.parametrize(("width", "millions"), [(128, 0.83), (96, 0.53), (64, 0.29)])
def test_smaller_networks_have_the_known_parameters(width, millions):
    assert_close(count(make("generator", widths=width)) / 1e6, millions, rtol=0.03, atol=0)


RECIPES = ("r3gan-cifar10", "r3gan-ffhq256", "r3gan-ffhq64", "r3gan-imagenet32", "r3gan-imagenet64")
#: What moves from where to where in all of the paper's trainings.
RATES = {"lr": (2e-4, 5e-5), "arguments.betas.1": (0.9, 0.99)}
#: Gamma at the start (a tenth of it at the end), the average's half-life and the strength of the
#: augmentation at the end, and the images until then.
SETTINGS = {
    "r3gan-cifar10": (0.05, 5e6, 0.55, 20e6),
    "r3gan-ffhq64": (2.0, 5e5, 0.3, 20e6),
    "r3gan-ffhq256": (150.0, 5e5, 0.3, 20e6),
    "r3gan-imagenet32": (0.5, 50e6, 0.5, 200e6),
    "r3gan-imagenet64": (1.0, 50e6, 0.4, 200e6),
}


def test_the_papers_recipes_are_offered_without_weights():
    cards = [card for card in catalogue().cards if card.distribution == "ganzoo-r3gan"]
    assert tuple(card.name for card in cards) == RECIPES
    assert {card.status for card in cards} == {"recipe"}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_names_all_of_the_papers_settings(name):
    config = resolve(ganzoo.card(name).raw, name)
    size = config.generator.arguments["size"]
    with torch.device("meta"):
        generator = ganzoo.create_generator("r3gan", **config.generator.arguments)
        discriminator = ganzoo.create_discriminator("r3gan", **config.discriminator.arguments)
    assert generator.sample_shape == discriminator.sample_shape == (3, size, size)
    if name == "r3gan-cifar10":
        assert (count(generator), count(discriminator)) == (20_781_952, 21_280_512)
    recipe = config.recipe
    assert recipe.loss.name == "ganzoo/relativistic"
    assert recipe.loss.arguments.get("penalty_interval", 1) == 1
    assert (recipe.discriminator_steps, recipe.reuse_fakes) == (1, False)


@pytest.mark.parametrize("name", RECIPES)
def test_five_schedules_move_as_the_paper_says(name):
    """The whole game on narrow networks and small pictures: what moves, from where to where."""
    gamma, half_life, strength, images = SETTINGS[name]
    raw = copy.deepcopy(ganzoo.card(name).raw)
    for player in ("generator", "discriminator"):
        raw[player]["arguments"] |= {"size": 8, "widths": 8, "blocks": 1, "group_width": 4}
        if raw[player]["arguments"].get("num_classes"):
            raw[player]["arguments"]["num_classes"] = 10
    raw["recipe"] |= {"data": {"name": "mnist-mini", "arguments": {"size": 8, "channels": 3}}}
    raw["recipe"]["batch"] = 4
    config = resolve_precision(resolve(raw, name), torch.device("cpu"))
    state, setup = prepare(config, torch.device("cpu"))
    moving = dict(numbers_on_the_way(setup.schedules))
    expected = {
        f"optimizers.{player}.{key}": ends
        for player in ("generator", "discriminator")
        for key, ends in RATES.items()
    }
    expected |= {f"loss.arguments.{r}_gamma": (gamma, gamma / 10) for r in ("r1", "r2")}
    expected |= {
        "ema.half_life": (0.0, half_life),
        "augmentation.ganzoo/ada.strength": (0, strength),
    }
    assert moving.keys() == expected.keys()
    for path, ends in expected.items():
        assert (moving[path][0], moving[path][-1]) == pytest.approx(ends, rel=1e-3, abs=1e-3), path
    assert {part.arguments["images"] for part in config.recipe.schedules.values()} == {images}
    step(state, setup, lambda name, values: None)
    assert all(p.isfinite().all() for p in state.generator.parameters())


# --- Shapes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [8, 16, 28, 32, 56, 64])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("num_classes", [None, 10])
def test_both_networks_of_a_size_fit(size, channels, num_classes):
    told = {"size": size, "channels": channels, "num_classes": num_classes, **SMALL}
    generator, discriminator = make("generator", **told), make("discriminator", **told)
    for n in (1, 3):
        labels = labels_of(num_classes, n)
        images = generator(draw(n, 64), labels)
        assert images.shape == (n, channels, size, size) == (n, *generator.sample_shape)
        assert discriminator(images, labels).shape == (n,)
    assert discriminator.sample_shape == generator.sample_shape


def test_a_stage_has_its_own_width():
    told = {"size": 32, "widths": [24, 16, 12, 8], "blocks": 1, "group_width": 4}
    for network in (make("generator", **told), make("discriminator", **told)):
        found = [m.widen.in_channels for m in network.modules() if isinstance(m, Residual)]
        assert sorted(found, reverse=True) == [24, 16, 12, 8]
    assert make("discriminator", **told).outputs(draw(2, 3, 32, 32))["features"].shape == (2, 24)


def test_images_are_clamped_in_eval_mode_alone():
    generator = make("generator", **SMALL)
    latents = 50 * draw(4, 64)
    assert generator.train()(latents).abs().max() > 1
    assert generator.eval()(latents).abs().max() == 1


def test_classes_change_images_and_scores():
    told = {"num_classes": 10, **SMALL}
    generator, discriminator = make("generator", **told), make("discriminator", **told)
    latents, zeros, ones = draw(3, 64), torch.zeros(3).long(), torch.ones(3).long()
    images = generator(latents, zeros)
    assert not torch.equal(images, generator(latents, ones))
    assert not torch.equal(discriminator(images, zeros), discriminator(images, ones))


# --- Layers -----------------------------------------------------------------------------------


def test_a_block_is_its_formula():
    block = shaken(Residual(6, 2, None, 1))
    maps = draw(2, 6, 5, 5)
    widened = torch.einsum("kc,nchw->nkhw", block.widen.weight[..., 0, 0], maps)
    hidden = nn.functional.leaky_relu(widened + block.widen.bias[:, None, None], 0.2)
    mixed = nn.functional.conv2d(hidden, block.mix.weight, block.mix.bias, padding=1)
    hidden = nn.functional.leaky_relu(mixed, 0.2)
    change = torch.einsum("kc,nchw->nkhw", block.narrow.weight[..., 0, 0], hidden)
    assert_close(block(maps), maps + change)


def test_groups_are_dense_convolutions_with_zeros():
    grouped, dense = shaken(Residual(4, 2, 4, 1)), Residual(4, 2, None, 1)
    assert grouped.mix.groups == 2
    weight = torch.zeros_like(dense.mix.weight)
    weight[:4, :4], weight[4:, 4:] = grouped.mix.weight.detach().split(4)
    dense.load_state_dict({**grouped.state_dict(), "mix.weight": weight})
    assert_close(dense(draw(2, 4, 5, 5)), grouped(draw(2, 4, 5, 5)))


def test_doubling_puts_means_between_pixels():
    made = Double()(torch.tensor([[1.0, 3.0], [5.0, 7.0]])[None, None])[0, 0]
    assert_close(made[:3, :3], torch.tensor([[1.0, 2, 3], [3, 4, 5], [5, 6, 7]]))
    assert_close(made[3], made[2] / 2)  # beyond the border all is 0


def test_halving_is_the_filter_at_every_second_pixel():
    maps = draw(1, 2, 8, 8)
    padded = nn.functional.pad(maps, (1, 1, 1, 1))
    weights = torch.tensor([1.0, 2, 1]) / 4
    by_hand = sum(
        weights[i] * weights[j] * padded[:, :, 2 + i, 4 + j] for i in range(3) for j in range(3)
    )
    assert_close(Halve()(maps)[:, :, 1, 2], by_hand)


def test_halving_is_a_quarter_of_doublings_transpose():
    small, large = draw(1, 3, 4, 4).requires_grad_(), draw(1, 3, 8, 8)
    (back,) = torch.autograd.grad((Double()(small) * large).sum(), small)
    assert_close(back / 4, Halve()(large))


# --- Initial weights --------------------------------------------------------------------------


def test_a_network_begins_as_its_transitions():
    generator = make("generator", **SMALL).eval()
    blocks = [m for m in generator.modules() if isinstance(m, Residual)]
    assert len(blocks) == 4
    for block in blocks:
        maps = draw(1, 8, 4, 4)
        assert torch.equal(block(maps), maps)


def test_convolutions_are_drawn_smaller_in_deeper_networks():
    """MSRA's deviation for a leak of 0.2, times L^(-1/4)."""
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(0)
        block = Residual(64, 2, 16, 16)
    gain = math.sqrt(2 / 1.04) / 2
    for layer, inputs in ((block.widen, 64), (block.mix, 16 * 9)):
        found = float(layer.weight.detach().std())
        assert_close(found, gain / math.sqrt(inputs), rtol=0.05, atol=0)
    assert not block.narrow.weight.any()
    assert not block.widen.bias.any()


def test_there_is_no_normalisation_and_biases_stand_before_leaks():
    for kind in ("generator", "discriminator"):
        network = make(kind, num_classes=10, **SMALL)
        assert not [m for m in network.modules() if "Norm" in type(m).__name__]
        biases = {name.split(".")[-2] for name, _ in network.named_parameters() if "bias" in name}
        assert biases == {"widen", "mix"}


# --- The game ---------------------------------------------------------------------------------


def test_a_score_does_not_depend_on_batch_mates():
    judge, images = shaken(make("discriminator", **SMALL)).train(), draw(5, 3, 32, 32)
    assert judge.independent
    alone = torch.cat([judge(image[None]) for image in images])
    assert_close(judge(images), alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 30}, "size is one of 8, 14, 16, 28, .*, 896, 1024, found 30"),
        ({"size": 4}, "found 4"),
        ({"channels": 0}, "channels and blocks are 1 or more, found 0 and 2"),
        ({"num_classes": 1}, "num_classes is 2 or more, or None; found 1"),
        ({"widths": 20}, "multiples of group_width 16, found 20 times 2"),
        ({"widths": [16, 16]}, "one for each of the 4 sides 4, 8, 16, 32; found 2"),
        ({"widths": 0}, "widths are 1 or more"),
    ],
)
@pytest.mark.parametrize("kind", ["generator", "discriminator"])
def test_a_bad_argument_is_refused_with_what_is_allowed(kind, arguments, message):
    with pytest.raises(PartError, match=message):
        make(kind, **arguments)
