"""The documentation: its links lead somewhere, its code runs, it can be built."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import ganzoo
from ganzoo.plugins import PART_HOOKS
from playing import config, play, rows
from tiny import tiny_plugin

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


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
    assert target.resolve().is_relative_to(DOCS), "the site holds what lies in docs/ alone"
    if anchor:
        assert anchor in anchors(target)


def test_every_page_stands_in_the_contents() -> None:
    index = text_of(DOCS / "index.md")
    for page in PAGES:
        name = page.relative_to(DOCS).with_suffix("").as_posix()
        assert name == "index" or re.search(rf"^{name}$", index, re.MULTILINE), name


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("furo")
    words = ("-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", DOCS, tmp_path)
    ended = subprocess.run([sys.executable, *words], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    for page in PAGES:
        built = (tmp_path / page.relative_to(DOCS)).with_suffix(".html").read_text("utf-8")
        assert not re.search(r"<(link|script|img)[^>]*(href|src)=.https?:", built), page


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
