"""The parts of docs/plugin-parts.md: each is right, trains, resumes, samples, is published."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

import commands
import ganzoo
from ganzoo.testing import run_checks
from short_runs import exported
from tiny import as_hook

PAGE = Path(__file__).parents[2] / "docs" / "plugin-parts.md"
CODE = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
#: What the plugin offers, hook by hook.
PARTS = {
    "ganzoo_extractors": {"coarse": "my_gan.parts:Coarse"},
    "ganzoo_metrics": {"right-mode": "my_gan.parts:RightMode", "answered": "my_gan.parts:Answered"},
    "ganzoo_datasets": {"negatives": "my_gan.parts:Negatives"},
    "ganzoo_generators": {"positive": "my_gan.parts:Positive", "strokes": "my_gan.parts:Strokes"},
    "ganzoo_discriminators": {"pairs": "my_gan.parts:Pairs"},
    "ganzoo_losses": {"lazy": "my_gan.parts:Lazy"},
}
#: A figure as the page's table of `needs` says that one may be.
ANSWERED = '''
class Answered(Figure):
    """How far samples lie from the answers to their conditions."""

    title, protocol = "distance to the answer", "mean absolute difference to the answer"
    direction, best = "lower", 0.0
    needs = frozenset({"targets"})

    def applies_to(self, data):
        return data.condition_shape is not None

    def measure(self, drawn):
        return (drawn.samples - drawn.targets).abs().mean()
'''
CARD = "# A model\n\nFor tests of the documentation.\n\n## How it fails\n\nIt hardly learnt.\n"


@pytest.fixture
def my_gan(
    monkeypatch: pytest.MonkeyPatch,
    ganzoo_world: Callable[..., Any],
    tmp_path: Path,
    cache: Path,
) -> ModuleType:
    """The page's plugin in a world with the vanilla networks."""
    kinds = ("(Extractor):", "(Figure):", "(StyleGenerator):", "(Dataset):", "(Loss):")
    code = [text for text in CODE if any(kind in text for kind in kinds)]
    assert len(code) == len(kinds)
    plugin, parts = ModuleType("my_gan.plugin"), ModuleType("my_gan.parts")
    exec("\n".join([*code, ANSWERED]), parts.__dict__)
    plugin.__dict__.update({name: as_hook(name, offered) for name, offered in PARTS.items()})
    for module in (ModuleType("my_gan"), plugin, parts):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(tmp_path)
    Path("card.md").write_text(CARD)
    ganzoo_world(plugin, "ganzoo-vanilla")
    return plugin


@pytest.fixture
def command(my_gan: ModuleType, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run `ganzoo ...`, which must succeed, and return what it printed."""

    def go(*words: object) -> str:
        capsys.readouterr()
        code = commands.ganzoo(*words)
        said = capsys.readouterr()
        assert code == 0, said.err
        return said.out

    return go


CONDITIONS = "--generator positive --discriminator pairs --loss non-saturating --data negatives"
STYLES = "--generator strokes --discriminator vanilla --loss lazy --data mnist-mini"
SMALL = "--set discriminator.arguments.widths=[16]"
LIMITS = ["--threads", "1", "--quiet", "--batch", "16"]


def trained(command: Callable[..., str], words: str) -> Path:
    """A run that was stopped and went on, and that ended like one that was not stopped."""
    for out, images in (("whole", 192), ("halves", 96), ("halves", 192)):
        command("train", *words.split(), *LIMITS, "--out", out, "--images", images)
    ours, theirs = exported(Path("whole")), exported(Path("halves"))
    assert ours.keys() == theirs.keys()
    assert all(ours[name].equal(theirs[name]) for name in ours)
    return Path("halves").resolve()


def published(command: Callable[..., str], run: Path, name: str) -> str:
    """The card of the run, published with figures that hold when they are measured again."""
    licences = [f"{what}=MIT" for what in ("code", "weights", "data")]
    said = [word for licence in licences for word in ("--license", licence)]
    about = ["--description", "A model of the documentation", "--prose", "card.md"]
    few = ["-n", 80, "--repeats", 2, "--threads", 1]
    command("publish", run, "--name", name, "--to", name, *about, *said, *few)
    command("check", f"./{name}", "--metrics", "--threads", 1)
    return (Path(name) / "README.md").read_text(encoding="utf-8")


def test_every_part_of_the_page_is_right(my_gan: ModuleType) -> None:
    made = [one for one in run_checks(my_gan, fast=True) if not one.subject.startswith("plugin/")]
    offered = {name for parts in PARTS.values() for name in parts}
    assert {one.subject.partition("/")[2].partition("[")[0] for one in made} >= offered
    assert [one for one in made if not one.holds] == []
    tried = {one.subject: one.said for one in made if one.check == "check_number"}
    assert tried["metric/answered"].startswith("0 for real samples of my-gan/negatives")


def test_a_model_of_conditions_is_trained_measured_and_published(
    command: Callable[..., str],
) -> None:
    run = trained(command, CONDITIONS)
    command("sample", run, "--conditions", "negatives", "-n", 4, "-o", "told.png")
    assert Path("told.png").is_file()
    assert "distance to the answer" in command("eval", run, "-n", 64, "--threads", 1)
    readme = published(command, run, "positive-negatives")
    assert "FD (coarse)" in readme and "distance to the answer" in readme
    model = ganzoo.load("./positive-negatives")
    assert model.conditions is not None and model.conditions.shape == (64, 1, 28, 28)
    one = model.sample(3, seed=0, conditions=model.conditions[0])
    assert torch.equal(one[0], one[2])  # it has no latents


def test_a_model_of_styles_is_trained_measured_and_published(command: Callable[..., str]) -> None:
    run = trained(command, f"{STYLES} {SMALL}")
    command("sample", run, "--truncation", 0.5, "-n", 4, "-o", "truncated.png")
    assert Path("truncated.png").is_file()
    published(command, run, "strokes-mnist-mini")
    model = ganzoo.load("./strokes-mnist-mini")
    assert isinstance(model.generator, ganzoo.StyleGenerator)
    assert model.generator.average_style.abs().sum() > 0
    typical = model.sample(4, seed=0, truncation=0.0)
    assert torch.allclose(typical, typical[:1].expand_as(typical), atol=1e-6)
    assert not torch.allclose(model.sample(4, seed=0), typical, atol=1e-3)
