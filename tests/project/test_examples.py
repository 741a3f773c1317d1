"""A stranger's plugins under examples/: other data than images, through the public contract."""

from __future__ import annotations

import ast
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tomllib
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import commands
import ganzoo
from fresh_environments import ROOT, fresh_environment, install, run
from ganzoo.build import build
from ganzoo.cards import Catalogue, using
from ganzoo.plugins import PluginManager, PluginSource
from ganzoo.specs import Part
from ganzoo.testing import run_checks
from tiny import make_plugin

EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/pyproject.toml"))
PROJECTS = {path.name: tomllib.loads((path / "pyproject.toml").read_text()) for path in EXAMPLES}
MODULES = [path for folder in EXAMPLES for path in sorted(folder.rglob("*.py"))]
SWIRL = ROOT / "examples" / "ganzoo-swirl"
#: How each is trained, for a moment: by a recipe's name, and by its file.
TRAININGS = {
    "tones": ["wavegan-tones", "--images", "256", "--set", "data.arguments.length=256"],
    "swirl": [str(SWIRL / "swirl.json"), "--images", "256", "--batch", "64"],
    "halves": ["pix2pix-halves", "--images", "256"],
}
WEIGHTS = ("model.safetensors", "discriminator.safetensors")


def source(name: str) -> PluginSource:
    """An example as a plugin, as its metadata declares it."""
    about = PROJECTS[name]["project"]
    (module,) = about["entry-points"]["ganzoo"].values()
    return PluginSource(name, about["version"], lambda: importlib.import_module(module))


@pytest.fixture(scope="module")
def importable() -> Iterator[None]:
    """The examples on the import path; afterwards nothing of them is left behind."""
    with pytest.MonkeyPatch.context() as patch:
        before = set(sys.modules)
        for folder in EXAMPLES:
            patch.syspath_prepend(folder)
        yield
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("ganzoo_halves", "ganzoo_swirl", "ganzoo_tones"):
            del sys.modules[name]


@pytest.fixture
def examples(importable: None, world: Callable[..., Catalogue]) -> Catalogue:
    """A world of the core and the examples, in which any problem is an error."""
    return world(*map(source, PROJECTS), strict=True)


