"""The documentation: its links lead somewhere, its code runs, it can be built."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import commands
import ganzoo
from ganzoo.plugins import PART_HOOKS
from short_runs import config, exported, play, rows
from tiny import tiny_plugin

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
FENCE = re.compile(r"^```([^`\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    """A page's fenced blocks of a language."""
    return [text for name, text in FENCE.findall(text_of(DOCS / page)) if name == language]


# --- Links ------------------------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    """The anchors that a forge, and MyST, give to a page's headings."""
    slugs: list[str] = []
    for heading in re.findall(r"^#{1,6} (.+)$", FENCE.sub("", text_of(path)), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slugs.append(re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-"))
    before = (slugs[:number].count(slug) for number, slug in enumerate(slugs))
    return {slug + (f"-{n}" if n else "") for slug, n in zip(slugs, before, strict=True)}


def links() -> Iterator[tuple[str, str]]:
    """Every link of every page that leads to a place in this repository."""
    for page in PAGES:
        prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text_of(page)))
        for link in re.findall(r"\]\(([^)\s]+)\)", prose):
            if not re.match(r"[a-z]+:", link):
                yield str(page.relative_to(DOCS)), link


@pytest.mark.parametrize(("page", "link"), sorted(set(links())))
def test_every_link_leads_somewhere(page: str, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = (DOCS / page).parent / path if path else DOCS / page
    assert target.exists()
    picture = target.suffix == ".png"  # which Sphinx copies into the site from anywhere
    assert picture or target.resolve().is_relative_to(DOCS), "the site holds docs/ alone"
    if anchor:
        assert anchor in anchors(target)


def contents(page: str) -> Iterator[str]:
    """The pages that a page's contents lead to, at any depth."""
    blocks = FENCE.findall(text_of(DOCS / f"{page}.md"))
    tables = (text for language, text in blocks if language == "{toctree}")
    for line in "\n".join(tables).splitlines():
        name = (Path(page).parent / line).as_posix()
        if re.fullmatch(r"[a-z][a-z0-9/-]*", line) and (DOCS / f"{name}.md").is_file():
            yield from (name, *contents(name))


def test_every_page_stands_in_the_contents() -> None:
    names = {page.relative_to(DOCS).with_suffix("").as_posix() for page in PAGES}
    assert {"index", *contents("index")} == names


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("furo")
    words = ("-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", DOCS, tmp_path)
    ended = subprocess.run([sys.executable, *words], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    for page in PAGES:
        built = (tmp_path / page.relative_to(DOCS)).with_suffix(".html").read_text("utf-8")
        assert not re.search(r"<(link|script|img)[^>]*(href|src)=.https?:", built), page
    index = (tmp_path / "genindex.html").read_text("utf-8")
    inventory = (tmp_path / "objects.inv").read_bytes().split(b"\n", 4)[4]
    objects = {line.split()[0] for line in zlib.decompress(inventory).decode().splitlines()}
    for name in ganzoo.__all__:
        if not name.startswith("__"):
            assert f"ganzoo.{name}" in objects
            assert f"{name} (ganzoo)" in index
    assert "ganzoo.Model.sample" in objects


# --- From a paper -----------------------------------------------------------------------------

#: The game of each loss of the page: generator, discriminator, data.
GAMES = {
    "PearsonGAN": ("tiny", "tiny", "tiny-ring"),
    "ZeroCentred": ("told", "projection", "tiny-ring"),
    "AuxiliaryClassifier": ("told", "classifying", "tiny-ring"),
    "Balanced": ("tiny", "autoencoder", "tiny-ring"),
    "Matching": ("tiny", "packed", "tiny-ring"),
    "Clipped": ("tiny", "packed", "tiny-ring"),
    "Cycle": ("twoways", "twojudges", "pairs"),
}
KINDS = {
    "generator": ganzoo.Generator,
    "discriminator": ganzoo.Discriminator,
    "loss": ganzoo.Loss,
    "dataset": ganzoo.Dataset,
}


@pytest.fixture(scope="module")
def papers() -> Iterator[ModuleType]:
    """The page's code as one module."""
    module = ModuleType("papers_page")
    exec("\n".join(blocks("papers.md", "python")), module.__dict__)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "papers_page", module)
        yield module


def defined(module: ModuleType, interface: type) -> list[str]:
    """The names of the page's own classes of an interface."""
    return [
        name
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, interface)
        and value.__module__ == module.__name__
    ]


