"""What is exported runs elsewhere and answers as the model does: ONNX files and torch programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

import ganzoo
from ganzoo.errors import GanzooError, UsageError
from ganzoo.exporters import tracing
from ganzoo.specs import GENERATOR_FILE, Part
from ganzoo.zoo import Model
from model_folders import write_untrained
from tiny import tiny_plugin

slow = pytest.mark.slow
#: The models of the zoo that have weights: recipes have none.
READY = [name for name in ganzoo.list_models() if ganzoo.card(name).status == "ready"]
STYLED = {"size": 16, "widths": 8, "latent_dim": 16, "style_dim": 16, "mapping_layers": 2}
HARD = ("counted", "noisy", "dropping", "diced", "undecided", "bessel")


@pytest.fixture(autouse=True)
def _libraries() -> None:
    for library in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(library)


@pytest.fixture
def hard(world: Callable[..., object], tmp_path: Path) -> Callable[[str], Model]:
    """A model of a generator that is hard to export, by name."""
    parts = {name: f"small_exporters:{name.capitalize()}" for name in HARD}
    world(tiny_plugin(ganzoo_generators=parts))
    return lambda name: ganzoo.load(write_untrained(tmp_path / name, Part(f"tiny/{name}")))


def answers(path: Path, **inputs: Tensor) -> Tensor:
    """What an ONNX file answers in onnxruntime; inputs that it does not take are left out."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given = {one.name: inputs[one.name].numpy() for one in session.get_inputs()}
    return torch.from_numpy(session.run(None, given)[0])


def about(path: Path) -> dict[str, Any]:
    """What an ONNX file says about the model in it."""
    import onnx

    return {one.key: one.value for one in onnx.load(path).metadata_props}


def check_onnx(model: Model, path: Path, n: int = 70) -> None:
    """An ONNX file draws the samples of a seed as the model does."""
    model.export("onnx", path)
    expected, labels = model.sample(n, seed=3, return_labels=True)
    inputs = {"latents": model.latents(n, seed=3)}
    if labels is not None:
        inputs |= {"labels": labels, "conditions": labels}
    assert_close(answers(path, **inputs), expected, rtol=0, atol=1e-4)


# --- ONNX -------------------------------------------------------------------------------------


