"""Loading builds networks without drawing weights, and nothing else is left out."""

from __future__ import annotations

import copy
import json
import sys
import types

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

import ganzoo
from ganzoo.engine.prepare import build_players
from ganzoo.engine.run.export import fingerprint, off_by
from ganzoo.engine.run.options import RunOptions
from ganzoo.engine.train import train
from ganzoo.errors import WeightsError
from ganzoo.specs import Part, write_record
from ganzoo.weights import load_weights, read_tensors, save_weights, tensor_bytes
from ganzoo.weights.unfilled import built
from short_runs import config
from tiny import TinyDiscriminator, TinyGenerator, make_plugin, tiny_plugin


class Odd(ganzoo.Generator):
    """All that a constructor can hold beside parameters that are saved."""

    latent_dim, sample_shape = 4, (6,)

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 6)
        self.norm = nn.BatchNorm1d(6)
        self.scale = nn.Parameter(torch.full((6,), 0.5))
        self.register_buffer("window", torch.hann_window(6), persistent=False)
        self.register_buffer("saved", torch.arange(6.0))
        self.constant = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]) / 6
        noise = torch.empty(6)
        nn.init.constant_(noise, 0.25)  # a plain tensor: it is filled
        self.offset = noise
        nn.init.orthogonal_(self.layer.weight)

    def forward(self, latents, labels=None):
        out = self.norm(self.layer(latents)) * self.scale + self.offset
        return out * self.window * self.constant + self.saved