def test_every_loss_of_the_page_is_played(papers: ModuleType) -> None:
    assert set(defined(papers, ganzoo.Loss)) == set(GAMES)
    played = {name for game in GAMES.values() for name in game}
    for kind in ("generator", "discriminator", "dataset"):
        assert {name.lower() for name in defined(papers, KINDS[kind])} <= played


@pytest.mark.parametrize("loss", GAMES)
def test_the_papers_page_trains(
    papers: ModuleType, world: Callable[..., Any], tmp_path: Path, loss: str
) -> None:
    parts = {
        PART_HOOKS[kind]: {name.lower(): f"papers_page:{name}" for name in defined(papers, made)}
        for kind, made in KINDS.items()
    }
    world(tiny_plugin(**parts), strict=True)
    generator, discriminator, data = GAMES[loss]
    kind = "tiny-points" if data == "tiny-ring" else "points"
    wish = config(
        loss.lower(), generator=generator, discriminator=discriminator, data=data, kind=kind
    )
    play(wish, tmp_path)
    assert rows(tmp_path)
    assert all(value == value for row in rows(tmp_path) for value in row.values())


# --- Using and training ------------------------------------------------------------------------


def commands_of(page: str) -> Iterator[list[str]]:
    """The words of each `ganzoo ...` command of a page."""
    text = "".join(blocks(page, "sh")).replace("\\\n", " ")
    for line in text.splitlines():
        if line.startswith("ganzoo "):
            yield shlex.split(line, comments=True)[1:]


def test_the_page_on_using_a_model_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commands but for checks, which other tests make, and its Python."""
    monkeypatch.chdir(tmp_path)
    for words in commands_of("use-a-model.md"):
        if words[0] != "check":
            assert commands.ganzoo(*words) == 0, words
    assert {path.name for path in tmp_path.iterdir()} == {
        "samples.png", "digits", "sneakers.png", "tame.png"
    }  # fmt: skip
    names: dict[str, Any] = {}
    for code in blocks("use-a-model.md", "python"):
        exec(code, names)
    assert names["samples"].shape == (8, 1, 28, 28)


@pytest.mark.slow
def test_the_page_on_exporting_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commands and its Python; and its sizes are those of the files."""
    for library in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(library)
    monkeypatch.chdir(tmp_path)
    for words in commands_of("export.md"):
        assert commands.ganzoo(*words) == 0, words
    names: dict[str, Any] = {}
    for code in blocks("export.md", "python"):
        exec(code, names)
        assert names["samples"].shape[1:] in {(1, 32, 32), (1, 28, 28)}
    size = f"{Path('dcgan-letters.onnx').stat().st_size:,}"
    assert f"| `dcgan-letters` | {size} |" in text_of(DOCS / "export.md")


@pytest.mark.slow
def test_the_dry_runs_of_the_page_on_training_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in commands_of("training.md"):
        if "--dry-run" in words:
            short = ("--data", "mnist-mini", "--images", 2000, "--threads", 1)
            assert commands.ganzoo(*words, *short) == 0, words
    assert not list(tmp_path.iterdir())


# --- Plugins ----------------------------------------------------------------------------------


def test_the_plugins_page_names_a_world_and_waivers(ganzoo_world: Callable[..., Any]) -> None:
    """Its snippets of data are read as the kit reads them; its test is the fixture's own."""
    from ganzoo.testing import checks_of

    examples, waivers = (
        code for code in blocks("plugins.md", "python") if code.startswith("ganzoo_")
    )
    names: dict[str, Any] = {}
    exec(examples + waivers, names)
    module = ModuleType("my_gan")
    parts = {
        "ganzoo_generators": "tiny:TinyGenerator",
        "ganzoo_discriminators": "tiny:TinyDiscriminator",
    }
    for hook, target in {**parts, "ganzoo_losses": "ganzoo.losses:Hinge"}.items():
        module.__dict__[hook] = _hook(hook, {"mine": target})
    module.__dict__.update(names)
    planned = checks_of(module, fast=True)
    assert "game/small" in {one.subject.id for one in planned}
    waived = {one.id.partition("[")[0] for one in planned if one.waiver}
    assert waived == {"discriminator/mine-independence", "discriminator/mine"}
    ganzoo_world(module)
    assert ganzoo.create_loss("mine").double_backward is False


