"""The extractors: what they take, what they know, and that their weights are theirs."""

from __future__ import annotations

import json
from functools import cache

import pytest
import torch
from ganzoo_art.extractors import (
    NETWORKS,
    WEIGHTS,
    AttributeExtractor,
    DrawingExtractor,
    StyleExtractor,
    open_weights,
    read_config,
)
from ganzoo_art.letters import Letters
from ganzoo_art.portraits import Faces, PixelFaces
from ganzoo_art.sheets import ArtError
from torch.testing import assert_close

from ganzoo.extractors import open_extractor

NAMES = sorted(folder.name for folder in WEIGHTS.iterdir())
OWN = {"letters": Letters, "pixel-faces": PixelFaces, "faces": Faces}


@cache
def samples(name: str, n: int = 400, **arguments):
    """Test drawings from all over a set, and what is told of them."""
    data = OWN[name](split="test", **arguments)
    rng = torch.Generator().manual_seed(0)
    return data.batch(torch.randperm(len(data), generator=rng)[:n])


def opened(name: str) -> DrawingExtractor:
    return open_weights(NETWORKS[read_config(WEIGHTS / name)["network"]["name"]], name)


def of_set(name: str) -> str:
    return name.partition("-")[2]


# --- What they take and give ------------------------------------------------------------------


def test_every_extractor_of_the_plugin_has_weights():
    from ganzoo_art.plugin import ganzoo_extractors

    assert sorted(ganzoo_extractors()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_features_are_on_one_scale(name):
    """Mean 0 and variance 1 over the training drawings, and much the same over test ones."""
    extractor = open_extractor(name)
    features = extractor(samples(of_set(name))[0])
    assert features.shape == (400, 64)
    assert extractor.feature_dim == 64
    assert features.mean().abs() < 0.1
    assert features.var(0).mean().item() == pytest.approx(1, abs=0.3)


@pytest.mark.parametrize(("name", "large"), [("pixel-faces", 32), ("faces", 64)])
def test_larger_portraits_are_brought_down(name, large):
    extractor = open_extractor(f"cnn-{name}")
    small = {"pixel-faces": 16, "faces": 32}[name]
    ours, theirs = (extractor(samples(name, 50, size=size)[0]) for size in (small, large))
    close = {"pixel-faces": 1e-4, "faces": 0.1}[name]  # faces of 32 are means rounded to bytes
    assert_close(ours, theirs, rtol=0, atol=close)


@pytest.mark.parametrize("shape", [(3, 24, 24), (3, 8, 8), (3, 32, 16), (1, 16, 16)])
def test_what_cannot_be_brought_down_is_refused(shape):
    with pytest.raises(ArtError, match="cnn-pixel-faces takes squares of 16 pixels or a multiple"):
        open_extractor("cnn-pixel-faces")(torch.zeros(2, *shape))


def test_one_pass_gives_the_scores_of_each_attribute():
    extractor = open_extractor("cnn-faces")
    found = extractor.outputs(samples("faces", 10)[0])
    assert extractor.num_classes == 45
    assert found["attribute:glasses"].shape == (10, 6)
    assert found["logits"] is found["attribute:hair"]
    assert sorted(found) == sorted(
        ["features", "logits", *(f"attribute:{key}" for key in Faces("test").values)]
    )


@pytest.mark.parametrize("name", ["faces", "pixel-faces"])
def test_the_attribute_of_the_scores_can_be_chosen(name):
    extractor = open_extractor(f"cnn-{name}:glasses")
    drawn, told = samples(name, 400, attribute="glasses")
    assert extractor.name == f"cnn-{name}:glasses"
    assert extractor.num_classes == len(OWN[name]("test").values["glasses"])
    assert (extractor.logits(drawn).argmax(1) == told).float().mean() > 0.85


def test_an_attribute_that_there_is_not_is_refused():
    with pytest.raises(ArtError, match="cnn-faces has no attribute 'hat'; there are earrings"):
        open_extractor("cnn-faces:hat")


def test_heads_are_the_data_sets_attributes():
    for name in ("faces", "pixel-faces"):
        values = OWN[name]("test").values
        heads = open_extractor(f"cnn-{name}").heads
        assert heads == {key: len(known) for key, known in values.items()}


def test_data_sets_name_their_extractors():
    for name, kind in OWN.items():
        data = kind("test")
        assert (data.extractor, data.control) == (f"cnn-{name}", f"ae-{name}")
    for others in ({"size": 16}, {"view": "alphabet"}):
        data = Letters("test", **others)
        assert (data.extractor, data.control) == (None, None)


# --- What they know ---------------------------------------------------------------------------


def test_letters_are_told():
    drawn, told = samples("letters", 1000)
    assert (open_extractor("cnn-letters").logits(drawn).argmax(1) == told).float().mean() > 0.93


@pytest.mark.parametrize("name", ["faces", "pixel-faces"])
def test_attributes_are_told(name):
    reached = read_config(WEIGHTS / f"cnn-{name}")["figures"]
    assert sorted(reached.values())[len(reached) // 3] > 0.85  # some can be hidden by others
    drawn, told = samples(name, 400, attribute="hair")
    found = (open_extractor(f"cnn-{name}").logits(drawn).argmax(1) == told).float().mean()
    assert found.item() == pytest.approx(reached["accuracy:hair"], abs=0.05)


def test_letters_of_one_font_lie_one_way():
    """Of twenty fonts that the network never saw: more often than not, and others seldom."""
    extractor = open_extractor("style-letters")
    assert isinstance(extractor, StyleExtractor)
    rows = torch.arange(0, 26 * 177, 26 * 8)  # an A of every eighth font
    data = Letters("test")
    ours, theirs = (extractor.directions(data.batch(rows + k)[0]) for k in (0, 17))
    assert_close(ours.norm(dim=1), torch.ones(len(ours)))
    assert extractor.same_font(ours, theirs).float().mean() > 0.75
    assert extractor.same_font(ours, theirs.roll(1, 0)).float().mean() < 0.4


def test_shares_are_those_of_the_training_drawings():
    extractor = open_extractor("cnn-pixel-faces")
    assert isinstance(extractor, AttributeExtractor)
    glasses = PixelFaces("train", attribute="glasses")
    told = torch.bincount(glasses.labels, minlength=glasses.num_classes) / len(glasses)
    found = extractor.by_attribute(extractor.shares)
    assert_close(found["glasses"], told, rtol=0, atol=0.02)
    assert all(abs(float(of.sum()) - 1) < 1e-5 for of in found.values())


# --- Weights ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_config_says_what_the_weights_are(name):
    config, file = read_config(WEIGHTS / name), WEIGHTS / name / "model.safetensors"
    extractor = opened(name)
    assert config["name"] == extractor.name == name
    assert config["data"]["name"] == f"ganzoo-art/{of_set(name)}"
    assert config["parameters"] == sum(p.numel() for p in extractor.parameters())
    assert config["file"]["bytes"] == file.stat().st_size < 1_500_000
    assert not extractor.training
    assert not any(p.requires_grad for p in extractor.parameters())


def test_other_bytes_are_refused(tmp_path):
    folder = tmp_path / "cnn-letters"
    folder.mkdir()
    for file in (WEIGHTS / "cnn-letters").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    assert open_weights(AttributeExtractor, "cnn-letters", tmp_path).num_classes == 26
    config = json.loads((folder / "config.json").read_text())
    config["file"]["sha256"] = "0" * 64
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ArtError, match="weights of cnn-letters do not match its config"):
        open_weights(AttributeExtractor, "cnn-letters", tmp_path)