def test_a_file_says_what_it_is_and_has_the_same_bytes_each_time(tmp_path):
    import onnx

    model = ganzoo.load("vanilla-mnist")
    check_onnx(model, tmp_path / "a.onnx")
    model.export("onnx", tmp_path / "b.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    made = onnx.load(tmp_path / "a.onnx")
    assert [one.version for one in made.opset_import if one.domain == ""] == [18]
    assert [one.name for one in made.graph.input] == ["latents"]
    assert made.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    said = about(tmp_path / "a.onnx")
    assert said["model"] == "vanilla-mnist" and said["part"] == "whole"
    assert said["sha256"] == model.card.require_config().files[GENERATOR_FILE].sha256
    assert json.loads(said["value_range"]) == [-1, 1]
    assert said["kind"] == "image" and json.loads(said["sample_shape"]) == [1, 28, 28]
    assert str(Path.cwd()).encode() not in (tmp_path / "a.onnx").read_bytes()


@slow
@pytest.mark.parametrize("name", READY)
def test_every_model_of_the_zoo_is_exported(name, tmp_path):
    check_onnx(ganzoo.load(name), tmp_path / "model.onnx")


@slow
@pytest.mark.parametrize(
    ("part", "arguments"),
    [
        ("ganzoo-r3gan/r3gan", {}),
        ("ganzoo-r3gan/r3gan", {"num_classes": 10}),
        ("ganzoo-stylegan/stylegan2", {**STYLED, "num_classes": 10}),
        ("ganzoo-stylegan/stylegan2", {**STYLED, "architecture": "residual", "taps": [1, 2, 1]}),
    ],
)
def test_networks_of_plugins_are_exported(part, arguments, tmp_path):
    keys = {"discriminator": {"name": part}, "kind": "image"}
    folder = write_untrained(tmp_path / "model", Part(part, arguments), **keys)
    check_onnx(ganzoo.load(folder), tmp_path / "model.onnx")


@slow
def test_a_model_with_styles_is_exported_in_two_parts(tmp_path):
    part = Part("ganzoo-stylegan/stylegan2", {**STYLED, "num_classes": 10})
    keys = {"discriminator": {"name": part.name}, "kind": "image"}
    model = ganzoo.load(write_untrained(tmp_path / "model", part, **keys))
    model.generator.average_style.normal_(generator=torch.Generator().manual_seed(0))
    paths = [model.export("onnx", tmp_path / name, part=name) for name in ("mapping", "synthesis")]
    expected, labels = model.sample(7, seed=2, truncation=0.6, return_labels=True)
    styles = answers(paths[0], latents=model.latents(7, seed=2), labels=labels)
    assert_close(styles, model.styles(model.latents(7, seed=2), labels), rtol=0, atol=1e-4)
    average = torch.tensor(json.loads(about(paths[1])["average_style"]))
    styles = average + 0.6 * (styles - average)
    assert_close(answers(paths[1], styles=styles), expected, rtol=0, atol=1e-4)


# --- Noise ------------------------------------------------------------------------------------


@slow
def test_noise_is_fixed_or_an_input(hard, tmp_path):
    model = hard("noisy")
    fixed = model.export("onnx", tmp_path / "fixed.onnx")
    z, latents = torch.zeros(1, 4), model.latents(7, seed=0)
    alone = torch.cat([answers(fixed, latents=one[None]) for one in latents])
    assert_close(answers(fixed, latents=latents), alone, rtol=0, atol=1e-5)
    assert about(fixed)["noise"] == "fixed"
    path = model.export("onnx", tmp_path / "input.onnx", noise="input")
    z = torch.randn(7, 10, generator=torch.Generator().manual_seed(1))
    first, again = (answers(path, latents=latents, noise=z) for _ in range(2))
    other = answers(path, latents=latents, noise=z.roll(1, 0))
    assert first.equal(again) and not torch.isclose(first, other).all()
    assert about(path)["noise"] == "input"


@pytest.mark.filterwarnings("ignore:.*get_attr:UserWarning")  # torch 2.6
def test_noise_is_replayed_as_it_would_be_drawn(hard):
    """Standard normal z in place of torch's numbers: laws, order and shapes, by plain formulas."""
    traced = tracing.trace(hard("noisy"), noise="input")
    assert [draw.shape for draw in traced.noise.draws] == [(2,)] * 6
    assert [draw.size for draw in traced.noise.draws] == [2, 2, 0, 2, 2, 2]
    inputs = traced.inputs(7)
    first, second, shared, third, fourth, last = traced.noise.split(inputs["noise"], 7)

    def uniform(z: Tensor) -> Tensor:
        return torch.special.ndtr(z)

    layer = traced.model.generator.layer
    made = layer(inputs["latents"]) + first + uniform(second) + shared + 0.1 * (1 + 2 * third)
    made = made - (1 - uniform(fourth)).log() / 2
    made = made * (uniform(last) < 0.75) / 0.75
    assert_close(traced.expected(inputs), made.detach())
    found = traced.program.module()(*inputs.values())
    assert_close(found, made.detach())


def test_what_draws_in_training_alone_draws_nothing(hard):
    traced = tracing.trace(hard("dropping"), noise="input")
    assert traced.noise.draws == () and [*traced.inputs(7)] == ["latents"]
    inputs = traced.inputs(7)
    assert_close(traced.program.module()(*inputs.values()), traced.expected(inputs))


@pytest.mark.skipif(torch.__version__ < "2.7", reason="torch 2.6 cannot follow it, and says so")
def test_an_unknown_law_is_refused_by_name(hard):
    with pytest.raises(
        UsageError, match=r"diced draws with torch.poisson, .*; draw with torch.ran"
    ):
        hard("diced").export("torch")


# --- Programs of torch.export -----------------------------------------------------------------


def test_a_program_is_compared_written_and_can_be_read(hard, tmp_path, capsys):
    model = hard("counted")
    paths = [model.export("torch", tmp_path / name) for name in ("a", "b.pt2")]
    assert [path.name for path in paths] == ["a.pt2", "b.pt2"]
    if torch.__version__ >= "2.7":  # torch 2.6 notes the time in the file
        assert paths[0].read_bytes() == paths[1].read_bytes()
    assert str(Path.cwd()).encode() not in paths[0].read_bytes()
    facts = {"model": ""}
    program = torch.export.load(paths[0], extra_files=facts).module()
    latents = model.latents(70, seed=3)
    assert_close(program(latents), model.sample(70, seed=3), rtol=0, atol=1e-5)
    assert facts["model"] in ("counted", b"counted")


# --- What is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"part": "mapping"}, "vanilla-mnist has no mapping: its generator is no StyleGenerator"),
        ({"part": "hole"}, "part cannot be 'hole'; did you mean 'whole'"),
        ({"opset": 18.5}, "takes no argument 'opset'"),
        ({"noise": 3}, "noise cannot be 3; it is fixed, input"),
    ],
)
def test_impossible_options_are_refused(options, text, tmp_path):
    with pytest.raises(UsageError, match=text):
        ganzoo.load("vanilla-mnist").export("torch", tmp_path / "a", **options)
    assert not [*tmp_path.iterdir()]


def test_a_network_that_reads_its_values_is_refused(hard, tmp_path):
    with pytest.raises(GanzooError, match="undecided cannot be exported: torch.export cannot fol"):
        hard("undecided").export("torch", tmp_path / "made" / "a")
    assert not [*(tmp_path / "made").iterdir()]


@slow
def test_an_operator_without_a_counterpart_is_named(hard, tmp_path):
    model = hard("bessel")
    with pytest.raises(GanzooError, match="bessel_j0 has no counterpart in opset 18"):
        model.export("onnx", tmp_path / "made" / "a")
    assert not [*(tmp_path / "made").iterdir()]
    assert model.export("torch", tmp_path / "a").is_file()


def test_what_differs_from_the_model_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(tracing, "TOLERANCE", -1.0)
    with pytest.raises(GanzooError, match="differs from vanilla-mnist by .*; nothing was written"):
        ganzoo.load("vanilla-mnist").export("torch", tmp_path / "a")
    assert not [*tmp_path.iterdir()]


def test_a_missing_library_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(GanzooError, match="needs onnxscript; pip install onnx onnxscript onnxrunt"):
        ganzoo.load("vanilla-mnist").export("onnx", tmp_path / "a")
