"""`ganzoo.load` and what it returns."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

import ganzoo
from ganzoo.errors import CardError, ConfigError, UnknownNameError, UsageError, WeightsError
from ganzoo.specs import FileRecord, Part, write_record
from ganzoo.weights import save_weights
from short_runs import run_ring
from tiny import TinyGenerator, make_plugin, tiny_plugin


def make_model(folder: Path, **arguments) -> Path:
    """A model folder of untrained tiny players, as a plugin would ship it."""
    folder.mkdir(parents=True)
    classes = {"num_classes": arguments["num_classes"]} if "num_classes" in arguments else {}
    parts = {"generator": arguments, "discriminator": classes}
    files: dict[str, FileRecord] = {}
    for kind, name in (("generator", "model"), ("discriminator", "discriminator")):
        network = getattr(ganzoo, f"create_{kind}")("tiny", **parts[kind])
        file = f"{name}.safetensors"
        files[file] = save_weights(folder / file, network, Part("tiny/tiny", parts[kind]))
    config = {
        "ganzoo_config": 1,
        "name": folder.name,
        "kind": "tiny-points",
        "generator": {"name": "tiny/tiny", "arguments": parts["generator"]},
        "discriminator": {"name": "tiny/tiny", "arguments": parts["discriminator"]},
        "recipe": {"loss": {"name": "ganzoo/hinge"}, "data": {"name": "tiny/tiny-ring"}},
        "requires": {"tiny": ">=0.1"},
        "files": write_record(files),
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def folder(tiny_world, tmp_path) -> Path:
    return make_model(tmp_path / "tiny-ring")


@pytest.fixture
def model(folder) -> ganzoo.Model:
    return ganzoo.load(folder)


@pytest.fixture
def conditional(tiny_world, tmp_path) -> ganzoo.Model:
    return ganzoo.load(make_model(tmp_path / "tiny-classes", num_classes=8))


def test_a_model_of_a_plugin_loads_by_name(world, tmp_path):
    world(tiny_plugin())
    make_model(tmp_path / "models" / "tiny-ring")
    world(tiny_plugin(ganzoo_cards=[tmp_path / "models"]))
    assert ganzoo.list_models("tiny*") == ["tiny-ring"]
    assert ganzoo.load("tiny-ring").card.qualified == "tiny/tiny-ring"
    assert_close(
        ganzoo.load("tiny/tiny-ring").sample(3, seed=1), ganzoo.load("tiny-ring").sample(3, seed=1)
    )


def test_a_model_is_in_eval_mode_and_carries_no_gradients(model):
    assert not model.generator.training
    assert not any(p.requires_grad for p in model.generator.parameters())
    assert not model.discriminator.training
    assert not model.sample(2, seed=0).requires_grad


def test_samples_are_float32_on_the_cpu(model):
    drawn = model.sample(7, seed=3)
    assert (drawn.shape, drawn.dtype, drawn.device.type) == ((7, 2), torch.float32, "cpu")


def test_latents_are_bit_equal_whatever_is_asked_beside_them(model):
    whole = model.latents(300, seed=5)
    assert torch.equal(model.latents(10, seed=5), whole[:10])
    assert torch.equal(model.latents(90, seed=5, start=37), whole[37:127])
    torch.rand(3)
    assert torch.equal(model.latents(300, seed=5), whole)


def test_samples_do_not_depend_on_n_or_batch(model):
    whole = model.sample(150, seed=5)
    assert_close(model.sample(20, seed=5), whole[:20], atol=1e-5, rtol=0)
    assert_close(model.sample(150, seed=5, batch=7), whole, atol=1e-5, rtol=0)
    assert torch.equal(model.sample(150, seed=5), whole)


def test_samples_are_the_generators_of_the_latents(model):
    assert_close(model.generator(model.latents(5, seed=2)), model.sample(5, seed=2))


def test_other_seeds_draw_other_samples(model):
    assert not torch.equal(model.sample(5, seed=0), model.sample(5, seed=1))


def test_without_a_seed_one_is_drawn_and_logged(model, caplog):
    with caplog.at_level(logging.INFO, logger="ganzoo"):
        one, two = model.sample(4), model.sample(4)
    assert not torch.equal(one, two)
    seed = int(caplog.messages[0].rpartition(" ")[2])
    assert torch.equal(model.sample(4, seed=seed), one)


def test_nothing_touches_the_callers_random_state(folder):
    torch.default_generator.manual_seed(7)
    before = torch.get_rng_state()
    model = ganzoo.load(folder)
    model.sample(100, seed=3)
    model.sample(3)
    assert model.discriminator is not None
    assert torch.equal(torch.get_rng_state(), before)


def test_labels_are_drawn_from_the_seed(conditional):
    one, two = conditional.sample(40, seed=1), conditional.sample(100, seed=1)
    assert_close(one, two[:40], atol=1e-5, rtol=0)


def test_one_label_or_many_can_be_asked_for(conditional):
    same = conditional.sample(5, seed=1, labels=3)
    assert_close(conditional.sample(5, seed=1, labels=[3] * 5), same)
    assert_close(conditional.sample(5, seed=1, labels=torch.full((5,), 3)), same)
    assert not torch.equal(conditional.sample(5, seed=1, labels=4), same)


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (8, "has the classes 0 to 7, found labels from 8 to 8"),
        (-1, "found labels from -1 to -1"),
        ([1, 2], "4 samples need 4 labels, found 2"),
        (torch.zeros(4), "labels are whole numbers"),
        ("x", "knows its classes by number alone, found label 'x'"),
        (["a", "b", "c", "d"], "knows its classes by number alone, found label 'a'"),
        ([None] * 4, "labels are whole numbers, .* found a list"),
        ([[1, 2], [3]], "labels are whole numbers, .* found a list"),
        (True, "found torch.bool"),
        (torch.zeros(4, 1, dtype=torch.long), r"found torch.int64 \[4, 1\]"),
        (1.0, "found torch.float32"),
        ([], "labels are whole numbers"),
        ({"class": 1}, "labels are whole numbers, .* found a dict"),
    ],
)
def test_wrong_labels_are_refused(conditional, labels, text):
    with pytest.raises(UsageError, match=text):
        conditional.sample(4, seed=0, labels=labels)


def test_labels_for_an_unconditional_model_are_refused(model):
    with pytest.raises(UsageError, match="is not conditional"):
        model.sample(4, seed=0, labels=1)


#: Numbers that are none, or out of their range, and what is said of them.
WRONG = [
    ({"n": 0}, "n must be 1 or more, found 0"),
    ({"n": "4"}, "n must be a whole number, found the text '4'"),
    ({"n": 4.0}, "n must be a whole number, found 4.0"),
    ({"n": True}, "n must be a whole number, found True"),
    ({"n": [4]}, "n must be a whole number, found a list"),
    ({"seed": -1}, r"seed must be between 0 and 2\*\*63 - 1, found -1"),
    ({"seed": 2**63}, r"seed must be between 0 and 2\*\*63 - 1, found 9223372036854775808"),
    ({"seed": 1.5}, "seed must be a whole number, found 1.5"),
    ({"seed": False}, "seed must be a whole number, found False"),
    ({"seed": "1"}, "seed must be a whole number, found the text '1'"),
    ({"seed": torch.tensor(1.0)}, "seed must be a whole number, found a Tensor"),
]


@pytest.mark.parametrize(
    ("arguments", "text"), [*WRONG, ({"batch": 0}, "batch must be 1 or more"),
                            ({"batch": "8"}, "batch must be a whole number")]
)  # fmt: skip
def test_wrong_numbers_are_refused_before_anything_is_drawn(model, arguments, text):
    for call in (model.sample, model.batches):
        with pytest.raises(UsageError, match=text):
            call(**{"n": 4, "seed": 0, **arguments})


@pytest.mark.parametrize(
    ("arguments", "text"), [*WRONG, ({"n": None}, "n must be a whole number, found None"),
                            ({"start": -1}, "start must be 0 or more, found -1"),
                            ({"start": 0.5}, "start must be a whole number"),
                            ({"seed": None}, "seed must be a whole number, found None")]
)  # fmt: skip
def test_wrong_numbers_for_latents_are_refused(model, arguments, text):
    with pytest.raises(UsageError, match=text):
        model.latents(**{"n": 4, "seed": 0, **arguments})


def test_numbers_of_numpy_and_torch_are_numbers(model):
    import numpy as np

    wished = model.sample(5, seed=3)
    assert torch.equal(model.sample(np.int64(5), seed=np.uint8(3)), wished)
    assert torch.equal(model.sample(torch.tensor(5), seed=torch.tensor(3)), wished)


@pytest.mark.parametrize("what", [None, 3, b"tiny", ["tiny"]])
def test_a_what_is_text_or_a_path(tiny_world, what):
    for call in (ganzoo.load, ganzoo.card):
        with pytest.raises(UsageError, match="a model is a name, a folder"):
            call(what)


@pytest.mark.parametrize("sha256", ["abc", "0" * 63, "g" * 64, 7, ""])
def test_a_sha256_of_another_form_is_refused(folder, sha256):
    with pytest.raises(UsageError, match="sha256 must be"):
        ganzoo.load(folder, sha256=sha256)


@pytest.mark.parametrize("option", ["pattern", "family", "data"])
def test_models_are_listed_by_text(tiny_world, option):
    with pytest.raises(UsageError, match=f"{option} must be text, found 3"):
        ganzoo.list_models(**{option: 3})


@pytest.mark.parametrize("create", ["generator", "discriminator", "loss"])
def test_the_name_of_a_part_is_text(tiny_world, create):
    with pytest.raises(UsageError, match="the name must be text, found 3"):
        getattr(ganzoo, f"create_{create}")(3)


def test_a_conditional_network_says_that_it_lacks_labels(conditional):
    images = conditional.sample(4, seed=0)
    with pytest.raises(UsageError, match=r"is conditional .* \(samples, labels\).* 0 to 7"):
        conditional.discriminator(images)
    with pytest.raises(UsageError, match=r"TinyGenerator is conditional .* \(latents, labels\)"):
        conditional.generator(conditional.latents(4, seed=0))
    labels = torch.arange(4)
    assert conditional.discriminator(images, labels).shape == (4,)
    assert conditional.discriminator(images, labels=labels).shape == (4,)
    with pytest.raises(UsageError, match="is conditional"):
        conditional.discriminator.outputs(images)


def test_a_network_that_can_do_without_labels_is_let(tiny_world, tmp_path, monkeypatch):
    model = ganzoo.load(make_model(tmp_path / "tiny-classes", num_classes=8))
    plain = TinyGenerator.forward

    def lenient(self, latents, labels=None):
        return plain(self, latents, torch.zeros(len(latents), dtype=torch.long))

    monkeypatch.setattr(TinyGenerator, "forward", lenient)
    assert model.generator(model.latents(3, seed=0)).shape == (3, 2)


class NoisyGenerator(TinyGenerator):
    """Draws noise inside, from torch's own generator."""

    def forward(self, latents, labels=None):
        return super().forward(latents, labels) + torch.randn(len(latents), 2)