def _hook(name: str, value: Any) -> Any:
    from tiny import as_hook

    return as_hook(name, value)


@pytest.mark.slow
def test_the_exporter_of_the_page_of_parts_exports(
    ganzoo_world: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for library in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(library)
    named, written = (
        next(text for text in blocks("plugin-parts.md", "python") if words in text)
        for words in ("def ganzoo_exporters", "def export(")
    )
    plugin, sheet = ModuleType("my_gan.plugin"), ModuleType("my_gan.sheet")
    exec(f"from ganzoo import hookimpl\n{named}", plugin.__dict__)
    exec(written, sheet.__dict__)
    for module in (ModuleType("my_gan"), plugin, sheet):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(tmp_path)
    ganzoo_world(plugin, "ganzoo-vanilla")
    words = ("export", "vanilla-mnist", "--to", "sheet", "--set", "seeds=2", "-o", "seeds")
    assert commands.ganzoo(*words) == 0
    names = sorted(path.name for path in Path("seeds").iterdir())
    assert names == ["0.png", "1.png", "export.json", "model.onnx"]


# --- Augmentations and schedules --------------------------------------------------------------


@pytest.fixture
def my_gan(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The plugin that docs/plugin-parts.md writes: a module of hooks, and one of parts."""
    code = [text for text in blocks("plugin-parts.md", "python") if "my_gan.changes" not in text]
    parts = [text for text in code if "(Augmentation):" in text or "(Schedule):" in text]
    (hooks,) = (text for text in blocks("plugin-parts.md", "python") if "my_gan.changes" in text)
    plugin, changes = ModuleType("my_gan.plugin"), ModuleType("my_gan.changes")
    exec("\n".join(parts), changes.__dict__)
    exec(hooks, plugin.__dict__)
    for module in (ModuleType("my_gan"), plugin, changes):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return plugin


def command_of(page: str, words: str) -> list[str]:
    """The words of the page's command that holds some words."""
    (text,) = (code for code in blocks(page, "sh") if words in code)
    return shlex.split(text.replace("\\\n", " "))[1:]


def test_the_page_of_parts_trains_samples_and_goes_on(
    my_gan: ModuleType,
    ganzoo_world: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its augmentation and schedule, with groups and two generator turns, as its command says."""
    monkeypatch.chdir(tmp_path)
    ganzoo_world(my_gan, "ganzoo-vanilla")
    words = command_of("plugin-parts.md", "augmentation.fade.strength")
    small = ["generator.arguments.widths=[16]", "discriminator.arguments.widths=[16]"]
    words = [*words, *(w for one in small for w in ("--set", one)), "--quiet", "--threads", "1"]
    where = {"every": 5000}
    steps = words.index(next(word for word in words if str(where["every"]) in word))
    words[steps] = words[steps].replace("5000", "128")

    def train(out: str, images: int) -> None:
        assert commands.ganzoo(*words, "--out", out, "--images", images, "--log-every", 64) == 0

    train("whole", 640)
    train("halves", 256)
    train("halves", 640)
    assert exported(tmp_path / "whole").keys()
    ours, theirs = exported(tmp_path / "whole"), exported(tmp_path / "halves")
    assert all(ours[name].equal(theirs[name]) for name in ours)
    strengths = {
        row["images"]: row["augmentation.fade.strength"] for row in rows(tmp_path / "whole")
    }
    assert strengths[64] == pytest.approx(0.8)
    assert strengths[640] == pytest.approx(0.8 * 0.5**5)
    assert [row["step"] for row in rows(tmp_path / "whole")][-1] == 20
    samples = ganzoo.load(tmp_path / "whole").sample(4, seed=0)
    assert samples.shape == (4, 1, 28, 28)


def test_the_parts_of_the_page_are_right(
    my_gan: ModuleType, ganzoo_world: Callable[..., Any]
) -> None:
    from ganzoo.testing import run_checks

    ganzoo_world(my_gan)
    my_gan.ganzoo_examples = {"schedule/steps": {"every": 5000}}
    made = [one for one in run_checks(my_gan, fast=True) if not one.subject.startswith("plugin/")]
    assert {one.subject for one in made} == {"augmentation/fade", "schedule/steps"}
    assert [one for one in made if not one.holds] == []
