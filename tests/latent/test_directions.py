"""`ganzoo directions` and `ganzoo edit`."""

from __future__ import annotations

import pytest
import torch
from PIL import Image
from torch import nn
from torch.testing import assert_close

import commands
import ganzoo
from ganzoo.errors import UsageError, WeightsError
from ganzoo.extractors import open_extractor
from ganzoo.latent import Directions, directions, edit
from ganzoo.latent.finding import _weights
from styled import styled


@pytest.fixture(scope="module")
def digits():
    return ganzoo.load("dcgan-mnist")


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run `ganzoo ...` in an empty folder: (exit code, output, error)."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: (commands.ganzoo(*words), *capsys.readouterr())


def test_principal_components_of_styles_are_those_of_their_covariance():
    model = styled()
    found = directions(model, 3)
    weights = model.generator.mapping.weight.detach()  # of normal latents: covariance W W^T
    spread, wanted = torch.linalg.eigh(weights @ weights.T)
    cosines = (found.vectors * wanted.T.flip(0)).sum(1).abs()
    assert_close(cosines, torch.ones(3), rtol=0, atol=0.05)
    assert_close(found.sigmas, spread.flip(0).sqrt(), rtol=0.05, atol=0)
    assert found.names == ("pca-1", "pca-2", "pca-3") and found.in_styles


def test_sefa_reads_the_weights_of_all_layers_that_act_on_a_style():
    model = styled()
    weights = torch.cat([layer.weight for layer in model.generator.draw]).detach().double()
    assert_close(torch.cat([*_weights(model, 0, None)]), weights, rtol=0, atol=1e-5)
    wanted = torch.linalg.eigh(weights.T @ weights).eigenvectors.T.flip(0).float()
    cosines = (directions(model, 3, by="sefa").vectors * wanted).sum(1).abs()
    assert_close(cosines, torch.ones(3), rtol=0, atol=1e-4)


def test_a_linear_first_layer_gives_both_methods_the_same_directions():
    model = styled()
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(0)
        model.generator = Plain().eval().requires_grad_(False)
    first, second = (directions(model, 2, by=by) for by in ("pca", "sefa"))
    cosines = (first.vectors * second.vectors).sum(1)
    assert_close(cosines, torch.ones(2), rtol=0, atol=0.05)


class Plain(ganzoo.Generator):
    """Latents [N, 4] -> points, through a layer that stretches two coordinates."""

    latent_dim, sample_shape = 4, (2,)

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(4, 4), nn.Linear(4, 2)
        with torch.no_grad():
            self.first.weight.copy_(torch.tensor([5.0, 3.0, 0.3, 0.1]).diag())

    def forward(self, latents, labels=None):
        return self.last(self.first(latents).tanh())


def test_a_layer_that_is_not_linear_is_not_read():
    model = styled()
    model.generator = Squared().eval()
    with pytest.raises(UsageError, match="no module that is linear in its latents"):
        directions(model, by="sefa")


class Squared(Plain):
    """What comes first is no weighted sum of latents."""

    def forward(self, latents, labels=None):
        return super().forward(latents.square())


def test_a_class_direction_leads_to_its_class(digits):
    found = directions(digits, by="label")
    assert len(found) == 10
    latents = digits.latents(64, seed=9)
    judge = open_extractor("cnn-mnist")
    ones = [
        (judge.logits(edit(digits, latents, found, {"1": amount})).argmax(1) == 1).sum()
        for amount in (-2.0, 0.0, 2.0)
    ]
    assert ones[0] < 3 and ones[2] > 3 * ones[1]


def test_latents_of_a_conditional_model_hold_no_class():
    with pytest.raises(UsageError, match="hold no class, which is its label"):
        directions(ganzoo.load("dcgan-letters"), by="label")