def test_a_network_that_draws_noise_is_seeded_by_block(world, tmp_path):
    world(tiny_plugin(ganzoo_generators={"tiny": "test_load_noisy:NoisyGenerator"}))
    import sys
    import types

    module = types.ModuleType("test_load_noisy")
    module.NoisyGenerator = NoisyGenerator
    sys.modules["test_load_noisy"] = module
    try:
        model = ganzoo.load(make_model(tmp_path / "tiny-noisy"))
        whole = model.sample(150, seed=5)
        assert torch.equal(model.sample(150, seed=5, batch=9), whole)
        assert torch.equal(model.sample(70, seed=5), whole[:70])
        assert not torch.equal(model.sample(150, seed=6), whole)
    finally:
        del sys.modules["test_load_noisy"]


def test_the_discriminator_is_read_when_it_is_asked_for(folder):
    (folder / "discriminator.safetensors").unlink()
    model = ganzoo.load(folder)
    assert model.sample(2, seed=0).shape == (2, 2)
    with pytest.raises(WeightsError, match="discriminator.safetensors is missing"):
        _ = model.discriminator


def test_a_model_without_a_discriminator_has_none(folder):
    config = json.loads((folder / "config.json").read_text())
    del config["files"]["discriminator.safetensors"]
    (folder / "config.json").write_text(json.dumps(config))
    assert ganzoo.load(folder).discriminator is None


