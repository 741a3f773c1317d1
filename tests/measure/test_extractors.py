"""The package's extractors: what they say of themselves, and that they are what they say.

Each is tested by lying in `ganzoo/extractors/weights`.
"""

from __future__ import annotations

import functools
import json
import shutil
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from ganzoo import Extractor
from ganzoo.build import qualify
from ganzoo.cards import catalogue
from ganzoo.data.mnist import MNISTMini
from ganzoo.errors import (
    CardError,
    ConfigError,
    MetricError,
    UnknownNameError,
    UsageError,
    WeightsError,
)
from ganzoo.extractors import open_extractor
from ganzoo.extractors.shipped import FOLDER, open_folder
from ganzoo.interfaces import Dataset
from ganzoo.measure.references import extractor_hash, package_file, read_reference
from ganzoo.specs import GENERATOR_FILE
from ganzoo.specs.extractor import ExtractorConfig, read_extractor_config
from measuring import TinyClasses, TinyLinear, classifier, digits, measuring_plugin

SHIPPED = sorted(folder.name for folder in FOLDER.iterdir())
#: What each must reach on test images that it never saw: at least, or at most.
REACHED = {
    "cnn-mnist": ("accuracy", 0.99, 1.0),
    "cnn-fashion-mnist": ("accuracy", 0.9, 1.0),
    "ae-mnist": ("squared_error", 0.0, 0.02),
    "ae-fashion-mnist": ("squared_error", 0.0, 0.04),
}

opened = functools.cache(open_extractor)


def config_of(name: str) -> ExtractorConfig:
    return read_extractor_config(FOLDER / name / "config.json")


@pytest.fixture(params=SHIPPED)
def name(request) -> str:
    return request.param


@pytest.fixture
def copy(tmp_path) -> Path:
    """A copy of an extractor's folder, to damage."""
    return Path(shutil.copytree(FOLDER / "cnn-mnist", tmp_path / "cnn-mnist"))


def changed(folder: Path, **keys) -> Path:
    """The folder, with keys of its config.json laid over."""
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **keys}))
    return folder


# --- Each of them -----------------------------------------------------------------------------


def test_there_is_one_with_labels_and_one_without_for_each_data_set():
    assert sorted(REACHED) == SHIPPED
    assert set(SHIPPED) < set(catalogue().registry.names("extractor"))


def test_it_is_frozen_and_in_eval_mode(name):
    extractor = opened(name)
    assert not any(module.training for module in extractor.modules())
    assert not any(parameter.requires_grad for parameter in extractor.parameters())


def test_it_says_what_it_is_and_keeps_to_it(name):
    extractor = opened(name)
    images = digits()[:3]
    assert (extractor.name, extractor.feature_dim) == (name, 64)
    assert extractor.sample_shape == (1, 28, 28)
    assert extractor(images).shape == (3, 64)
    assert extractor.num_classes == (10 if name.startswith("cnn") else None)


def test_one_pass_publishes_what_single_calls_give(name):
    extractor, images = opened(name), digits()[:50]
    found = extractor.outputs(images)
    assert torch.equal(found["features"], extractor(images))
    if extractor.num_classes is None:
        assert list(found) == ["features"]
        with pytest.raises(NotImplementedError, match="AutoencoderExtractor has no classes"):
            extractor.logits(images)
    else:
        assert torch.equal(found["logits"], extractor.logits(images))
        assert found["logits"].shape == (50, 10)


def test_no_image_sees_the_others(name):
    extractor, images = opened(name), digits()[:20]
    alone = torch.cat([extractor(images[i : i + 1]) for i in range(20)])
    assert_close(alone, extractor(images), atol=1e-5, rtol=1e-5)


def test_it_learnt_what_its_config_says(name):
    key, least, most = REACHED[name]
    assert list(config_of(name).figures) == [key]
    assert least < config_of(name).figures[key] < most


def test_it_is_a_few_hundred_kilobytes_and_counted(name):
    config, file = config_of(name), FOLDER / name / GENERATOR_FILE
    assert 200_000 < file.stat().st_size < 500_000
    assert file.stat().st_size == config.file.bytes
    assert sum(p.numel() for p in opened(name).parameters()) == config.parameters


def test_its_config_says_where_it_comes_from(name):
    config = config_of(name)
    assert config.name == name
    assert qualify(Dataset, config.data) == config.data
    assert config.provenance.command.startswith("python tools/train_extractors.py")
    assert config.provenance.data_hash and config.licenses.weights and config.licenses.data


def test_the_packages_statistics_are_of_these_weights(name):
    data = config_of(name).data.name.rpartition("/")[2]
    reference = read_reference(package_file(name, data))
    assert reference.about.extractor_sha256 == extractor_hash(opened(name))


def test_loading_leaves_the_callers_random_state(name):
    torch.default_generator.manual_seed(7)
    before = torch.get_rng_state()
    open_extractor(name)
    assert torch.equal(torch.get_rng_state(), before)


def test_loading_twice_gives_the_same_bits(name):
    images = digits()[:10]
    assert torch.equal(open_extractor(name)(images), opened(name)(images))


def test_features_have_mean_0_and_variance_1_over_its_digits():
    for name in ("cnn-mnist", "ae-mnist"):
        features = opened(name)(digits()).detach()
        assert features.mean(0).abs().max() < 0.2
        assert features.var(0).min() > 0.7 and features.var(0).max() < 1.4
        assert features.var(0).sum() == pytest.approx(64, rel=0.05)


def test_the_classifier_knows_digits_that_it_never_saw():
    images, labels = MNISTMini("test").batch(torch.arange(1000))
    found = opened("cnn-mnist").logits(images).argmax(1)
    assert (found == labels).double().mean() > 0.98