@pytest.fixture
def odd(world, tmp_path, monkeypatch):
    module = types.ModuleType("odd_parts")
    module.Odd, module.Judge = Odd, lambda: TinyDiscriminator((6,))
    monkeypatch.setitem(sys.modules, "odd_parts", module)
    plugin = make_plugin(
        "odd",
        ganzoo_generators={"odd": "odd_parts:Odd"},
        ganzoo_discriminators={"odd": "odd_parts:Judge"},
    )
    world(plugin)
    torch.default_generator.manual_seed(3)
    network = Odd().eval()
    with torch.no_grad():
        network.norm.running_mean.copy_(torch.arange(6.0))
    record = save_weights(tmp_path / "model.safetensors", network, Part("odd/odd"))
    config = {
        "ganzoo_config": 1,
        "kind": "vectors",
        "generator": {"name": "odd/odd"},
        "discriminator": {"name": "odd/odd"},
        "recipe": {"loss": {"name": "ganzoo/hinge"}, "data": {"name": "ganzoo/mnist"}},
        "files": {"model.safetensors": write_record(record)},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    return network, tmp_path


def test_buffers_that_are_not_saved_and_constants_have_their_values(odd):
    network, folder = odd
    loaded = ganzoo.load(folder).generator
    assert_close(loaded.window, torch.hann_window(6))
    assert_close(loaded.constant, network.constant)
    assert_close(loaded.offset, torch.full((6,), 0.25))


def test_nothing_stays_on_the_meta_device(odd):
    loaded = ganzoo.load(odd[1]).generator
    tensors = [*loaded.parameters(), *loaded.buffers(), loaded.constant, loaded.offset]
    assert {tensor.device.type for tensor in tensors} == {"cpu"}


def test_a_loaded_network_computes_what_the_saved_one_did(odd):
    network, folder = odd
    latents = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(ganzoo.load(folder).generator(latents), network(latents))


def test_loaded_weights_can_be_copied_moved_and_trained(odd):
    import copy

    loaded = copy.deepcopy(ganzoo.load(odd[1]).generator).train().requires_grad_(True)
    loaded(torch.ones(5, 4)).sum().backward()
    torch.optim.SGD(loaded.parameters(), lr=0.1).step()
    assert all(p.grad is not None and p.is_leaf for p in loaded.parameters())


# --- A network built for its weights is the network built and then loaded -----------------------

WIDE = 520  # squared, more than the size from which a file's memory is taken over


class Net(nn.Module):
    """A network of one kind of oddity: `parts` are what its constructor makes of it."""

    def __init__(self, make):
        super().__init__()
        make(self)

    def everything(self):
        """All tensors and numbers that it has, saved or not, by where they lie."""
        found = dict(self.named_buffers(remove_duplicate=False))
        found |= dict(self.named_parameters(remove_duplicate=False))
        for place, module in self.named_modules(remove_duplicate=False):
            for name, value in vars(module).items():
                if isinstance(value, nn.Module):
                    found |= {f"{place}.{name}.{k}": v for k, v in value.state_dict().items()}
                for number, item in enumerate(value if isinstance(value, list) else [value]):
                    if isinstance(item, nn.Module):
                        inner = item.state_dict().items()
                        found |= {f"{place}.{name}.{number}.{k}": v for k, v in inner}
                    elif isinstance(item, Tensor | float | int | np.ndarray):
                        found[f"{place}.{name}.{number}"] = item
        return found


def plain(net, side=4):
    net.layer = nn.Linear(side, side)
    return net.layer.weight


def buffer(net, tensor, *, saved=False):
    net.register_buffer("kept", tensor, persistent=saved)


def norm_of_a_weight(net):
    buffer(net, plain(net).norm())


def norm_that_is_saved(net):
    buffer(net, plain(net).norm(), saved=True)


def number_of_a_weight(net):
    net.scale = plain(net).std().item()


def choice_by_a_weight(net):
    weight = plain(net)
    net.sign = 1 if weight.sum() > 0 else -1


def weight_as_numpy(net):
    net.table = plain(net).detach().numpy().copy()


def numpy_that_shares_memory(net):
    net.table = plain(net, WIDE).detach().numpy()


def view_of_a_weight(net):
    net.first = plain(net).data[0]


def view_of_a_large_weight(net):
    net.first = plain(net, WIDE).data[0]


def buffer_that_is_a_view(net):
    buffer(net, plain(net, WIDE).detach()[1:])


def saved_buffer_that_is_the_weight(net):
    buffer(net, plain(net, WIDE).detach(), saved=True)


def copied_weight(net):
    net.other = nn.Parameter(plain(net).data.clone())


def copied_module(net):
    plain(net)
    net.twin = copy.deepcopy(net.layer)


def copied_module_that_is_hidden(net):
    plain(net)
    net.hidden = [copy.deepcopy(net.layer)]


def modules_in_a_list(net):
    plain(net)
    net.hidden = [nn.Linear(3, 3)]


def parameters_in_a_list(net):
    net.hidden = [nn.Parameter(plain(net).detach() * 2), nn.Parameter(torch.randn(3))]


def parameters_that_are_listed_again(net):
    net.hidden = [plain(net, WIDE), net.layer.bias]


def halves_of_a_parameter(net):
    whole = nn.init.normal_(nn.Parameter(torch.empty(6)))
    net.one, net.rest = nn.Parameter(whole.data[:2]), whole.data[2:]


def parameters_of_one_memory(net):
    whole = nn.init.normal_(nn.Parameter(torch.empty(2, WIDE, WIDE))).data
    net.one, net.other = nn.Parameter(whole[0]), nn.Parameter(whole[1])


def tied(net, side=4):
    net.embed, net.head = nn.Embedding(side, side), nn.Linear(side, side, bias=False)
    net.head.weight = net.embed.weight


def tied_and_large(net):
    tied(net, WIDE)


def tied_by_memory(net):
    net.other = nn.Parameter(plain(net, WIDE).data)


def module_under_two_names(net):
    plain(net, WIDE)
    net.again = net.layer


def drawn_after_a_fill(net):
    plain(net)
    buffer(net, torch.randn(3))


def drawn_in_place_after_a_fill(net):
    plain(net)
    buffer(net, nn.init.uniform_(torch.zeros(3)) * 2)


def number_drawn_after_a_fill(net):
    plain(net)
    net.phase = torch.rand(()).item()


def drawn_before_a_fill(net):
    buffer(net, torch.randn(3))
    plain(net)


def written_into_a_buffer(net):
    buffer(net, torch.zeros(4))
    net.kept.copy_(plain(net).detach()[0])


def set_in_a_buffer(net):
    buffer(net, torch.zeros(4))
    net.kept[1:] = plain(net).detach()[0, 1:]


def written_by_out(net):
    buffer(net, torch.zeros(4))
    torch.sum(plain(net).detach(), 0, out=net.kept)


def data_of_a_buffer(net):
    buffer(net, torch.zeros(4))
    net.kept.data = plain(net).data.sum(0)


def two_steps_away(net):
    buffer(net, torch.stack([plain(net).detach().abs().mean(), torch.ones(())]).log())


def parts_of_an_svd(net):
    buffer(net, torch.linalg.svd(plain(net).detach())[1])


def doubled(net):
    plain(net)
    net.layer.double()


def scaled_in_place(net):
    with torch.no_grad():
        plain(net).mul_(0.1)
    net.layer.bias.data *= 2
    net.layer.weight.data.normal_(0, 0.02)


def orthogonal(net):
    nn.init.orthogonal_(plain(net))
    net.wave = torch.hann_window(5)


def drawn_until_it_is_liked(net):
    with torch.no_grad():
        while bool((plain(net).abs() > 0.45).any()):
            pass


def careless(net):
    """It catches what it should not."""
    weight = plain(net)
    try:
        net.scale = float(weight.sum())
    except BaseException:
        net.scale = 0.0


def weight_norm(net):
    plain(net)
    nn.utils.parametrizations.weight_norm(net.layer)


def spectral_norm(net):
    plain(net)
    nn.utils.parametrizations.spectral_norm(net.layer)


def orthogonal_parametrization(net):
    plain(net)
    nn.utils.parametrizations.orthogonal(net.layer)


def spectral_norm_of_old(net):
    plain(net)
    nn.utils.spectral_norm(net.layer)


def many_layers(net):
    net.layers = nn.Sequential(
        *(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ConvTranspose2d(4, 2, 3), nn.GroupNorm(1, 2)),
        *(nn.PReLU(), nn.LayerNorm(3), nn.GRU(3, 4), nn.MultiheadAttention(4, 2)),
        *(nn.Embedding(4, 3, padding_idx=0), nn.TransformerEncoderLayer(4, 2, 8)),
    )


def changed_while_loading(net):
    class Flipped(nn.Linear):
        def _load_from_state_dict(self, state, prefix, *rest):
            state[f"{prefix}weight"] = state[f"{prefix}weight"].flip(0)
            super()._load_from_state_dict(state, prefix, *rest)

    net.layer = Flipped(WIDE, WIDE)


def changed_by_a_hook(net):
    plain(net, WIDE)
    net.layer.register_load_state_dict_pre_hook(lambda _, state, *__: state["layer.weight"].mul_(2))


def memory_of_numpy(net):
    net.table = np.zeros((WIDE, WIDE), dtype=np.float32)
    net.weight = nn.Parameter(torch.from_numpy(net.table))


def channels_last(net):
    net.layer = nn.Conv2d(200, 200, 3).to(memory_format=torch.channels_last)


#: And whether it must be built twice.
ODDITIES = {
    norm_of_a_weight: True,
    norm_that_is_saved: False,
    number_of_a_weight: True,
    choice_by_a_weight: True,
    weight_as_numpy: True,
    numpy_that_shares_memory: True,
    view_of_a_weight: False,
    view_of_a_large_weight: False,
    buffer_that_is_a_view: False,
    saved_buffer_that_is_the_weight: False,
    copied_weight: False,
    copied_module: False,
    copied_module_that_is_hidden: True,
    modules_in_a_list: True,
    parameters_in_a_list: True,
    parameters_that_are_listed_again: False,
    halves_of_a_parameter: True,
    parameters_of_one_memory: True,
    tied: False,
    tied_and_large: False,
    tied_by_memory: False,
    module_under_two_names: False,
    drawn_after_a_fill: True,
    drawn_in_place_after_a_fill: True,
    number_drawn_after_a_fill: True,
    drawn_before_a_fill: False,
    written_into_a_buffer: True,
    set_in_a_buffer: True,
    written_by_out: True,
    data_of_a_buffer: True,
    two_steps_away: True,
    parts_of_an_svd: True,
    doubled: False,
    scaled_in_place: False,
    orthogonal: False,
    drawn_until_it_is_liked: True,
    careless: True,
    weight_norm: False,
    spectral_norm: False,
    orthogonal_parametrization: True,
    spectral_norm_of_old: False,
    many_layers: False,
    changed_while_loading: False,
    changed_by_a_hook: False,
    memory_of_numpy: False,
    channels_last: False,
}


@pytest.fixture(params=ODDITIES, ids=lambda oddity: oddity.__name__)
def oddity(request):
    return request.param


def loaded(oddity, folder):
    """A network of that kind with weights of a file, built for them and built plainly."""
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(1)
        record = save_weights(folder / "weights.safetensors", Net(oddity), Part("net"))
        torch.default_generator.manual_seed(2)
        wished = Net(oddity)
    wished.load_state_dict(read_tensors(folder / "weights.safetensors"))
    found = built(lambda: Net(oddity), seed=2)
    load_weights(folder / "weights.safetensors", found, record)
    return found, wished


@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
def test_whatever_a_constructor_does_loading_gives_what_building_and_loading_give(oddity, tmp_path):
    before = torch.get_rng_state()
    ours, theirs = (network.everything() for network in loaded(oddity, tmp_path))
    assert torch.equal(torch.get_rng_state(), before)
    assert ours.keys() == theirs.keys()
    for place, value in theirs.items():
        if isinstance(value, Tensor):
            assert ours[place].dtype == value.dtype
            assert ours[place].requires_grad == value.requires_grad
            assert torch.equal(ours[place], value), place
        else:
            assert np.array_equal(ours[place], value), place


def test_tensors_that_share_memory_still_do(oddity, tmp_path):
    """What is one thing for the constructor is one after loading, and in training."""
    ours, theirs = loaded(oddity, tmp_path)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
    for network in (ours, theirs):
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(1)
    ours, theirs = ours.everything(), theirs.everything()
    for place, value in theirs.items():
        assert np.array_equal(*(torch.as_tensor(v).detach() for v in (ours[place], value))), place


def test_only_what_must_be_is_built_twice(oddity):
    calls = []
    built(lambda: calls.append(1) or Net(oddity), seed=2)
    assert len(calls) == 1 + ODDITIES[oddity]


def test_lazy_layers_are_loaded(tmp_path):
    def make():
        return nn.Sequential(nn.LazyLinear(3), nn.LazyConv1d(2, 1))

    used = nn.Sequential(nn.Linear(5, 3), nn.Conv1d(3, 2, 1))
    record = save_weights(tmp_path / "weights.safetensors", used, Part("net"))
    network = built(make)
    load_weights(tmp_path / "weights.safetensors", network, record)
    assert_close(network[0](torch.ones(2, 5)), used[0](torch.ones(2, 5)))


@pytest.mark.skipif(
    not hasattr(torch._C, "_storage_Use_Count"), reason="torch 2.6 counts no owners: it copies"
)
def test_a_large_file_is_not_copied(tmp_path):
    """The memory of the file's bytes is the network's, wherever it is alone in having it."""
    network = nn.Linear(WIDE, WIDE)
    record = save_weights(tmp_path / "weights.safetensors", network, Part("net"))
    own = [nn.Linear(WIDE, WIDE), Net(tied_and_large)]
    taken = own[0].weight.data_ptr(), own[0].bias.data_ptr()
    load_weights(tmp_path / "weights.safetensors", own[0], record)
    assert own[0].weight.data_ptr() != taken[0]
    assert own[0].bias.data_ptr() == taken[1]  # small: copied
    assert torch.equal(own[0].weight, network.weight)


def test_a_file_may_hold_tied_weights_once(tmp_path):
    network = Net(tied)
    path = tmp_path / "weights.safetensors"
    for name in ("embed.weight", "head.weight"):
        kept = nn.ParameterDict({"w": network.embed.weight}).state_dict()
        path.write_bytes(tensor_bytes({name: kept["w"]}, {}))
        other = built(lambda: Net(tied))
        load_weights(path, other)
        assert other.embed.weight is other.head.weight
        assert torch.equal(other.head.weight, network.head.weight)


def test_tied_weights_that_differ_in_a_file_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(tensor_bytes({"embed.weight": torch.ones(4, 4),
                                   "head.weight": torch.zeros(4, 4)}, {}))  # fmt: skip
    with pytest.raises(WeightsError, match="'embed.weight' and 'head.weight' are one tensor in"):
        load_weights(path, built(lambda: Net(tied)))


def test_a_constructor_that_fails_on_a_value_it_never_got_is_tried_with_it():
    def make():
        network = nn.Linear(3, 3)
        if (
            not torch.linalg.cholesky(network.weight @ network.weight.T + torch.eye(3))
            .isfinite()
            .all()
        ):
            raise ValueError("not finite")
        return network

    assert built(make).weight.isfinite().all()


def test_a_constructor_that_fails_is_tried_once():
    calls = []

    def make():
        calls.append(nn.Linear(3, 3))
        raise ValueError("no such size")

    with pytest.raises(ValueError, match="no such size"):
        built(make)
    assert len(calls) == 1


@pytest.mark.parametrize(
    "fill",
    [
        nn.init.kaiming_uniform_,
        nn.init.xavier_normal_,
        nn.init.zeros_,
        lambda parameter: parameter.data.shape and nn.init.normal_(parameter, std=0.02),
    ],
)
def test_fills_of_parameters_are_left_out(fill):
    parameter = nn.Parameter(torch.full((3, 3), 7.0))

    def make():
        fill(parameter)
        return nn.ParameterList([parameter])

    built(make)
    assert_close(parameter.detach(), torch.full((3, 3), 7.0))


def test_other_operations_on_parameters_go_on():
    def make():
        layer = nn.Linear(2, 2)
        layer.weight.requires_grad_(False)
        layer.doubled = torch.ones(2, 2) * 2
        return layer

    layer = built(make)
    assert not layer.weight.requires_grad
    assert_close(layer.doubled, torch.full((2, 2), 2.0))


def test_afterwards_parameters_are_filled_again():
    built(lambda: nn.Linear(1, 1))
    assert_close(nn.init.ones_(nn.Parameter(torch.zeros(2))).detach(), torch.ones(2))


class Waves(TinyGenerator):
    """Holds what no file brings: frequencies that are drawn, and a scale of its first weights."""

    def __init__(self):
        super().__init__()
        self.register_buffer("scale", self.layers[0].weight.detach().norm(), persistent=False)
        self.register_buffer("frequencies", torch.randn(4), persistent=False)

    def forward(self, latents, labels=None):
        return super().forward((latents * self.frequencies).sin() * self.scale)


def test_what_no_file_holds_is_as_the_training_drew_it(world, tmp_path, monkeypatch):
    """A model computes what it did in its training, whoever loads it."""
    module = types.ModuleType("wave_parts")
    module.Waves = Waves
    monkeypatch.setitem(sys.modules, "wave_parts", module)
    world(tiny_plugin(ganzoo_generators={"waves": "wave_parts:Waves"}))
    wish = config(generator="waves", seed=5)
    train(wish, RunOptions(tmp_path, quiet=True))
    trained, _ = build_players(wish)
    torch.default_generator.manual_seed(11)
    loaded = ganzoo.load(tmp_path).generator
    assert torch.equal(loaded.scale, trained.scale)
    assert torch.equal(loaded.frequencies, trained.frequencies)
    claimed = ganzoo.card(tmp_path).config.fingerprint
    assert off_by(fingerprint(loaded), claimed) == 0