def test_weights_altered_by_one_bit_are_not_loaded(folder):
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    with pytest.raises(WeightsError, match="sha256 .* expected"):
        ganzoo.load(folder)


def test_missing_weights_are_named(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"model.safetensors is missing"):
        ganzoo.load(folder)


def test_a_pinned_hash_is_held_to(folder):
    record = ganzoo.card(folder).config.files["model.safetensors"]
    assert ganzoo.load(folder, sha256=record.sha256.upper())
    with pytest.raises(WeightsError, match="another version of the model"):
        ganzoo.load(folder, sha256="0" * 64)


def test_a_config_for_another_network_is_refused(folder):
    text = (folder / "config.json").read_text()
    text = text.replace('"arguments": {}', '"arguments": {"width": 8}', 1)
    (folder / "config.json").write_text(text)
    with pytest.raises(WeightsError, match="belongs to another network than tiny/tiny"):
        ganzoo.load(folder)


def test_a_recipe_has_nothing_to_load(folder):
    config = json.loads((folder / "config.json").read_text())
    config["files"] = {}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CardError, match="no weights yet; train it: ganzoo train"):
        ganzoo.load(folder)


def test_a_model_whose_plugin_is_missing_says_what_to_install(folder, world):
    world(make_plugin("another"))
    with pytest.raises(CardError, match="tiny is not installed; install it: pip install tiny"):
        ganzoo.load(folder)