# --- What is refused --------------------------------------------------------------------------


def test_weights_altered_by_one_bit_are_refused(copy):
    data = bytearray((copy / GENERATOR_FILE).read_bytes())
    data[-1] ^= 1
    (copy / GENERATOR_FILE).write_bytes(data)
    with pytest.raises(WeightsError, match="sha256 .* expected, .* found; the file was altered"):
        open_folder(copy)


@pytest.mark.parametrize(
    ("keys", "error", "text"),
    [
        ({"ganzoo_extractor": 2, "new": 1}, ConfigError, "2, this ganzoo reads 1; upgrade"),
        ({"ganzoo_extractor": 0}, ConfigError, "must be a whole number from 1, found 0"),
        ({"nmae": "x"}, ConfigError, "unknown key 'nmae'; did you mean 'name'"),
        ({"network": {"name": "clasifier"}}, CardError, "no network 'clasifier'; did you mean"),
        (
            {"network": {"name": "autoencoder", "arguments": {"sample_shape": [1, 28, 28]}}},
            WeightsError,
            "belongs to another network than cnn-mnist",
        ),
    ],
)
def test_a_config_that_is_wrong_is_told(copy, keys, error, text):
    with pytest.raises(error, match=text):
        open_folder(changed(copy, **keys))


def test_missing_files_are_named(copy):
    (copy / GENERATOR_FILE).unlink()
    with pytest.raises(WeightsError, match="model.safetensors is missing"):
        open_folder(copy)
    with pytest.raises(ConfigError, match="config.json"):
        open_folder(copy / "nowhere")


@pytest.mark.parametrize(
    ("asked", "weights", "error", "text"),
    [
        ("cnn-mnits", None, UnknownNameError, "no extractor 'cnn-mnits'; did you mean 'cnn-mnist'"),
        ("resnet:18", None, UnknownNameError, "no extractor 'resnet'"),
        ("cnn-mnist:foo", None, UsageError, "'cnn-mnist' takes no model, found 'cnn-mnist:foo'"),
        ("cnn-mnist", "x.pth", UsageError, "'cnn-mnist' takes no weights file; its weights are"),
        ("inception-v3:x", None, UsageError, "'inception-v3' takes no model"),
        ("timm", None, UsageError, "name a model, such as timm:resnet18.a1_in1k"),
        ("timm:", None, UsageError, "name a model"),
    ],
)
def test_what_is_no_extractor_is_told(asked, weights, error, text):
    with pytest.raises(error, match=text):
        open_extractor(asked, weights=None if weights is None else Path(weights))


# --- Others' ----------------------------------------------------------------------------------


def test_a_plugins_extractor_is_opened_frozen_by_either_name(world):
    world(measuring_plugin())
    for asked in ("tiny-linear", "small/tiny-linear"):
        extractor = open_extractor(asked)
        assert isinstance(extractor, TinyLinear)
        assert not extractor.training and not extractor.matrix.requires_grad


def test_what_an_extractor_publishes_follows_from_its_calls():
    samples = torch.zeros(2, 1, 4, 4)
    assert list(TinyLinear().outputs(samples)) == ["features"]
    found = TinyClasses().outputs(samples)
    assert list(found) == ["features", "logits"]
    assert found["logits"].shape == (2, 2)


def test_an_extractor_takes_any_shape_unless_it_says_one():
    assert Extractor.sample_shape is None
    assert classifier().sample_shape == (1, 28, 28)


# --- Without weights --------------------------------------------------------------------------


def pictures(count: int = 40, seed: int = 0) -> torch.Tensor:
    """Coloured squares at random places on coloured ground: [count, 3, 32, 32]."""
    rng = torch.Generator().manual_seed(seed)
    made = (torch.rand(count, 3, 1, 1, generator=rng) * 2 - 1).expand(-1, -1, 32, 32).clone()
    places = torch.randint(0, 24, (count, 2), generator=rng).tolist()
    for picture, (top, left) in zip(made, places, strict=True):
        picture[:, top : top + 8, left : left + 8] = -picture[:, :1, :1]
    return made


def test_colours_and_edges_sees_colour_place_and_sharpness():
    extractor, real = opened("colours-and-edges"), pictures()
    features = extractor(real)
    assert features.shape == (40, extractor.feature_dim)
    blurred = torch.nn.functional.avg_pool2d(real, 5, stride=1, padding=2, count_include_pad=False)
    for changed_pictures in (real.flip(1), real.flip(3), blurred):
        assert not torch.allclose(extractor(changed_pictures), features, atol=0.05)
    assert_close(extractor(real[:1]), features[:1])


def test_colours_and_edges_takes_grey_and_alpha_of_any_size():
    extractor = opened("colours-and-edges")
    grey = torch.rand(2, 1, 9, 30) * 2 - 1
    assert_close(extractor(grey), extractor(grey.expand(-1, 3, -1, -1)))
    colours = torch.rand(2, 3, 9, 30) * 2 - 1
    clear = torch.cat([colours, -torch.ones(2, 1, 9, 30)], dim=1)
    assert_close(extractor(clear), extractor(torch.ones(2, 3, 9, 30)))
    assert_close(extractor(torch.cat([colours, torch.ones(2, 1, 9, 30)], 1)), extractor(colours))


@pytest.mark.parametrize("shape", [(2, 2, 9, 9), (2, 3, 3, 9), (2, 5)])
def test_colours_and_edges_refuses_what_is_no_picture(shape):
    with pytest.raises(MetricError, match="takes images of 1, 3 or 4 channels and at least 4x4"):
        opened("colours-and-edges")(torch.zeros(shape))
