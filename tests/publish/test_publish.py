"""Publishing: what goes out of a run or of several seeds, what is measured, what is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import commands
import ganzoo
from ganzoo.cards import catalogue
from ganzoo.engine.run.options import RunOptions
from ganzoo.engine.run.seeds import train_seeds
from ganzoo.errors import CardError, HubError, UsageError
from ganzoo.measure.figures import BY_KEY
from ganzoo.measure.measurement import Measurement, median_of
from ganzoo.measure.recheck import contradictions, measured_again, unchecked
from ganzoo.measure.sources import ModelSource
from ganzoo.plugins import CORE
from ganzoo.publish.measuring import Effort
from ganzoo.publish.planning import PublishRequest, planned
from ganzoo.publish.publish import Published, publish
from ganzoo.specs import ModelConfig, read_config
from ganzoo.specs.readme import FIGURES
from measuring import SHAPE, measuring_plugin
from model_folders import LICENCES
from short_runs import config as config_of
from short_runs import play
from tiny import make_plugin, tiny_plugin

PROSE = "# tiny-ring\n\nFor tests alone. It fails whenever it can.\n"
SAID = {"description": "A ring.", "licences": LICENCES, "prose": PROSE}
QUICK = Effort(n=200, repeats=2)
SHAPED = ("tiny", {"sample_shape": SHAPE})
IMAGES = {"generator": SHAPED, "discriminator": SHAPED, "kind": "image"}


def ring(**recipe: Any) -> ModelConfig:
    """Tiny players on the core's ring, whose modes can be counted."""
    return config_of(data="ring", kind="points", steps=40, **recipe)


