"""The protocols of this plugin: each is whole, says what it says honestly, and can be played."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ganzoo.bench.jobs import Job, jobs_of
from ganzoo.bench.protocols import find, protocols
from ganzoo.bench.report import Report
from ganzoo.build import build
from ganzoo.cards import catalogue
from ganzoo.engine.config import resolve
from ganzoo.engine.prepare import prepare
from ganzoo.engine.turns import step
from ganzoo.interfaces import Loss
from ganzoo.specs import Part, Protocol

#: What is trained, and what is measured of finished models.
TRAINED = ("lucic", "stacked-mnist", "toys")
NAMES = ("augment", *TRAINED)


@pytest.fixture(params=NAMES)
def protocol(request) -> Protocol:
    return find(catalogue().manager, f"ganzoo-bench/{request.param}")


def jobs(name: str) -> list[Job]:
    """A job of every entry and control."""
    return jobs_of(find(catalogue().manager, f"ganzoo-bench/{name}"), Path("out"), seeds=1)


def test_these_are_offered():
    assert [
        offer.name
        for offer in protocols(catalogue().manager)
        if offer.distribution == "ganzoo-bench"
    ] == [*NAMES]
    assert catalogue().manager.plugins["ganzoo-bench"].problems == []


def test_the_page_of_a_protocol_that_was_not_run_says_so(protocol, tmp_path):
    page = Report(protocol, tmp_path).markdown()
    assert page.count("Not run: ") >= 1
    for entry in protocol.entries:
        assert f"| `{entry.name}`" in page
        for figure in entry.published.values():
            assert f"| {figure} |" in page


def test_it_names_its_source_and_budget(protocol):
    assert protocol.source.url.startswith("https://arxiv.org/abs/")
    assert protocol.paper_images or protocol.name not in TRAINED
    assert "paper" in protocol.budget
    assert protocol.seeds >= 3


def test_a_figure_is_not_published_twice_by_oversight(protocol):
    shown = [(e.table, e.title) for e in protocol.entries]
    assert len(shown) - len(set(shown)) <= 1  # DCGAN stands twice, by two papers


@pytest.mark.parametrize("job", [job for name in TRAINED for job in jobs(name)], ids=str)
def test_every_job_resolves_with_the_plugins_that_it_requires(job):
    assert catalogue().missing(job.draft) == []
    config = resolve(job.raw, str(job))
    named = (config.generator, config.discriminator, config.recipe.loss)
    used = {part.name.partition("/")[0] for part in named} - {"ganzoo"}
    assert used <= job.draft.requires.keys()
    assert config.recipe.precision == "float32"


def test_every_game_of_the_zoo_is_in_the_toys():
    played = {resolve(job.raw, str(job)).recipe.loss.name for job in jobs("toys")}
    offered = [entry.qualified for entry in catalogue().registry.offers("loss")]
    assert played == {name for name in offered if name.startswith("ganzoo") and suits_points(name)}


def suits_points(name: str) -> bool:
    """Whether a game is one for points: they have no styles, and are no translation and no text."""
    if name.startswith(("ganzoo-translate/", "ganzoo-text/")):
        return False
    return not build(Loss, Part(name)).needs


@pytest.mark.parametrize(
    "job",
    [job for name in TRAINED for job in jobs(name) if job.row.entry],
    ids=str,
)
def test_every_entry_plays_a_step(job):
    """On mnist-mini where the data set is not in the package, with a small batch."""
    config = resolve(job.raw, str(job))
    data = config.recipe.data
    if data.name not in ("ganzoo/ring", "ganzoo/grid"):
        channels = 3 if "stacked" in data.name else 1
        size = data.arguments.get("size", 28)
        data = Part("ganzoo/mnist-mini", {"size": size, "channels": channels})
    batch = 12 if "pac" in job.row.entry.name else 4  # packs of two, three and four
    recipe = replace(config.recipe, data=data, batch=batch)
    state, setup = prepare(replace(config, recipe=recipe), torch.device("cpu"))
    step(state, setup, lambda name, values: None)
    assert state.images == recipe.images_per_step
    assert all(p.isfinite().all() for p in state.generator.parameters())


def test_the_readmes_own_protocol_is_one(tmp_path):
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    (tmp_path / "mine.json").write_text(text.split("```json\n")[1].split("```")[0])
    found = find(catalogue().manager, str(tmp_path / "mine.json"))
    for job in jobs_of(found, tmp_path):
        resolve(job.raw, str(job))
    assert "| `gan` |" in Report(found, tmp_path).markdown()


def test_the_ablation_changes_one_thing_at_a_time():
    """R3GAN's table 1: one budget, one network, and games that differ in pairs, R1 and R2 alone."""
    compared = [j for j in jobs("stacked-mnist") if getattr(j.row.entry, "table", "") == "ablation"]
    raws = {job.row.entry.name: resolve(job.raw, str(job)) for job in compared}
    del raws["r3gan-wide"]
    first = raws["relativistic-r1-r2"]
    games = {
        name: (config.recipe.loss.bare_name, *sorted(config.recipe.loss.arguments))
        for name, config in raws.items()
    }
    assert games == {
        "relativistic-r1-r2": ("relativistic", "r1_gamma", "r2_gamma"),
        "relativistic-r1": ("relativistic", "r1_gamma"),
        "classic-r1-r2": ("non-saturating", "r1_gamma", "r2_gamma"),
        "classic-r1": ("non-saturating", "r1_gamma"),
        "classic": ("non-saturating",),
    }
    for config in raws.values():
        assert config.generator == first.generator
        assert replace(config.recipe, loss=first.recipe.loss) == first.recipe
    assert first.recipe.images == 640_000