@pytest.fixture
def command(
    examples: Catalogue, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run `ganzoo` in a world of the examples: (exit code, output, error)."""

    def run(*words: object) -> tuple[int, str, str]:
        return commands.ganzoo(*words), *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def runs(importable: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of short runs, one of each example."""
    place = tmp_path_factory.mktemp("runs")
    with using(Catalogue(PluginManager(map(source, PROJECTS), strict=True))):
        for what in TRAININGS:
            assert train(what, place / what) == 0
    return place


def train(what: str, out: Path, *more: object) -> int:
    return commands.ganzoo(
        "train", *TRAININGS[what], "--out", out, "--quiet", "--log-every", 64, *more
    )


def weights(folder: Path) -> list[bytes]:
    return [(folder / "export" / name).read_bytes() for name in WEIGHTS]


# --- What they are made of --------------------------------------------------------------------


def test_all_examples_are_here() -> None:
    assert list(PROJECTS) == ["ganzoo-halves", "ganzoo-swirl", "ganzoo-tones"]


def ganzoo_names(path: Path) -> Iterator[str]:
    """Everything that a module imports of ganzoo, in dotted names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == "ganzoo")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_they_use_the_public_api_only(path: Path) -> None:
    for name in ganzoo_names(path):
        _, *rest = name.split(".")
        assert not rest or rest[0] in {
            *ganzoo.__all__,
            "datasets",
            "layers",
            "losses",
            "testing",
        }, name
        assert len(rest) <= 2, name


def test_the_plugins_own_code_is_as_short_as_it_says() -> None:
    lines = (SWIRL / "ganzoo_swirl.py").read_text().splitlines()
    assert len(lines) < 80


def test_their_plugin_modules_import_no_torch() -> None:
    names = "ganzoo_halves, ganzoo_swirl, ganzoo_tones"
    code = f"import sys, {names}; print({{'torch', 'numpy'}} & {{*sys.modules}})"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [ROOT, *EXAMPLES]))},
        capture_output=True,
        text=True,
    )
    assert ended.stdout == "set()\n", ended.stderr


#: Runs pytest in one folder after the other; each process would import torch.
IN_EACH = """
import os, sys, pytest
for folder in sys.argv[1:]:
    os.chdir(folder)
    if ended := pytest.main(["-q", "-p", "no:cacheprovider"]):
        sys.exit(int(ended))
print("all passed")
"""


def test_their_own_tests_pass_where_they_lie() -> None:
    """Without an installation, and under their own settings of pytest."""
    ended = subprocess.run(
        [sys.executable, "-c", IN_EACH, *map(str, EXAMPLES)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert ended.stdout.endswith("all passed\n"), ended.stdout + ended.stderr


# --- In the zoo -------------------------------------------------------------------------------


def test_the_zoo_lists_the_recipe(command: Callable) -> None:
    _, out, _ = command("list")
    (row,) = (row for row in out.splitlines() if row.startswith("wavegan-tones"))
    assert row.split() == ["wavegan-tones", "wavegan", "tones", "recipe"]
    _, out, _ = command("show", "wavegan-tones")
    assert "no weights yet; train it: ganzoo train wavegan-tones" in out
    assert "ganzoo-tones/pitched-rals" in out


def test_the_zoo_shows_what_each_plugin_offers(command: Callable) -> None:
    _, out, _ = command("plugins")
    rows = {tuple(row.split()) for row in out.splitlines()}
    assert {("writers", "audio"), ("losses", "pitched-rals"), ("datasets", "tones")} <= rows
    assert {("generators", "swirl"), ("datasets", "swirl")} <= rows
    assert "problem" not in out


@pytest.mark.parametrize(("name", "kind"), [("tones", "audio"), ("swirl", "points")])
def test_data_are_addressed_by_index(examples: Catalogue, name: str, kind: str) -> None:
    data = build(ganzoo.Dataset, Part(name, {"length": 50}))
    samples, labels = data.batch(torch.tensor([49, 0, 7]))
    again, _ = data.batch(torch.tensor([7, 49]))
    assert (data.kind, samples.shape) == (kind, (3, *data.sample_shape))
    assert torch.equal(again, samples[[2, 0]])
    assert int(labels.max()) < data.num_classes


# --- Trained ----------------------------------------------------------------------------------


@pytest.mark.parametrize("what", TRAININGS)
def test_a_run_that_is_interrupted_ends_like_one_that_is_not(
    what: str, runs: Path, examples: Catalogue, world: Callable[..., Catalogue], tmp_path: Path
) -> None:
    """Ctrl-C comes with the second of four rows of figures: in the middle of the run."""
    seen = []

    def press() -> None:
        seen.append(1)
        if len(seen) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    world(*map(source, PROJECTS), make_plugin("finger", ganzoo_metrics_logged=press))
    assert train(what, tmp_path / "run") == 130
    assert not (tmp_path / "run" / "export").exists()
    world(*map(source, PROJECTS), strict=True)
    assert train(what, tmp_path / "run") == 0
    assert weights(tmp_path / "run") == weights(runs / what)
    figures, whole = (
        (run / "metrics.jsonl").read_text() for run in (tmp_path / "run", runs / what)
    )
    assert figures == whole
    assert len(whole.splitlines()) == 4


def test_another_seed_trains_another_model(runs: Path, examples: Catalogue, tmp_path: Path) -> None:
    assert train("swirl", tmp_path / "run", "--seed", 1) == 0
    assert weights(tmp_path / "run")[0] != weights(runs / "swirl")[0]


def test_points_come_near_the_spirals(examples: Catalogue, tmp_path: Path) -> None:
    """Energy distance: twice the distance between the sets, less the distances inside them."""
    real, _ = build(ganzoo.Dataset, Part("swirl")).batch(torch.arange(1000))

    def distance(images: int) -> float:
        assert train("swirl", tmp_path / str(images), "--images", images) == 0
        made = ganzoo.load(tmp_path / str(images)).sample(1000, seed=0)
        between, inside, real_inside = (
            float(torch.cdist(a, b).mean()) for a, b in ((made, real), (made, made), (real, real))
        )
        return 2 * between - inside - real_inside

    assert distance(25_600) < 0.3 * distance(64)


def test_a_run_says_what_it_was_trained_with(runs: Path) -> None:
    config = json.loads((runs / "tones" / "export" / "config.json").read_text())
    assert config["kind"] == "audio"
    assert config["requires"] == {"ganzoo-tones": ">=0.1"}
    rows = map(json.loads, (runs / "tones" / "metrics.jsonl").read_text().splitlines())
    figures = {name for row in rows for name in row}
    assert {"discriminator.class", "discriminator.r1", "generator.class", "ranked"} <= figures


# --- Sampled ----------------------------------------------------------------------------------


@pytest.mark.parametrize("what", TRAININGS)
def test_a_seed_means_the_same_samples(runs: Path, examples: Catalogue, what: str) -> None:
    model = ganzoo.load(runs / what)
    labels = torch.arange(70) % 5 if what == "tones" else None
    samples = model.sample(70, seed=3, labels=labels)
    assert torch.equal(samples, model.sample(70, seed=3, labels=labels))
    if what == "halves":
        assert torch.equal(samples[:64, :, :, :14], model.conditions)
        assert model.discriminator(samples[:64], model.conditions).shape == (64, 49)
        return
    alone = model.sample(5, seed=3, labels=None if labels is None else labels[:5], batch=2)
    torch.testing.assert_close(alone, samples[:5])
    assert not torch.equal(samples, model.sample(70, seed=4, labels=labels))
    assert model.discriminator(samples).shape == (70,)


def frames(path: Path) -> np.ndarray:
    """The samples of a WAV file in [-1, 1]."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8_000)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32_767


def test_sound_is_written_as_wav(runs: Path, command: Callable, tmp_path: Path) -> None:
    clips = ganzoo.load(runs / "tones").sample(5, seed=1, labels=3)[:, 0].numpy()
    words = ("sample", runs / "tones", "-n", 5, "--seed", 1, "--label", 3, "-o")
    assert command(*words, tmp_path / "all.wav")[0] == 0
    np.testing.assert_allclose(frames(tmp_path / "all.wav"), clips.ravel(), atol=2e-5)
    _, out, _ = command(*words, tmp_path / "clips")
    assert "(5 files)" in out
    for number, clip in enumerate(clips):
        found = frames(tmp_path / "clips" / f"{number:05d}.wav")
        np.testing.assert_allclose(found, clip, atol=2e-5)


def test_another_kind_of_file_is_refused(runs: Path, command: Callable, tmp_path: Path) -> None:
    code, _, said = command("sample", runs / "tones", "-o", tmp_path / "x.mp3")
    assert code != 0
    assert "x.mp3: sound is written as .wav, or into a folder" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("place", ["export", "samples"])
def test_a_run_keeps_what_it_sounded_like(runs: Path, place: str) -> None:
    assert list((runs / "tones" / place).rglob("*.wav"))


def test_points_are_written_as_numbers(runs: Path, command: Callable, tmp_path: Path) -> None:
    points = ganzoo.load(runs / "swirl").sample(6, seed=2).numpy()
    assert (
        command("sample", runs / "swirl", "-n", 6, "--seed", 2, "-o", tmp_path / "six.csv")[0] == 0
    )
    found = np.loadtxt(tmp_path / "six.csv", delimiter=",")
    np.testing.assert_allclose(found, points, rtol=1e-5, atol=1e-6)


# --- Under a condition ------------------------------------------------------------------------


def test_halves_are_continued_measured_and_loaded_unfinished(
    runs: Path, command: Callable, cache: Path, tmp_path: Path
) -> None:
    run = tmp_path / "halves"
    shutil.copytree(runs / "halves", run)
    code, out, said = command(
        "eval", run, "--extractor", "cnn-mnist", "-n", 100, "--repeats", 1, "--json"
    )
    assert code == 0, said
    assert "conditions of the test samples of halves" in json.loads(out)["protocol"]
    finished = ganzoo.load(run).sample(5, seed=0)
    (run / "export").rename(tmp_path / "export")
    unfinished = ganzoo.load(run).sample(5, seed=0)  # settled in another layout in memory
    torch.testing.assert_close(unfinished, finished, atol=1e-3, rtol=0)
    torch.testing.assert_close(ganzoo.load(tmp_path / "export").sample(5, seed=0), finished)


def test_what_is_made_comes_near_the_answer(examples: Catalogue, tmp_path: Path) -> None:
    """Of test digits, whose right halves no training saw."""
    digits, halves = build(ganzoo.Dataset, Part("halves", {"split": "test"})).batch(
        torch.arange(64)
    )

    def apart(images: int) -> float:
        assert train("halves", tmp_path / str(images), "--images", images) == 0
        made = ganzoo.load(tmp_path / str(images)).sample(64, seed=0, conditions=halves)
        return float((made - digits).abs().mean())

    assert apart(960) < 0.5 * apart(64)


# --- Installed --------------------------------------------------------------------------------


@pytest.mark.slow
def test_tones_train_and_sound_in_a_fresh_environment(tmp_path: Path) -> None:
    """The core and the example are installed, and the command given as a user gives it."""
    core, tones = tmp_path / "core", tmp_path / "tones"
    for name in ("ganzoo", "zoo_cards"):
        shutil.copytree(ROOT / name, core / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy2(ROOT / name, core)
    shutil.copytree(ROOT / "examples" / "ganzoo-tones", tones)
    binaries = fresh_environment(tmp_path / "env")
    install(binaries, core, tones)
    assert "wavegan-tones" in run(binaries / "ganzoo", "list", cwd=tmp_path)
    words = (*TRAININGS["tones"], "--threads", 1, "--quiet", "--out", "run")
    run(binaries / "ganzoo", "train", *words, cwd=tmp_path)
    run(binaries / "ganzoo", "sample", "./run", "-n", 3, "-o", "out.wav", cwd=tmp_path)
    assert len(frames(tmp_path / "out.wav")) == 3 * 1024


@pytest.mark.parametrize("name", PROJECTS)
@pytest.mark.parametrize("fast", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_an_example_is_right(importable, name, fast):
    made = run_checks(source(name), fast=fast)
    assert [one for one in made if not one.holds] == []
    assert {one.outcome for one in made} <= {"ok", "skipped"}


# --- Exported ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("what", TRAININGS)
def test_each_example_runs_as_an_onnx_file(
    what: str, runs: Path, command: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    path = tmp_path / "model.onnx"
    code, said, _ = command("export", runs / what, "--to", "onnx", "-o", path)
    assert code == 0 and said.startswith(f"{path}: opset 18, ")
    model = ganzoo.load(runs / what)
    expected, labels = model.sample(7, seed=1, return_labels=True)
    inputs = {"latents": model.latents(7, seed=1)}
    if labels is not None:
        inputs["labels" if model.conditions is None else "conditions"] = labels
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    taken = {one.name: inputs[one.name].numpy() for one in session.get_inputs()}
    (found,) = session.run(None, taken)
    assert np.abs(found - expected.numpy()).max() < 1e-4 * max(1, expected.abs().max())
    facts = session.get_modelmeta().custom_metadata_map
    assert json.loads(facts["value_range"]) == (None if what == "swirl" else [-1, 1])