def seeds_of(folder: Path, config: ModelConfig, count: int = 3) -> Path:
    """Train under several seeds, as `ganzoo train --seeds` does."""
    train_seeds(config, RunOptions(folder, quiet=True, command="ganzoo train x"), count)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three training seeds on the ring, for all tests to copy."""
    from ganzoo.cards import Catalogue, using
    from ganzoo.plugins import PluginManager

    with using(Catalogue(PluginManager([tiny_plugin()]))):
        return seeds_of(tmp_path_factory.mktemp("runs") / "ring", ring())


@pytest.fixture
def seeds(trained: Path, tiny_world, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "runs" / "ring"))


def out(what: Path, to: Path | str, effort: Effort = QUICK, **said: Any) -> Published:
    """Publish with all that a person must say, but for what is said otherwise."""
    return publish(
        planned(
            catalogue(), PublishRequest(what, str(to), **{"name": "tiny-ring", **SAID, **said})
        ),
        effort,
    )


def alter(folder: Path, **keys: Any) -> None:
    data = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**data, **keys}))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refused(what: Path, to: Path | str, text: str, **said: Any) -> str:
    with pytest.raises(CardError, match=text) as told:
        out(what, to, **said)
    return str(told.value)


# What goes out


def test_of_several_seeds_the_median_by_the_first_figure_goes_out(seeds, tmp_path):
    done = out(seeds, tmp_path / "model")
    config, _ = read_config(tmp_path / "model" / "config.json")
    first = config.metrics[0]
    assert (first.name, first.n, first.repeats, len(first.values)) == ("high quality", 200, 2, 3)
    assert first.shipped == sorted(first.values)[1]
    assert first.values[done.seed] == first.shipped
    assert (done.seeds, config.recipe.seed, config.name) == (3, done.seed, "tiny-ring")
    export = seeds / f"seed-{done.seed}" / "export"
    for file in ("model.safetensors", "discriminator.safetensors", "samples.png"):
        assert (tmp_path / "model" / file).read_bytes() == (export / file).read_bytes()


@pytest.mark.parametrize(("values", "best"), [((0.9, 0.5), 1), ((0.1, 0.9, 0.5, 0.7), 2)])
def test_of_an_even_number_of_seeds_the_worse_of_the_middle_two_stands_for_all(values, best):
    """Of the share of good samples the smaller, of a distance the greater."""
    rows = [{"high_quality": Measurement(BY_KEY["high_quality"], (value,))} for value in values]
    assert median_of(rows) == best
    rows = [{"fd": Measurement(BY_KEY["fd"], (1 - value,))} for value in values]
    assert median_of(rows) == best


def test_the_published_folder_is_a_whole_model(seeds, tmp_path):
    out(seeds, tmp_path / "model")
    model = ganzoo.load(tmp_path / "model")
    config = model.card.require_config()
    assert model.card.status == "ready" and model.discriminator is not None
    assert config.fingerprint and config.provenance and config.requires == {"tiny": ">=1.0"}
    assert model.card.readme.startswith("---\ndatasets:\n- ring\nlibrary_name: ganzoo\n")
    assert "model-index:" in model.card.readme and "license: cc-by-4.0" in model.card.readme
    assert PROSE.strip() in model.card.readme
    assert f"| high quality | {config.metrics[0].value:.4g}" in model.card.readme
    threads = config.provenance.threads
    assert config.metrics[0].command == (
        f"ganzoo train tiny-ring/ --seeds 3 --threads {threads}; "
        "ganzoo eval runs/tiny-ring/ -n 200 --repeats 2"
    )


def test_the_cards_own_command_gives_the_cards_figures(seeds, tmp_path, monkeypatch, capsys):
    """Word for word, beside the published folder."""
    out(seeds, tmp_path / "tiny-ring")
    shutil.rmtree(tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    metrics = read_config(tmp_path / "tiny-ring" / "config.json")[0].metrics
    for line in metrics[0].command.split("; "):
        capsys.readouterr()
        words = [*line.split()[1:], *(["--json"] if " eval " in line else ["--quiet"])]
        assert commands.ganzoo(*words) == 0
    figures = json.loads(capsys.readouterr().out)["figures"]
    found = {key: one for key, one in figures.items() if None not in one["values"]}
    assert [one["name"] for one in found.values()] == [metric.name for metric in metrics]
    for one, metric in zip(found.values(), metrics, strict=True):
        assert one["values"] == pytest.approx(metric.values, rel=1e-4)


def test_the_command_names_each_stretch_of_seeds(seeds, tmp_path):
    seeds_of(seeds, replace(ring(), recipe=replace(ring().recipe, seed=7)), 1)
    out(seeds, tmp_path / "model")
    config, _ = read_config(tmp_path / "model" / "config.json")
    assert len(config.metrics[0].values) == 4
    threads = f"--threads {config.provenance.threads}"
    assert config.metrics[0].command.startswith(
        f"ganzoo train tiny-ring/ --seeds 3 {threads}; "
        f"ganzoo train tiny-ring/ --seeds 1 --seed 7 {threads}; ganzoo eval"
    )


def test_of_an_imported_model_only_the_measuring_is_stated(seeds, tmp_path):
    export = seeds / "seed-0" / "export"
    made = json.loads((export / "config.json").read_text())["provenance"]
    alter(export, provenance={**made, "images": 0})
    out(export, tmp_path / "model")
    config, _ = read_config(tmp_path / "model" / "config.json")
    assert config.metrics[0].command == "ganzoo eval tiny-ring/ -n 200 --repeats 2"


def test_publishing_again_gives_the_same_bytes(seeds, tmp_path):
    out(seeds, tmp_path / "one")
    out(seeds, tmp_path / "two")
    before = contents(tmp_path / "one")
    assert contents(tmp_path / "two") == before
    out(seeds, tmp_path / "one", prose=None, licences={}, description="")  # as they lie there
    assert contents(tmp_path / "one") == before


def test_one_run_is_published_as_it_is(seeds, tmp_path):
    done = out(seeds / "seed-1", tmp_path / "model")
    config, _ = read_config(tmp_path / "model" / "config.json")
    assert (done.seed, done.seeds, config.recipe.seed) == (1, 1, 1)
    assert config.metrics[0].values == () and config.metrics[0].spread is not None


def test_a_model_folder_is_published_on(seeds, tmp_path):
    out(seeds, tmp_path / "one")
    again = PublishRequest(tmp_path / "one", str(tmp_path / "two"), name="tiny-other")
    publish(planned(catalogue(), again), Effort(measure=False))
    one, two = (read_config(tmp_path / name / "config.json")[0] for name in ("one", "two"))
    assert two.name == "tiny-other" and two.metrics == one.metrics  # of all its seeds
    assert PROSE.strip().partition("\n")[2] in (tmp_path / "two" / "README.md").read_text()


def test_figures_have_a_place_in_any_prose(seeds, tmp_path):
    out(
        seeds, tmp_path / "model", prose=f"# Mine\n\nOdd.\n\n{FIGURES}<!-- end of figures -->\nEnd."
    )
    text = (tmp_path / "model" / "README.md").read_text()
    assert text.count("| high quality |") == 1 and text.endswith("<!-- end of figures -->\nEnd.")


# What is measured


def test_figures_in_features_come_with_a_control_and_checks(world, tmp_path, cache, monkeypatch):
    """The control that the data set names is measured beside its extractor."""
    monkeypatch.setattr("measuring.TinyPictures.extractor", "tiny-classes")
    monkeypatch.setattr("measuring.TinyPictures.control", "tiny-linear")
    world(tiny_plugin(), measuring_plugin())
    monkeypatch.setattr("measuring.TinyLinear.value_range", None)  # nothing bounds tiny samples
    play(config_of(data="pictures", **IMAGES), tmp_path / "run")
    effort = Effort(n=100, repeats=2, extractor="tiny-classes")
    done = out(tmp_path / "run", tmp_path / "model", effort)
    config, _ = read_config(tmp_path / "model" / "config.json")
    names = [metric.name for metric in config.metrics]
    assert names[0] == "FD (tiny-classes)" and names[-1] == "FD (tiny-linear)"
    kept = [(check.extractor, check.n, "kd" in check.values) for check in config.checks]
    assert kept == [("tiny-classes", 100, True), ("tiny-linear", 100, False)]
    assert not list(contradictions(config))
    assert unchecked(config) == []
    assert config.metrics[0].command.endswith("-n 100 --repeats 2 --extractor tiny-classes")
    assert "measured in features of tiny-classes and, as a control, tiny-linear" in done.notes
    for metric in (config.metrics[0], config.metrics[-1]):
        assert measured_again(metric, config, ModelSource(tmp_path / "model")) == pytest.approx(
            metric.value, rel=1e-4
        )


def test_data_without_an_extractor_is_published_unmeasured_and_said(tiny_world, tmp_path):
    seeds_of(tmp_path / "run", config_of(steps=2), 2)
    done = out(tmp_path / "run", tmp_path / "model")
    assert read_config(tmp_path / "model" / "config.json")[0].metrics == ()
    (note,) = done.notes
    assert note.startswith("nothing was measured: no extractor is made for tiny-ring; --extractor")
    assert note.endswith("of 2 training seeds the first is shipped, seed 0")


def test_nothing_is_measured_where_that_is_asked(seeds, tmp_path):
    done = out(seeds, tmp_path / "model", Effort(measure=False))
    assert done.seed == 0 and "as requested" in done.notes[0]


def test_modes_are_measured_again_by_the_cards_protocol(seeds, tmp_path):
    out(seeds / "seed-0", tmp_path / "model")
    config, _ = read_config(tmp_path / "model" / "config.json")
    found = [
        measured_again(metric, config, ModelSource(tmp_path / "model")) for metric in config.metrics
    ]
    assert found == [metric.value for metric in config.metrics]


# What is refused


def test_all_that_is_missing_is_named_at_once_and_nothing_is_written(seeds, tmp_path):
    (seeds / "seed-2" / "export" / "samples.png").unlink()
    before = sorted(tmp_path.rglob("*"))
    said = refused(seeds, tmp_path / "model", "tiny-ring is not complete, nothing was published: ",
                   description="", licences={"code": "MIT"}, prose=None)  # fmt: skip
    for gap in (
        "a description is missing; give a line with --description",
        "the licences of weights, data are missing; give --license weights=SPDX --license data=SP",
        "the prose still asks for what the model is for, and what it is not for, and for how its",
        "seed-0/export/README.md, or give --prose FILE",
        "seed-2/export has no samples.*; a writer for the kind 'points' draws them",
    ):
        assert gap in said
    assert sorted(tmp_path.rglob("*")) == before


def test_prose_is_taken_from_where_a_person_wrote_it(seeds, tmp_path):
    draft = seeds / "seed-1" / "export" / "README.md"
    text = draft.read_text()
    for blank in ("what the model is for, and what it is not for",
                  "how its samples fail, and what it cannot draw"):  # fmt: skip
        text = text.replace(f"<!-- write: {blank} -->", "Nothing.")
    draft.write_text(text)
    out(seeds, tmp_path / "model", prose=None)
    assert "# tiny-ring\n" in (tmp_path / "model" / "README.md").read_text()  # not seed-1
    (seeds / "README.md").write_text("# Ring\n\nWritten beside the seeds.")
    out(seeds, tmp_path / "other", prose=None)
    assert "Written beside the seeds." in (tmp_path / "other" / "README.md").read_text()


def test_prose_is_asked_for_where_somebody_is_there(seeds, tmp_path):
    asked = []
    out(seeds, tmp_path / "model", prose=None, ask=lambda what: asked.append(what) or "Told.")
    assert asked == ["what the model is for, and what it is not for",
                     "how its samples fail, and what it cannot draw"]  # fmt: skip
    text = (tmp_path / "model" / "README.md").read_text()
    assert text.count("Told.") == 2 and "\n# tiny-ring\n\nA ring.\n" in text


def test_an_empty_prose_is_none(seeds, tmp_path):
    refused(seeds, tmp_path / "model", "there is no prose; write what it is for", prose=" \n")


def test_unfinished_seeds_are_named(seeds, tmp_path):
    shutil.rmtree(seeds / "seed-1" / "export")
    refused(
        seeds, tmp_path / "model", "seed-1 of 3 seeds not finished; continue with: ganzoo train x"
    )


def test_seeds_of_another_length_are_named(seeds, tmp_path):
    export = seeds / "seed-1" / "export"
    recipe = json.loads((export / "config.json").read_text())["recipe"]
    alter(export, recipe={**recipe, "images": 32})
    refused(
        seeds,
        tmp_path / "model",
        "seed-1 is no other seed of seed-0's recipe: recipe.images is 32, there 640; train them",
    )


def test_links_are_never_followed(seeds, tmp_path):
    (tmp_path / "secret").write_text("mine")
    export = seeds / "seed-1" / "export"
    (export / "samples.txt").symlink_to(tmp_path / "secret")
    (export / "samples.d").mkdir()
    said = refused(seeds, tmp_path / "model", r"seed-1/export/samples.txt is a link or no regular")
    assert "samples.d is a link or no regular file; put the file itself there" in said
    (export / "README.md").unlink()
    (export / "README.md").symlink_to(tmp_path / "secret")
    for prose in (PROSE, None):
        refused(seeds, tmp_path / "model", "README.md is a link", prose=prose)
    assert not (tmp_path / "model").exists()


def test_files_that_are_not_the_configs_are_named(seeds, tmp_path):
    export = seeds / "seed-1" / "export"
    (export / "model.safetensors").write_bytes(b"x")
    (export / "discriminator.safetensors").unlink()
    said = refused(seeds, tmp_path / "model", "discriminator.safetensors is missing")
    assert "model.safetensors has 1 bytes, config.json says" in said


def test_what_would_fail_after_the_measuring_fails_before(seeds, tmp_path):
    never = Effort(n=10**9)
    prose = f"# Mine\n\nOdd.\n\n{FIGURES}"
    with pytest.raises(CardError, match="the figures are not closed"):
        out(seeds, tmp_path / "model", never, prose=prose)
    with pytest.raises(CardError, match="the licences of data are missing"):
        out(seeds, tmp_path / "model", never, licences={**LICENCES, "data": " "})


def test_an_unfinished_run_is_refused(seeds, tmp_path):
    shutil.rmtree(seeds / "seed-1" / "export")
    refused(seeds / "seed-1", tmp_path / "model", "seed-1 is not finished; run the command")


def test_a_recipe_is_refused(tiny_world, tmp_path):
    from model_folders import write_recipe

    refused(write_recipe(tmp_path / "a"), tmp_path / "b", "has no weights yet; train it")


@pytest.mark.parametrize("name", [None, "Tiny", "tiny ring", "../x"])
def test_a_name_is_needed_and_is_one(seeds, tmp_path, name):
    with pytest.raises(UsageError, match="--name"):
        out(seeds, tmp_path / "model", name=name)


def test_what_is_on_the_hub_is_published(tiny_world, tmp_path):
    with pytest.raises(UsageError, match="hf-hub:a/b is published already; `ganzoo pull` makes"):
        planned(catalogue(), PublishRequest("hf-hub:a/b", str(tmp_path / "x"), "tiny-ring"))


# A folder


def test_into_a_folder_that_is_there_it_comes_by_its_name(seeds, tmp_path):
    (tmp_path / "models").mkdir()
    out(seeds, tmp_path / "models", Effort(measure=False))
    assert (tmp_path / "models" / "tiny-ring" / "config.json").is_file()


def test_other_weights_are_replaced_only_when_that_is_said(seeds, tmp_path):
    none = Effort(measure=False)
    out(seeds / "seed-0", tmp_path / "model", none)
    (tmp_path / "model" / "notes.txt").write_text("mine")
    (tmp_path / "model" / "more").mkdir()
    refused(seeds / "seed-1", tmp_path / "model", "holds other weights under that name; a new trai")
    out(seeds / "seed-1", tmp_path / "model", none, replaces=True)
    assert read_config(tmp_path / "model" / "config.json")[0].recipe.seed == 1
    assert (tmp_path / "model" / "notes.txt").read_text() == "mine"
    assert (tmp_path / "model" / "more").is_dir()


def test_other_weights_that_the_median_turns_out_to_be_are_refused(seeds, tmp_path):
    shipped = out(seeds, tmp_path / "first").seed
    other = next(seed for seed in range(3) if seed != shipped)
    out(seeds / f"seed-{other}", tmp_path / "model")
    before = contents(tmp_path / "model")
    refused(seeds, tmp_path / "model", "nothing was published: .*model holds other weights under")
    assert contents(tmp_path / "model") == before


def test_a_file_of_somebody_elses_is_not_overwritten(seeds, tmp_path):
    out(seeds / "seed-0", tmp_path / "model")
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    del config["files"]["discriminator.safetensors"]
    alter(tmp_path / "model", files=config["files"])
    refused(
        seeds / "seed-0",
        tmp_path / "model",
        "discriminator.safetensors is not the model's and would be lost; move it away",
        replaces=True,
    )


@pytest.mark.parametrize("place", ["ring/seed-1", "ring/seed-1/export"])
def test_a_run_is_never_replaced(place, seeds, tmp_path):
    with pytest.raises(UsageError, match="is a run, which the model would|is a run's own export"):
        out(seeds / "seed-0", tmp_path / "runs" / place, replaces=True)


def test_the_folder_one_is_in_is_never_replaced(seeds, tmp_path, monkeypatch):
    out(seeds / "seed-0", tmp_path / "model")
    monkeypatch.chdir(tmp_path / "model")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="is or contains the current folder; change to another"):
        out(seeds / "seed-0", ".")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_to_a_model_stays_one(seeds, tmp_path):
    out(seeds / "seed-0", tmp_path / "model")
    (tmp_path / "link").symlink_to("model")
    out(seeds / "seed-0", tmp_path / "link", description="Newer.")
    assert (tmp_path / "link").is_symlink()
    assert read_config(tmp_path / "model" / "config.json")[0].description == "Newer."


def test_what_is_no_model_is_never_replaced(seeds, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="is a file; name the folder that the model is to be"):
        out(seeds, tmp_path / "file")
    (tmp_path / "models" / "tiny-ring").mkdir(parents=True)
    refused(seeds, tmp_path / "models", "tiny-ring exists but is not a model folder; give another")


# A plugin


def test_it_joins_the_models_of_its_plugin(world, trained, tmp_path):
    cards = tmp_path / "checkout" / "cards"
    cards.mkdir(parents=True)
    world(tiny_plugin(ganzoo_cards=lambda: [cards]))
    done = out(trained, "plugin", Effort(n=100, repeats=1))
    assert (done.target.cards, done.place) == (cards, str(cards / "tiny-ring"))
    config = json.loads((cards / "tiny-ring" / "config.json").read_text())
    threads = config["provenance"]["threads"]
    assert config["metrics"][0]["command"].startswith(
        f"ganzoo train tiny-ring --seeds 3 --threads {threads}; "
    )


def test_it_takes_the_place_of_the_model_of_that_name(world, trained, tmp_path):
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    mine.mkdir()
    from model_folders import write_recipe

    write_recipe(theirs / "tiny-ring", name="tiny-ring", licenses=LICENCES, description="Theirs.")
    world(
        tiny_plugin(ganzoo_cards=lambda: [mine]), make_plugin("lab", ganzoo_cards=lambda: [theirs])
    )
    out(trained, "plugin", Effort(measure=False), description="", licences={})
    assert read_config(theirs / "tiny-ring" / "config.json")[0].description == "Theirs."
    out(trained, "plugin:tiny", Effort(measure=False))
    assert (mine / "tiny-ring" / "config.json").is_file()


def test_models_of_official_parts_join_the_official_ones(tiny_world, trained, tmp_path):
    from model_folders import only_official, write_recipe

    write_recipe(tmp_path / "zoo" / "tiny-first", name="tiny-first", requires={"tiny": ">=0.1"})
    only_official(tiny_world, tmp_path / "zoo")
    assert out(trained, "plugin", Effort(measure=False)).target.cards == tmp_path / "zoo"


def test_a_plugin_without_a_folder_of_models_is_told(tiny_world, trained):
    catalogue().manager.plugins[CORE].cards = []
    with pytest.raises(
        UsageError, match="tiny offers no folder of models; give its plugin the hook"
    ):
        out(trained, "plugin")
    with pytest.raises(UsageError, match="no plugin 'tinny' is installed; did you mean 'tiny'"):
        out(trained, "plugin:tinny")


def test_an_installed_plugin_is_no_place_for_a_model(world, trained, tmp_path):
    cards = tmp_path / "site-packages" / "tiny" / "cards"
    cards.mkdir(parents=True)
    world(tiny_plugin(ganzoo_cards=lambda: [cards]))
    with pytest.raises(
        UsageError, match="where the model would be lost with the next update; instal"
    ):
        out(trained, "plugin")
    assert list(cards.iterdir()) == []


# The Hub


@pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")
def test_it_is_sent_to_the_hub(hub, seeds):
    done = out(seeds, "hf-hub:lab/ring")
    commit = hub.repos["lab/ring"].branches["main"]
    assert done.place == f"hf-hub:lab/ring@{commit}: {hub.url}/lab/ring"
    model = ganzoo.load("hf-hub:lab/ring")
    config = model.card.require_config()
    assert config.name == "tiny-ring" and model.card.origin == f"hf-hub:lab/ring@{commit}"
    assert config.metrics[0].command.startswith(
        f"ganzoo train hf-hub:lab/ring --seeds 3 --threads {config.provenance.threads}; "
    )


@pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")
def test_other_weights_on_the_hub_are_replaced_only_when_that_is_said(hub, seeds):
    none = Effort(measure=False)
    out(seeds / "seed-0", "hf-hub:lab/ring", none)
    out(seeds / "seed-0", "hf-hub:lab/ring", none, description="Newer.")
    refused(seeds / "seed-1", "hf-hub:lab/ring", "hf-hub:lab/ring holds other weights under that")
    out(seeds / "seed-1", "hf-hub:lab/ring@next", none, replaces=True)
    assert ganzoo.card("hf-hub:lab/ring@next").require_config().recipe.seed == 1
    assert ganzoo.card("hf-hub:lab/ring").require_config().recipe.seed == 0


@pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")
def test_the_stated_command_keeps_the_branch(hub, seeds):
    out(seeds / "seed-0", "hf-hub:lab/ring@next")
    config = ganzoo.card("hf-hub:lab/ring@next").require_config()
    assert config.metrics[0].command.startswith(
        f"ganzoo train hf-hub:lab/ring@next --threads {config.provenance.threads}; ganzoo eval "
    )


@pytest.mark.parametrize("token", ["hf_another", None])
def test_nothing_is_measured_for_a_hub_that_knows_nobody(hub, seeds, token, monkeypatch):
    if token is None:
        monkeypatch.delenv("HF_TOKEN")
    else:
        monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(HubError, match="log in with `hf auth login`"):
        out(seeds, "hf-hub:lab/ring", Effort(n=10**9))


def test_nothing_is_measured_for_a_hub_that_may_not_be_reached(hub, seeds, monkeypatch):
    monkeypatch.setenv("GANZOO_OFFLINE", "1")
    with pytest.raises(HubError, match="must be uploaded to, but GANZOO_OFFLINE forbids requests"):
        out(seeds, "hf-hub:lab/ring")
    with pytest.raises(
        UsageError, match="is a commit, which never changes; name a branch, or leave it out"
    ):
        out(seeds, f"hf-hub:lab/ring@{'0' * 40}")
