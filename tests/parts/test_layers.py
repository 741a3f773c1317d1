"""Layers that stand for torch's: the same values, gradients and weights."""

from __future__ import annotations

import contextlib

import hypothesis
import pytest
import torch
from hypothesis import strategies
from torch import nn
from torch.testing import assert_close

from ganzoo.layers import (
    LeakyReLU,
    NarrowConv2d,
    NarrowConvTranspose2d,
    differentiated_twice,
)


def plain(layer):
    """The parent's way with the same weights."""
    (parent,) = type(layer).__bases__
    return lambda *inputs: parent.forward(layer, *inputs)


def drawn(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def learnt_from(way, layer, images, *more):
    """What a layer makes, the gradients of all that it has, and those of a penalty on them."""
    images = images.clone().requires_grad_()
    made = way(images, *more)
    inputs = [images, *layer.parameters()]
    first = torch.autograd.grad((made * made.detach().cos()).sum(), inputs, create_graph=True)
    penalty = first[0].square().sum() + made.square().sum()
    return [made, *first, *torch.autograd.grad(penalty, inputs)]


def outcome(way, layer, images, *more):
    """What it learns, or the words in which torch refuses it."""
    try:
        return learnt_from(way, layer, images, *more)
    except (RuntimeError, ValueError) as error:
        return str(error)


def assert_alike(layer, images, *more):
    ours, theirs = (outcome(way, layer, images, *more) for way in (layer, plain(layer)))
    if isinstance(theirs, str):
        assert ours == theirs
    else:
        assert not isinstance(ours, str), ours
        for one, other in zip(ours, theirs, strict=True):
            assert_close(one, other, rtol=1e-3, atol=1e-3)  # sums of other orders, squared


def either(*values):
    return strategies.sampled_from(values)


PAIRS_OF_NUMBERS = either(0, 1, 2, 3, (0, 1), (2, 0), (1, 3))
COMMON = {
    "kernel_size": either(1, 2, 3, 4, 5, (1, 3), (4, 2)),
    "stride": either(1, 1, 1, 2, 3, (1, 2)),
    "dilation": either(1, 1, 1, 2, (1, 2)),
    "groups": either(1, 1, 1, 2),
    "bias": strategies.booleans(),
}
PLACES = strategies.tuples(
    *(strategies.booleans(), either(0, 1, 3), either(0, 1, 2, 5, 7), either(1, 4, 6))
)


def pictures(place, dtype=torch.float32):
    """Images [N, 4, H, W], or one [4, H, W]."""
    alone, n, *sides = place
    return drawn(*((4, *sides) if alone else (n, 4, *sides)), dtype=dtype)


@pytest.mark.filterwarnings("ignore:Using padding=.same.")
@hypothesis.settings(max_examples=150)
@hypothesis.given(
    options=strategies.fixed_dictionaries(
        {
            **COMMON,
            "padding": PAIRS_OF_NUMBERS | either("same", "valid"),
            "padding_mode": either("zeros", "zeros", "circular", "reflect", "replicate"),
        }
    ),
    place=PLACES,
)
def test_a_narrow_convolution_is_torchs_whatever_its_arguments(options, place):
    if options["padding"] == "same":
        options["stride"] = 1  # else torch builds none
    assert_alike(NarrowConv2d(4, 2, **options), pictures(place))


@hypothesis.settings(max_examples=150)
@hypothesis.given(
    options=strategies.fixed_dictionaries(
        {**COMMON, "padding": PAIRS_OF_NUMBERS, "output_padding": either(0, 0, 0, 1, (1, 0))}
    ),
    place=PLACES,
    more=either((), (), (), (10, 9), (12, 12)),
)
def test_a_narrow_transposed_convolution_is_torchs_whatever_its_arguments(options, place, more):
    layer = NarrowConvTranspose2d(4, 2, **options)
    assert_alike(layer, pictures(place), *([list(more)] if more else []))


NARROW = {
    "5": lambda: NarrowConv2d(4, 1, 5, padding=2),
    "oblong": lambda: NarrowConv2d(4, 3, (3, 1), padding=(1, 0), bias=False),
    "valid": lambda: NarrowConv2d(4, 2, 3),
    "transposed": lambda: NarrowConvTranspose2d(4, 1, 4, stride=2, padding=1),
    "transposed-oblong": lambda: NarrowConvTranspose2d(4, 3, (4, 3), stride=(2, 1), padding=1),
}


@pytest.mark.parametrize("name", NARROW)
def test_the_usual_convolutions_take_the_quick_way(name, monkeypatch):
    layer = NARROW[name]()
    monkeypatch.setattr(type(layer).__bases__[0], "forward", lambda *_: pytest.fail("the slow way"))
    layer(pictures((False, 2, 6, 5)))


@pytest.mark.parametrize("name", NARROW)
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_other_numbers_are_torchs(name, dtype):
    layer = NARROW[name]().to(dtype)
    images = pictures((False, 2, 6, 5), dtype)
    assert torch.equal(layer(images), plain(layer)(images))


@pytest.mark.parametrize("name", NARROW)
def test_under_autocast_they_are_torchs(name):
    layer, images = NARROW[name](), pictures((False, 2, 6, 5))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made, wished = layer(images), plain(layer)(images)
    assert made.dtype == wished.dtype == torch.bfloat16
    assert torch.equal(made, wished)


@pytest.mark.parametrize("name", NARROW)
@pytest.mark.parametrize(
    "wrong",
    [drawn(2, 3, 6, 5), drawn(6, 5), drawn(1, 2, 4, 6, 5), drawn(2, 4, 6, 5).double()],
    ids=["channels", "2-d", "5-d", "double"],
)
def test_what_torch_refuses_is_refused_in_its_words(name, wrong):
    assert_alike(NARROW[name](), wrong)


def test_a_padding_that_is_set_later_holds():
    """People make textures tile by setting `padding_mode` on every convolution of a network."""
    layer, other = NARROW["5"](), nn.Conv2d(4, 1, 5, padding=2, padding_mode="circular")
    layer.padding_mode = "circular"
    other.load_state_dict(layer.state_dict())
    images = pictures((False, 2, 6, 5))
    assert torch.equal(layer(images), other(images))


@pytest.mark.parametrize("name", NARROW)
def test_they_can_be_moved_to_another_device(name):
    layer = NARROW[name]().to("meta")
    assert layer(torch.empty(2, 4, 6, 5, device="meta")).device.type == "meta"


@pytest.mark.filterwarnings("ignore:.torch.jit.script:FutureWarning")  # of torch.func
@pytest.mark.parametrize("name", NARROW)
def test_transforms_of_torch_func_go_through(name):
    layer, images = NARROW[name](), pictures((False, 3, 6, 5))
    mapped = torch.func.vmap(lambda one: layer(one[None])[0])(images)
    assert_close(mapped, plain(layer)(images))
    made, moved = torch.func.jvp(layer, (images,), (images,))
    wished, wished_moved = torch.func.jvp(plain(layer), (images,), (images,))
    assert_close((made, moved), (wished, wished_moved))


def test_a_penalty_goes_through_leaks_as_through_torchs():
    rng = torch.Generator().manual_seed(0)
    layers = [
        nn.Linear(4, 8),
        nn.LeakyReLU(0.2),
        nn.Linear(8, 8),
        nn.LeakyReLU(0.2),
        nn.Linear(8, 1),
    ]
    plain_net = nn.Sequential(*layers)
    ours = nn.Sequential(*(LeakyReLU(0.2) if isinstance(m, nn.LeakyReLU) else m for m in layers))
    images, found = torch.randn(5, 4, generator=rng), []
    for network in (ours, plain_net):
        points = images.clone().requires_grad_()
        with differentiated_twice():
            scores = network(points)
        (gradient,) = torch.autograd.grad(scores.sum(), points, create_graph=True)
        value = (gradient.norm(dim=1) - 1).square().mean()
        found.append(torch.autograd.grad(value, list(network.parameters()), allow_unused=True))
    for one, other in zip(*found, strict=True):
        assert_close(torch.zeros(()) if one is None else one.abs().sum(),
                     torch.zeros(()) if other is None else other.abs().sum())  # fmt: skip
        if one is not None and other is not None:
            assert_close(one, other)


def test_no_work_goes_back_through_a_leak_under_a_penalty():
    """The last bias and the first layer's input have no part in the penalty."""
    first = nn.Linear(3, 3)
    points = torch.randn(2, 3).requires_grad_()
    with differentiated_twice():
        scores = LeakyReLU(0.1)(first(points))
    (gradient,) = torch.autograd.grad(scores.sum(), points, create_graph=True)
    gradient.square().sum().backward()
    assert first.bias.grad is None  # torch's own layer would bring zeros
    assert first.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("inside", [True, False])
def test_a_leak_is_torchs_in_value_and_slope(inside):
    values = torch.linspace(-2, 2, 9).requires_grad_()
    with differentiated_twice() if inside else contextlib.nullcontext():
        made = LeakyReLU(0.2)(values)
    assert_close(made, nn.functional.leaky_relu(values, 0.2))
    assert_close(*(torch.autograd.grad(v.sum(), values)[0] for v in
                   (made, nn.functional.leaky_relu(values, 0.2))))  # fmt: skip


@pytest.mark.parametrize("slope", [0.2, 0.0, 1.0, 1.5, -0.5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("autocast", [True, False])
def test_a_leak_under_a_penalty_is_torchs_whatever_its_arguments(slope, dtype, autocast):
    values = drawn(3, 4, dtype=dtype)
    values[0, 0] = 0
    values = values.requires_grad_()
    with torch.autocast("cpu", enabled=autocast), differentiated_twice():
        made, wished = LeakyReLU(slope)(values), nn.LeakyReLU(slope)(values)
    assert made.dtype == wished.dtype
    assert torch.equal(made, wished)
    assert torch.equal(*(torch.autograd.grad(v.sum(), values)[0] for v in (made, wished)))


@pytest.mark.parametrize("kind", [LeakyReLU, nn.LeakyReLU])
def test_a_leak_in_place_changes_what_it_is_given(kind):
    """Who writes `act(x)` and goes on with `x` relies on it."""
    points = drawn(5, 3).requires_grad_()
    with differentiated_twice():
        values = points * 2
        made = kind(0.2, inplace=True)(values)
    assert_close(values, nn.functional.leaky_relu(points * 2, 0.2))
    assert made is values or torch.equal(made, values)
    (gradient,) = torch.autograd.grad(values.square().sum(), points, create_graph=True)
    assert_close(gradient, points * torch.where(points > 0, 8.0, 0.32))
    (second,) = torch.autograd.grad(gradient.sum(), points)
    assert_close(second, torch.where(points > 0, 8.0, 0.32))


def test_a_leak_in_place_of_a_leaf_is_refused_as_torch_refuses_it():
    with differentiated_twice(), pytest.raises(RuntimeError, match="leaf Variable"):
        LeakyReLU(0.2, inplace=True)(torch.ones(2).requires_grad_())


@pytest.mark.filterwarnings("ignore:.torch.jit.script:FutureWarning")  # of torch.func
def test_transforms_of_torch_func_go_through_a_leak():
    values = drawn(3, 4)
    ways = []
    for layer in (LeakyReLU(0.2), nn.LeakyReLU(0.2)):
        with differentiated_twice():
            mapped = torch.func.vmap(torch.func.grad(lambda v, own=layer: own(v).square().sum()))
            ways.append((mapped(values), *torch.func.jvp(layer, (values,), (values,))))
    assert_close(*ways)


@pytest.mark.parametrize("layer", [NarrowConv2d(4, 1, 3), NarrowConvTranspose2d(4, 1, 3)])
def test_weights_go_by_the_plain_layers_names(layer):
    assert layer.state_dict().keys() == {"weight", "bias"}