def test_what_the_label_decides_does_not_show_in_latents(monkeypatch):
    monkeypatch.setattr("ganzoo.latent.deciding.DECISIONS", 1024)
    with pytest.raises(UsageError, match="no attribute of 1024 samples of dcgan-letters shows in"):
        directions(ganzoo.load("dcgan-letters"), by="attribute")


def test_styles_of_a_conditional_model_hold_its_classes():
    found = directions(styled(num_classes=3), by="label")
    assert found.names == ("class-0", "class-1", "class-2")


def test_no_step_leaves_samples_as_they_are(digits):
    found = Directions(("a",), torch.eye(1, 100), torch.ones(1), False, "pca", sha256(digits))
    latents = digits.latents(3, seed=2)
    assert_close(edit(digits, latents, found, {"a": 0.0}), digits.sample(latents=latents, seed=0))
    moved = digits.sample(latents=latents + 2 * torch.eye(1, 100), seed=0)
    assert_close(edit(digits, latents, found, {"a": 2.0}), moved)


def sha256(model):
    return model.card.require_config().files["model.safetensors"].sha256


def test_a_file_is_read_as_written_by_its_own_model_only(digits, tmp_path):
    found = Directions(("a",), torch.eye(1, 100), torch.ones(1), False, "pca", sha256(digits))
    found.save(tmp_path / "a.safetensors")
    found.save(tmp_path / "b.safetensors")
    same = (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    again = Directions.read(tmp_path / "a.safetensors", digits)
    assert same and again.names == ("a",) and torch.equal(again.vectors, found.vectors)
    other = ganzoo.load("wgan-mnist")
    with pytest.raises(WeightsError, match="these directions belong to a model with sha256"):
        Directions.read(tmp_path / "a.safetensors", other)
    with pytest.raises(UsageError, match="belong to another model than wgan-mnist"):
        edit(other, other.latents(1, seed=0), found, {"a": 1.0})


def test_directions_are_found_and_followed(run, tmp_path):
    for name in ("a", "b"):
        words = ("-k", 2, "--by", "sefa", "-o", f"{name}.safetensors")
        code, output, _ = run("directions", "dcgan-mnist", *words)
        assert code == 0 and "row 2  sefa-2  sigma" in output
    for end in ("safetensors", "png"):
        assert (tmp_path / f"a.{end}").read_bytes() == (tmp_path / f"b.{end}").read_bytes()
    with Image.open(tmp_path / "a.png") as strips:
        assert strips.size == (7 * 30 + 2, 2 * 30 + 2)
    words = ("--direction", "sefa-1=2.5", "--directions", "a.safetensors", "-n", 4)
    assert run("edit", "dcgan-mnist", *words)[0] == 0
    with Image.open(tmp_path / "edited.png") as edited:
        assert edited.size == (62, 62)
    code, _, error = run("edit", "wgan-mnist", *words)
    assert code == 1 and "make them again for this model" in error and error.count("\n") == 1
    words = ("--direction", "sefa-3=1", "--directions", "a.safetensors")
    code, _, error = run("edit", "dcgan-mnist", *words)
    assert code == 2 and "there is no direction 'sefa-3'; " in error


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("directions", "dcgan-mnist", "-o", "a.pt"), "a.pt must end in .safetensors"),
        (("directions", "dcgan-mnist", "--by", "magic"), "'magic' is not one of"),
        (("directions", "dcgan-mnist", "--by", "attribute"), "judges by no attribute; use pca"),
        (("edit", "dcgan-mnist", "--direction", "a=1"), "no directions.safetensors here or in"),
        (("edit", "dcgan-mnist", "--direction", "a"), "'a': give a name and a number"),
        (("edit", "dcgan-mnist"), "Missing option '--direction'"),
    ],
)
def test_bad_input_gets_one_line(run, tmp_path, monkeypatch, words, text):
    monkeypatch.setattr("ganzoo.latent.deciding.DECISIONS", 64)
    code, _, error = run(*words)
    assert code == 2 and text in error and error.count("\n") == 1
    assert not [*tmp_path.iterdir()]