def test_an_unknown_key_in_the_config_is_named(folder):
    text = (folder / "config.json").read_text().replace('"files"', '"fiels"')
    (folder / "config.json").write_text(text)
    with pytest.raises(ConfigError, match="unknown key 'fiels'; did you mean 'files'"):
        ganzoo.load(folder)


def test_an_unknown_name_is_refused_with_the_nearest(world, tmp_path):
    world(tiny_plugin())
    make_model(tmp_path / "models" / "tiny-ring")
    world(tiny_plugin(ganzoo_cards=[tmp_path / "models"]))
    with pytest.raises(UnknownNameError, match="no model 'tiny-rig'; did you mean 'tiny-ring'"):
        ganzoo.load("tiny-rig")


@pytest.mark.parametrize("device", ["quantum", "gpu", "mps", "cuda:99", "meta", "cpu:x", ""])
def test_a_device_that_is_not_here_is_refused_with_those_that_are(folder, device):
    with pytest.raises(UsageError, match=f"device '{device}' cannot be used here: .*cpu") as caught:
        ganzoo.load(folder, device=device)
    assert len(str(caught.value)) < 260


@pytest.mark.parametrize("device", [None, 1, 1.5, b"cpu"])
def test_a_device_is_text(folder, device):
    with pytest.raises(UsageError, match="device must be text such as 'cpu'"):
        ganzoo.load(folder, device=device)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_a_model_computes_in_the_type_it_is_told_and_draws_float32(model, conditional, dtype):
    for one in (model, conditional):
        before = one.sample(100, seed=1)
        assert one.to(dtype) is one
        assert one.latents(3, seed=1).dtype == dtype
        assert {p.dtype for p in one.generator.parameters()} == {dtype}
        assert {p.dtype for p in one.discriminator.parameters()} == {dtype}  # read afterwards
        after = one.sample(100, seed=1)
        assert after.dtype == torch.float32
        assert not torch.equal(after, before)
        assert_close(after, before, atol=0.05, rtol=0.05)


def test_half_is_float16_and_goes_back(model):
    before = model.discriminator
    assert model.half() is model
    assert {p.dtype for p in before.parameters()} == {torch.float16}
    model.to("cpu")
    assert model.sample(2, seed=0).dtype == torch.float32
    assert {p.dtype for p in model.generator.parameters()} == {torch.float16}
    model.to("cpu", torch.float32)
    assert {p.dtype for p in model.generator.parameters()} == {torch.float32}
    assert model.to(device="cpu", dtype=torch.bfloat16).latents(1, seed=0).dtype == torch.bfloat16


@pytest.mark.parametrize("dtype", [torch.int8, torch.complex64, torch.bool])
def test_another_type_is_refused(model, dtype):
    with pytest.raises(UsageError, match=f"dtype must be one of .*, found {dtype}"):
        model.to(dtype)


def test_a_network_that_cannot_compute_in_a_type_says_so(model, monkeypatch):
    plain = TinyGenerator.forward
    monkeypatch.setattr(TinyGenerator, "forward", lambda self, z, _=None: plain(self, z.float()))
    with pytest.raises(UsageError, match=r"cannot sample in torch.float64 on cpu: .*float32. goes"):
        model.to(torch.float64).sample(2, seed=0)


def test_to_moves_the_model_and_returns_it(model):
    assert model.to("cpu") is model
    assert model.sample(2, seed=0).shape == (2, 2)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_latents_are_bit_equal_on_a_gpu(folder):
    here, there = ganzoo.load(folder), ganzoo.load(folder, device="cuda")
    assert torch.equal(here.latents(100, seed=1), there.latents(100, seed=1).cpu())
    assert_close(here.sample(100, seed=1), there.sample(100, seed=1), atol=1e-5, rtol=1e-4)


def test_a_run_loads_by_its_folder(tiny_world, tmp_path):
    run_ring(tmp_path / "run", 1280)
    assert_close(
        ganzoo.load(tmp_path / "run").sample(3, seed=0),
        ganzoo.load(tmp_path / "run" / "export").sample(3, seed=0),
    )
