"""A beginner's mistake is one line of `ganzoo check`, with its true cause; the rest is not run."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ganzoo.cards import Catalogue, using
from ganzoo.cli import main
from ganzoo.engine.run.export import count
from ganzoo.plugins import PluginManager, PluginSource
from ganzoo.specs import Fingerprint, Provenance, write_record
from ganzoo.testing import checks_of, run_checks
from ganzoo.testing.plugin_sources import offering
from ganzoo.testing.runner import run_planned
from model_folders import write_published
from tiny import TinyGenerator, as_hook, make_plugin, tiny_plugin

SOUND = {"generator": "Painter", "discriminator": "Critic", "dataset": "Stripes"}


@dataclass(frozen=True)
class Mistake:
    """A part of `beginners` in a plugin of sound ones, the check that tells, and what it says."""

    kind: str
    target: str
    check: str
    said: str

    @property
    def id(self) -> str:
        return self.target


MISTAKES = [
    Mistake("generator", "NoSuper", "builds", r"call super\(\).__init__\(\) first"),
    Mistake("generator", "NoSuperNoLayers", "builds", r"call super\(\).__init__\(\) first"),
    Mistake("discriminator", "NoSuperCritic", "builds", r"call super\(\).__init__\(\) first"),
    Mistake("generator", "NotImported", "builds", "name 'Sequential' is not defined: import it"),
    Mistake("generator", "NotInstalled", "builds", "is 'einopps' misspelt"),
    Mistake("generator", "MisspeltLayer", "builds", "'TanH': did you mean 'Tanh'"),
    Mistake("generator", "NoDefault", "builds", "without 'blocks': give every argument a default"),
    Mistake("generator", "Foward", "builds", "lacks forward.*write def forward"),
    Mistake("generator", "PlainList", "attributes", "self.layers, a plain list.*nn.ModuleList"),
    Mistake("generator", "NoLabels", "shapes", r"def forward\(self, latents, labels=None\)"),
    Mistake("discriminator", "NoLabelsCritic", "shapes", r"is declared as forward\(x\): write"),
    Mistake("generator", "NoRng", "latents", r"write def sample_latents\(self, n, \*, rng\)"),
    Mistake("generator", "Misread", "shapes", "no attribute 'nett'"),
    Mistake("generator", "NoChannel", "shapes", r"\[1, 1, 4, 4\] in eval mode, and \[1, 4, 4\]"),
    Mistake("generator", "WrongLatents", "shapes", "made for other sizes: .*latent_dim"),
    Mistake("discriminator", "WrongSize", "shapes", "made for other sizes: .*sample_shape"),
    Mistake("discriminator", "SigmoidCritic", "raw_scores", "it ends in a sigmoid"),
    Mistake("generator", "UnitPainter", "range", "seem to end in a sigmoid"),
    Mistake("discriminator", "NumpyCritic", "gradients", "leaves torch for numpy"),
    Mistake("generator", "NumpyPainter", "gradients", "numpy computes no gradients"),
    Mistake("discriminator", "ShiftingCritic", "inputs", "changes its inputs.*in place"),
    Mistake("discriminator", "InPlaceCritic", "inputs", "inplace=True"),
    Mistake("generator", "TensorOutputs", "outputs", r"outputs\(\) returns a Tensor, .*a dict"),
    Mistake("loss", "Averaged", "terms", "is a single number: the mean was taken already"),
    Mistake("loss", "Bare", "terms", "returns Tensor instead of named terms"),
    Mistake("loss", "OneSided", "builds", "lacks generator.*write def generator"),
    Mistake("dataset", "Bytes", "batches", r"uint8 .*, and float32 .*\.float\(\)"),
    Mistake("dataset", "FloatLabels", "batches", r"labels are float32.*\.long\(\)"),
    Mistake("dataset", "TorchData", "declared", r"write class TorchData\(ganzoo.Dataset\)"),
    Mistake("dataset", "NoFile", "builds", "FileNotFoundError.*/nowhere/images.npy"),
]


def plugin_of(**parts: str):
    """A plugin of sound parts, some in the place of which are others."""
    named = {kind: name for kind, name in {**SOUND, **parts}.items() if name}
    targets = {kind: {"mine": f"beginners:{name}"} for kind, name in named.items()}
    return offering("beginner", "1.0", targets)


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(["check", "beginner", "--fast", *words])
    return int(ended.value.code or 0), capsys.readouterr().out


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.id)
def test_a_mistake_is_one_line_with_its_cause(mistake: Mistake, ganzoo_world, capsys):
    ganzoo_world(plugin_of(**{mistake.kind: mistake.target}))
    code, shown = told(capsys, "--json")
    made = json.loads(shown)
    wrong = [one for one in made if one["outcome"] == "WRONG"]
    assert code == 1
    assert [(one["model"], one["check"]) for one in wrong] == [
        (f"{mistake.kind}/mine", f"check_{mistake.check}")
    ]
    assert re.search(mistake.said, wrong[0]["said"]), wrong[0]["said"]
    assert "\n" not in wrong[0]["said"]
    stopped = [one for one in made if one["outcome"] == "not run"]
    cause = f"{mistake.kind}/mine check_{mistake.check}"
    assert {one["because"] for one in stopped} <= {cause}
    assert {one["said"] for one in stopped} <= {f"because of {cause}"}


def test_sound_parts_have_no_fault():
    made = run_checks(plugin_of(loss="Game"), fast=True)
    assert [one for one in made if not one.holds or one.outcome == "not run"] == []


def test_the_command_counts_what_a_fault_stops(ganzoo_world, capsys):
    ganzoo_world(plugin_of(generator="NoSuper"))
    code, shown = told(capsys)
    assert (code, shown.count("WRONG")) == (1, 2)  # its row, and the count of outcomes
    (number,) = re.findall(r"^  (\d+) other checks were not run because of it$", shown, re.M)
    assert f"{number} not run, 1 WRONG" in shown
    assert shown.count("super().__init__()") == 1
    assert re.search(r"generator/mine +check_shapes +not run", shown)


# --- Modules and hooks ---------------------------------------------------------------------------


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Write a module that can be imported until the test ends."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(source: str) -> str:
        (tmp_path / "my_networks.py").write_text(source)
        return "my_networks"

    yield write
    sys.modules.pop("my_networks", None)


NETWORKS = """
from beginners import Critic, Painter, Game
"""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import torhc\n", r"No module named 'torhc'.*is 'torhc' misspelt.*my_networks\.py:1\]"),
        ("import torch\nx = nn.ReLU()\n", r"'nn' is not defined; import it.*my_networks\.py:2\]"),
        ("import torch\ndef f(:\n", r"SyntaxError.*correct it.*my_networks\.py:2\]"),
    ],
)
def test_a_module_that_cannot_be_imported_is_told_once(module, source, said):
    name = module(source + NETWORKS)
    kinds = {"generator": "Painter", "discriminator": "Critic", "loss": "Game"}
    parts = {kind: {"mine": f"{name}:{part}"} for kind, part in kinds.items()}
    made = run_checks(offering("beginner", "1.0", parts), fast=True)
    (wrong,) = [one for one in made if not one.holds]
    assert wrong.check == "check_declared" and re.search(said, wrong.said), wrong.said
    others = {one.subject for one in made if one.because == wrong.id}
    assert {"generator/mine", "discriminator/mine", "loss/mine"} <= others


def test_a_hook_that_returns_a_list_is_told_once():
    source = make_plugin("beginner", ganzoo_generators=["beginners:Painter"], ganzoo_losses={})
    (wrong,) = [one for one in run_checks(source, fast=True) if not one.holds]
    assert wrong.id == "plugin/beginner check_loads"
    assert wrong.said.startswith("ganzoo_generators: expected a mapping, found list")


def test_a_plugin_that_is_no_python_is_told_once(ganzoo_world):
    def load():
        import torhc  # type: ignore[import-not-found]

        return torhc

    ganzoo_world(PluginSource("beginner", "1.0", load), strict=False)
    made = run_checks("beginner", fast=True)
    (wrong,) = [one for one in made if not one.holds]
    assert (wrong.check, wrong.said) == (
        "check_loads",
        "ModuleNotFoundError: No module named 'torhc'",
    )
    assert {one.because for one in made if one.outcome == "not run"} == {wrong.id}


# --- Models --------------------------------------------------------------------------------------


def a_comma_too_many(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(path.read_text().rstrip().removesuffix("}") + ",}")


def a_part_of_nobody(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "generator": {"name": "tiny/tinny"}}))


def no_readme(folder: Path) -> None:
    (folder / "README.md").unlink()


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def no_discriminator(folder: Path) -> None:
    (folder / "discriminator.safetensors").unlink()


def torn_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])


@pytest.mark.parametrize(
    ("break_it", "check", "said", "stopped"),
    [
        (a_comma_too_many, "card", "config.json.*line 1 column", 5),
        (a_part_of_nobody, "requires", "tiny offers none of that name; did you mean 'tiny'", 3),
        (no_readme, "card", "lacks README.md", 5),
        (no_weights, "card", "model.safetensors is missing", 5),
        (no_discriminator, "files", "discriminator.safetensors is missing", 2),
        (torn_weights, "files", "model.safetensors.*bytes", 2),
    ],
    ids=lambda it: it.__name__ if callable(it) else None,
)
def test_a_fault_of_a_model_folder_is_one_line(tmp_path: Path, break_it, check, said, stopped):
    folder = write_published(tmp_path / "models" / "tiny-ring", **facts())
    break_it(folder)
    zoo = Catalogue(PluginManager([tiny_plugin(ganzoo_cards=[folder.parent])], strict=False))
    with using(zoo):
        planned = [one for one in checks_of("tiny") if one.subject.kind in ("plugin", "model")]
        made = run_planned(planned)
    (wrong,) = [one for one in made if not one.holds]
    assert wrong.id == f"model/tiny-ring check_{check}"
    assert re.search(said, wrong.said), wrong.said
    assert sum(one.because == wrong.id for one in made) == stopped


def test_parts_that_a_failed_hook_would_offer_are_the_hooks_fault(tmp_path: Path):
    folder = write_published(tmp_path / "models" / "tiny-ring", **facts())
    source = tiny_plugin(ganzoo_cards=[folder.parent])
    module = source.load()
    module.ganzoo_generators = as_hook("ganzoo_generators", ["tiny:TinyGenerator"])
    source = replace(source, load=lambda: module)
    with using(Catalogue(PluginManager([source], strict=False))):
        planned = [one for one in checks_of("tiny") if one.subject.kind in ("plugin", "model")]
        made = run_planned(planned)
    (wrong,) = [one for one in made if not one.holds]
    assert wrong.said.startswith("ganzoo_generators: expected a mapping, found list")
    stopped = {one.id for one in made if one.because == wrong.id}
    assert "model/tiny-ring check_requires" in stopped


def facts() -> dict[str, object]:
    """What a card says of a model beside its parts and weights."""
    about = {"command": "ganzoo train", "date": "2026-11-22", "duration_s": 1.0, "images": 64}
    where = {"data_hash": "0" * 64, "hardware": "cpu", "versions": {"torch": "2"}, "threads": 1}
    return {
        "description": "A ring",
        "parameters": {"generator": count(TinyGenerator())},
        "provenance": write_record(Provenance(**about, **where)),
        "fingerprint": write_record(Fingerprint(0, 4, 0.0, 1.0, (0.0,) * 4, 1e9)),
    }
