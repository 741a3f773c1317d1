"""Weights of a plain public DCGAN script, and of others, made model folders; or refused clearly."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.testing import assert_close

import commands
import ganzoo
from ganzoo.errors import ConfigError, UnknownNameError, UsageError, WeightsError
from ganzoo.importing.match import match, natural
from ganzoo.importing.model import Import, import_model
from ganzoo.importing.take import take
from ganzoo.specs import Part, read_config
from ganzoo.weights import untrusted as foreign
from tiny import TinyGenerator

NZ, NGF, NDF, NC = 100, 4, 4, 3


class ScriptGenerator(nn.Module):
    """As such scripts have it, for 64x64."""

    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(NZ, NGF * 8, 4, 1, 0, bias=False),
            nn.BatchNorm2d(NGF * 8),
            nn.ReLU(True),
            nn.ConvTranspose2d(NGF * 8, NGF * 4, 4, 2, 1, bias=False),
            nn.BatchNorm2d(NGF * 4),
            nn.ReLU(True),
            nn.ConvTranspose2d(NGF * 4, NGF * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(NGF * 2),
            nn.ReLU(True),
            nn.ConvTranspose2d(NGF * 2, NGF, 4, 2, 1, bias=False),
            nn.BatchNorm2d(NGF),
            nn.ReLU(True),
            nn.ConvTranspose2d(NGF, NC, 4, 2, 1, bias=False),
            nn.Tanh(),
        )

    def forward(self, noise: Tensor) -> Tensor:
        return self.main(noise)


class ScriptDiscriminator(nn.Module):
    """The same for the other player."""

    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(NC, NDF, 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(NDF, NDF * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(NDF * 2),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(NDF * 2, NDF * 4, 4, 2, 1, bias=False),
            nn.BatchNorm2d(NDF * 4),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(NDF * 4, NDF * 8, 4, 2, 1, bias=False),
            nn.BatchNorm2d(NDF * 8),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(NDF * 8, 1, 4, 1, 0, bias=False),
            nn.Sigmoid(),
        )


def trained(network: nn.Module) -> nn.Module:
    """With statistics of its own in every layer, as after a training."""
    rng = torch.Generator().manual_seed(0)
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.copy_(torch.rand(tensor.shape, generator=rng) + 0.5)
        elif tensor.is_floating_point():
            tensor.copy_(torch.randn(tensor.shape, generator=rng) * 0.1)
        else:
            tensor.fill_(7)
    return network.eval()


SCRIPT = trained(ScriptGenerator())
OTHER = trained(ScriptDiscriminator())
#: How scripts save: the state, nested, of DataParallel, of everything, without counters.
SAVED = {
    "plain": SCRIPT.state_dict(),
    "nested": {"epoch": 3, "state_dict": SCRIPT.state_dict()},
    "parallel": {f"module.{name}": t for name, t in SCRIPT.state_dict().items()},
    "both wraps": {"state_dict": {f"module.{n}": t for n, t in SCRIPT.state_dict().items()}},
    "everything": {
        "netG": SCRIPT.state_dict(),
        "netD": OTHER.state_dict(),
        "optimizer": {"state": {0: {"exp_avg": torch.zeros(100, 32, 4, 4)}}},
    },
    "old": {n: t for n, t in SCRIPT.state_dict().items() if "batches" not in n},
    "other names": {n.replace("main", "net.blocks"): t for n, t in SCRIPT.state_dict().items()},
}


@pytest.fixture(autouse=True)
def here(request, monkeypatch):
    """Read checkpoints in this process, which takes no seconds; but for tests of the process."""
    if request.function not in (test_code_is_refused, test_the_command):
        monkeypatch.setattr(foreign, "_limit", lambda size: None)
        monkeypatch.setattr(foreign, "_convert_elsewhere", foreign._convert)


def saved(path: Path, data: object) -> Path:
    torch.save(data, path)  # noqa: TID251
    return path


def part(**more) -> Part:
    return Part("dcgan-2015", {"width": NGF, **more})


def wish(tmp_path: Path, weights: Path, **more) -> Import:
    known = {"name": "dcgan-faces", "out": tmp_path / "model", "generator": part()}
    return Import(weights=weights, **{**known, **more})


def samples_of_the_script(latents: Tensor) -> Tensor:
    with torch.no_grad():
        return SCRIPT(latents[:, :, None, None])


# A script's weights


@pytest.mark.parametrize("form", SAVED)
def test_a_scripts_weights_make_the_scripts_samples(form, tmp_path):
    import_model(wish(tmp_path, saved(tmp_path / "netG.pth", SAVED[form])))
    model = ganzoo.load(tmp_path / "model")
    assert_close(model.sample(3, seed=5), samples_of_the_script(model.latents(3, seed=5)))


def test_the_folder_says_what_is_known_of_the_weights_and_no_more(tmp_path):
    done = import_model(wish(tmp_path, saved(tmp_path / "netG.pth", SAVED["nested"])))
    config, _ = read_config(tmp_path / "model" / "config.json")
    assert sorted(path.name for path in done.folder.iterdir()) == [
        *("README.md", "config.json", "model.safetensors", "samples.png")
    ]
    assert config.generator == Part("ganzoo-dcgan/dcgan-2015", {"width": NGF})
    assert config.discriminator.name == "ganzoo-dcgan/dcgan-2015"
    assert config.requires == {"ganzoo-dcgan": ">=0.1"} and config.licenses is None
    told = config.extra["imported"]["generator"]
    assert (told["file"], told["matched"], len(told["sha256"])) == ("netG.pth", "by name", 64)
    assert config.fingerprint is not None and config.provenance.images == 0
    assert "<!-- write: what the model is for" in (tmp_path / "model" / "README.md").read_text()


def test_both_players_come_with_their_weights_and_go_on_training(tmp_path):
    everything = saved(tmp_path / "all.pth", SAVED["everything"])
    discriminator = saved(tmp_path / "netD.pth", OTHER.state_dict())
    import_model(wish(tmp_path, everything, key="netG", discriminator_weights=discriminator))
    model = ganzoo.load(tmp_path / "model")
    images = model.sample(2, seed=0)
    with torch.no_grad():
        assert_close(model.discriminator(images).sigmoid(), OTHER.main(images).flatten())


def test_half_precision_becomes_single(tmp_path):
    halves = {n: t.half() if t.is_floating_point() else t for n, t in SCRIPT.state_dict().items()}
    import_model(wish(tmp_path, saved(tmp_path / "half.pth", halves)))
    assert ganzoo.load(tmp_path / "model").sample(1, seed=0).dtype == torch.float32


def test_a_safetensors_file_is_ordered_by_the_numbers_in_its_names(tmp_path):
    renamed = {n.replace("main", "net"): t for n, t in SCRIPT.state_dict().items()}
    save_file(renamed, tmp_path / "g.safetensors")  # which sorts main.10 before main.3
    import_model(wish(tmp_path, tmp_path / "g.safetensors"))
    model = ganzoo.load(tmp_path / "model")
    assert_close(model.sample(1, seed=5), samples_of_the_script(model.latents(1, seed=5)))
    assert [*sorted(["a.10", "a.9", "a"], key=natural)] == ["a", "a.9", "a.10"]


def test_mapping_says_which_is_which(tmp_path):
    names = {"net.first": "main.0", "net.norm": "main.1", "junk": None}
    mine = {"net.first.weight": "main.0.weight"}
    state = {
        n: t for n, t in SCRIPT.state_dict().items() if not n.startswith(("main.0", "main.1."))
    }
    state |= {f"net.norm.{leaf}": SCRIPT.state_dict()[f"main.1.{leaf}"]
              for leaf in ("weight", "bias", "running_mean", "running_var")}  # fmt: skip
    state |= {"net.first.weight": SCRIPT.state_dict()["main.0.weight"], "junk": torch.ones(1)}
    path = saved(tmp_path / "odd.pth", state)
    done = import_model(wish(tmp_path, path, mapping={**names, **mine}))
    assert done.taken["generator"].how == "by --map"
    assert done.taken["generator"].left_out == ("junk",)
    model = ganzoo.load(tmp_path / "model")
    assert_close(model.sample(1, seed=5), samples_of_the_script(model.latents(1, seed=5)))


# Refusals


def refused(tmp_path: Path, data: object, text: str, **more) -> str:
    with pytest.raises(WeightsError, match=text) as told:
        import_model(wish(tmp_path, saved(tmp_path / "x.pth", data), **more))
    assert not (tmp_path / "model").exists()
    assert "\n" not in str(told.value)
    return str(told.value)


def test_another_width_is_told_with_tensors_and_shapes_of_both(tmp_path):
    said = refused(tmp_path, SAVED["plain"], "belong to another network", generator=part(width=8))
    assert "the file has main.0.weight [100, 32, 4, 4], main." in said
    assert "the network has main.0.weight [100, 64, 4, 4], main." in said
    assert said.endswith("change the network with --set, or use another --generator")


def test_what_only_one_side_has_is_told(tmp_path):
    less = {n: t for n, t in SAVED["plain"].items() if not n.startswith("main.12")}
    assert "the file has nothing else; the network has main.12.weight [4, 3, 4, 4];" in refused(
        tmp_path, less, "x.pth: the weights belong to another network"
    )
    more = {"net": {**SAVED["plain"], "head.weight": torch.zeros(2, 3)}, "n": 3}
    said = refused(tmp_path, more, "the file has head.weight")
    assert "head.weight [2, 3]; the network lacks nothing" in said
    both = {"netG": more["net"], "netD": OTHER.state_dict()}
    assert refused(tmp_path, both, "to another").endswith(" (--key takes one of netG, netD)")


def test_the_other_player_is_refused(tmp_path):
    refused(tmp_path, OTHER.state_dict(), r"the file has main.11.weight \[1, 32, 4, 4\]; the ne")


def test_two_that_fit_are_ambiguous(tmp_path):
    two = {"netG": SAVED["plain"], "netG_ema": SAVED["plain"]}
    refused(tmp_path, two, "netG and netG_ema hold such weights; choose with --key")
    with pytest.raises(WeightsError, match="nothing below 'net'; did you mean 'netG'"):
        import_model(wish(tmp_path, tmp_path / "x.pth", key="net"))


def test_layers_are_never_paired_against_their_names():
    layer, end = torch.zeros(4, 4), torch.zeros(2, 4)
    ours = {"b1.weight": layer, "b2.weight": layer, "last.weight": end}
    for wrap in ("", "module."):
        theirs = {f"{wrap}{name}.weight": ours.get(f"{name}.weight", end)
                  for name in ("b2", "b1", "out")}  # fmt: skip
        with pytest.raises(
            WeightsError, match="is the network's b1, but .*b1 has that name; assign"
        ):
            match(theirs, ours)
    swapped = {"a.weight": torch.zeros(4, 8), "b.weight": torch.zeros(8, 4)}
    other = {"a.weight": swapped["b.weight"], "b.weight": swapped["a.weight"]}
    with pytest.raises(WeightsError, match="b of the file is the network's a, but a has that"):
        match(swapped, other)


def test_a_network_that_counts_down_is_not_matched_by_numbers():
    ours = {f"up.{i}.weight": torch.zeros(4, 4) for i in (16, 8, 4)}
    theirs = {f"net.{i}.weight": torch.zeros(4, 4) for i in (16, 8, 4)}
    with pytest.raises(
        WeightsError, match=r"has up\.16 before up\.8, of the same shape, and a safet"
    ):
        match(theirs, ours, ordered=False)
    assert match(theirs, ours).names["up.16.weight"] == "net.16.weight"


def test_what_order_alone_told_is_reported():
    ours = {"m.0.weight": torch.zeros(4, 4), "m.1.weight": torch.zeros(4, 4),
            "end.weight": torch.zeros(2, 4)}  # fmt: skip
    theirs = dict(zip(("n.0.weight", "n.1.weight", "out.weight"), ours.values(), strict=True))
    assert match(theirs, ours).by_order == (("n.0", "m.0"), ("n.1", "m.1"))


@pytest.mark.parametrize("data", ["net", "list"])
def test_two_tensors_of_one_name_are_refused(data, tmp_path):
    """Of which only one could be taken, and nobody said which."""
    one = torch.zeros(1)
    twice = {"net": {"net": {"a": one}, "net.a": one}, "list": {"list": {0: one, "0": one}}}
    with pytest.raises(WeightsError, match="two of its tensors are named '"):
        foreign.read_checkpoint(saved(tmp_path / "x.pth", twice[data]))


def test_numbers_that_the_network_cannot_hold_are_refused(tmp_path):
    doubles = {n: t.double() if t.is_floating_point() else t for n, t in SAVED["plain"].items()}
    huge = {**doubles, "main.0.weight": torch.full((100, 32, 4, 4), 1e300, dtype=torch.float64)}
    refused(tmp_path, huge, "main.0.weight .* holds NaN or infinity, or more than the network's fl")
    import_model(wish(tmp_path, saved(tmp_path / "doubles.pth", doubles)))
    other = {**SAVED["plain"], "main.0.weight": torch.ones(100, 32, 4, 4, dtype=torch.int8)}
    with pytest.raises(WeightsError, match="is int8, the network's float32; give the original"):
        import_model(wish(tmp_path, saved(tmp_path / "x.pth", other), out=tmp_path / "other"))


def test_the_discriminators_part_of_a_file_is_named(tmp_path):
    two = saved(tmp_path / "both.pth", {**SAVED["everything"], "netD_ema": OTHER.state_dict()})
    both = {"key": "netG", "discriminator_weights": two}
    with pytest.raises(WeightsError, match="netD and netD_ema hold .*; choose with --discrimina"):
        import_model(wish(tmp_path, two, **both))
    done = import_model(wish(tmp_path, two, discriminator_key="netD_ema", **both))
    assert done.taken["discriminator"].tensors > 0


def test_not_a_number_is_refused(tmp_path):
    bad = {n: t.clone() for n, t in SAVED["plain"].items()}
    bad["main.0.weight"][0, 0, 0, 0] = float("nan")
    refused(tmp_path, bad, r"main.0.weight \[100, 32, 4, 4\] holds NaN or infinity")


def test_code_is_refused(tmp_path):
    refused(tmp_path, SCRIPT, "holds more than weights, or is damaged: it names .*ScriptGenerator")


@pytest.mark.parametrize(
    ("mapping", "text"),
    [
        ({"nowhere": "main.0"}, "--map: the file has no 'nowhere'"),
        ({"main.0": "grow.0"}, r"has no 'grow.0.weight' for main.0.weight \[100, 32, 4, 4\]"),
        ({"main.0": "main.3"}, "main.3.weight"),
        (
            {"main.0.weight": None},
            r"nothing is assigned to the network's main.0.weight \[100, 32, 4, 4\]",
        ),
        ({"main.4": "main.1"}, "both go to main.1.weight|does not fit main.1.weight"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(mapping, text, tmp_path):
    refused(tmp_path, SAVED["plain"], text, mapping=mapping)


# Which is which


class Twins(nn.Module):
    """Two layers of one shape among others."""

    def __init__(self, *order: str) -> None:
        super().__init__()
        shapes = {"a": (3, 3), "b": (3, 3), "c": (3, 2), "d": (2, 4)}
        for number, name in enumerate(order):
            self.add_module(name, nn.Linear(*shapes[name[0]]).requires_grad_(False))
            self.get_submodule(name).weight.fill_(number)


def test_layers_alike_in_shape_and_in_another_order_are_never_guessed():
    found, wanted = Twins("c", "a", "b").state_dict(), Twins("a1", "b1", "c1").state_dict()
    with pytest.raises(WeightsError, match="another order than the network's, and a1 and b1 have"):
        match(found, wanted)
    assert match(Twins("a", "b", "c").state_dict(), wanted).names["b1.weight"] == "b.weight"


def test_without_an_order_names_must_count():
    wanted = Twins("a1", "b1", "c1").state_dict()
    with pytest.raises(
        WeightsError, match="a and b have the same shape, and a safetensors file kee"
    ):
        match(Twins("a", "b", "c").state_dict(), wanted, ordered=False)
    assert match(Twins("a3", "a10", "c").state_dict(), wanted, ordered=False).names == {
        "a1.weight": "a3.weight", "a1.bias": "a3.bias", "b1.weight": "a10.weight",
        "b1.bias": "a10.bias", "c1.weight": "c.weight", "c1.bias": "c.bias",
    }  # fmt: skip


def test_shapes_alone_tell_where_all_differ():
    found = match(Twins("d", "c", "a").state_dict(), Twins("a1", "c1", "d1").state_dict())
    assert found.how == "by shape" and found.names["d1.bias"] == "d.bias"


def test_parts_of_a_layer_are_told_by_their_names_and_not_by_their_place(tmp_path):
    network = TinyGenerator()
    state = {f"net.{i}.{leaf}": network.state_dict()[f"layers.{i}.{leaf}"]
             for i in (0, 2) for leaf in ("bias", "weight")}  # fmt: skip
    fresh = TinyGenerator()
    take(saved(tmp_path / "x.pth", state), fresh)
    assert all(
        torch.equal(a, b) for a, b in zip(network.parameters(), fresh.parameters(), strict=True)
    )


# The command


def ganzoo_import(*words: str) -> int:
    return commands.ganzoo("import", *words)


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    saved(tmp_path / "netG.pth", SAVED["parallel"])
    words = ("netG.pth", "--generator", "dcgan-2015", "--set", "width=4", "--name", "dcgan-faces")
    monkeypatch.setattr(sys, "argv", ["ganzoo", "import", *words, "--out", str(tmp_path / "m")])
    assert ganzoo_import(*words, "--out", "m") == 0
    assert capsys.readouterr().out == (
        "generator: 25 tensors, matched by name\ndcgan-faces: m  (ganzoo sample m/)\n"
    )
    command = read_config(tmp_path / "m" / "config.json")[0].provenance.command
    assert command == f"ganzoo import {' '.join(words)} --out m"  # no path of this machine
    assert ganzoo_import(*words, "--out", "m") == 2
    assert "m exists already; give another --out" in capsys.readouterr().err
    assert ganzoo_import(*words, "--out", "n", "--discriminator-key", "netD") == 2
    assert "requires --discriminator-weights FILE" in capsys.readouterr().err
    (tmp_path / "map.json").write_text(json.dumps({"main.0": 3}))
    assert ganzoo_import(*words, "--out", "n", "--map", "map.json") == 1
    assert "expected an object of the file's names to the network's" in capsys.readouterr().err


def test_the_folder_one_is_in_is_never_replaced(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    path = saved(tmp_path / "x.pth", SAVED["plain"])
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(UsageError, match=r"\. is or holds the folder you are in; give another --"):
        import_model(wish(tmp_path, path, out=Path()))
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["here", "x.pth"]


@pytest.mark.parametrize(
    ("more", "error", "text"),
    [
        ({"name": "Faces"}, UsageError, "--name Faces: a model's name is lower-case"),
        ({"generator": Part("dcgan-2016")}, UnknownNameError, "did you mean 'dcgan-2015'"),
        ({"discriminator": Part("dcgan-2015", {"size": 32})}, ConfigError, "discriminator takes"),
        ({"data": Part("nowhere")}, UnknownNameError, "no dataset 'nowhere'"),
    ],
)
def test_what_does_not_fit_together_is_refused(more, error, text, tmp_path):
    path = saved(tmp_path / "x.pth", SAVED["plain"])
    with pytest.raises(error, match=text):
        import_model(wish(tmp_path, path, **more))
    assert not (tmp_path / "model").exists()


def test_points_want_their_data(tiny_world, tmp_path):
    path = saved(tmp_path / "x.pth", TinyGenerator().state_dict())
    with pytest.raises(UsageError, match="name the data set of these samples with --data"):
        import_model(wish(tmp_path, path, generator=Part("tiny")))
    import_model(wish(tmp_path, path, generator=Part("tiny"), data=Part("ring")))
    assert read_config(tmp_path / "model" / "config.json")[0].kind == "points"
