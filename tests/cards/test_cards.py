from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import ganzoo
from distributions import install
from ganzoo.cards import Card, Catalogue
from ganzoo.errors import CardError, ConfigError, GanzooError, UnknownNameError
from ganzoo.plugins import PluginManager, PluginSource
from model_folders import config_of, only_official, write_model, write_recipe
from tiny import make_plugin, tiny_plugin

Zoo = Callable[..., Catalogue]


@pytest.fixture
def zoo(world: Callable[..., Catalogue]) -> Zoo:
    """Enter a world of the tiny parts, the given plugins, and the official models given."""

    def enter(*sources: PluginSource, official: tuple[Path, ...] = ()) -> Catalogue:
        return only_official(world(tiny_plugin(), *sources), *official)

    return enter


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def offering(name: str, *folders: Path) -> PluginSource:
    return make_plugin(name, ganzoo_cards=list(folders))


def offered(zoo: Zoo, folder: Path, *sources: PluginSource) -> Card:
    """The card of a folder as the plugin `lab` offers it."""
    (card,) = zoo(offering("lab", folder), *sources).cards
    return card


def broken_plugin(name: str) -> PluginSource:
    def load() -> ModuleType:
        raise RuntimeError("no luck")

    return PluginSource(name, "1.0", load)


# What a card says


def test_a_card_tells_what_its_folder_holds(zoo: Zoo, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "tiny-big-ring", description="A ring.")
    (folder / "README.md").write_text("# Hello\n")
    card = offered(zoo, folder)
    assert (card.name, card.folder, card.distribution) == ("tiny-big-ring", folder, "lab")
    assert (card.family, card.data) == ("tiny", "tiny-ring")
    assert card.qualified == "lab/tiny-big-ring"
    assert card.readme == "# Hello\n"
    assert card.raw == json.loads((folder / "config.json").read_text())
    assert card.require_usable().description == "A ring."


def test_a_card_without_readme_has_an_empty_one(zoo: Zoo, tmp_path: Path) -> None:
    assert offered(zoo, write_model(tmp_path / "tiny-ring")).readme == ""


# Status


def test_a_model_with_weights_is_ready(zoo: Zoo, tmp_path: Path) -> None:
    card = offered(zoo, write_model(tmp_path / "tiny-ring", requires={"tiny": ">=0.1"}))
    assert (card.status, card.problem) == ("ready", "")


def test_a_folder_without_weights_is_a_recipe_that_says_how_to_train(
    zoo: Zoo, tmp_path: Path
) -> None:
    card = offered(zoo, write_recipe(tmp_path / "tiny-ring"))
    assert card.status == "recipe"
    assert "train it: ganzoo train tiny-ring" in card.problem


@pytest.mark.parametrize(
    ("requires", "problem"),
    [
        ({"absent": ">=0.1"}, "absent is not installed; install it: pip install absent"),
        (
            {"tiny": ">=1.5"},
            "tiny>=1.5 is required, 1.0 is installed; install it: pip install tiny",
        ),
        ({"bad": ">=0.1"}, "bad is installed but broken: RuntimeError: no luck"),
    ],
)
def test_a_model_whose_plugin_does_not_do_says_what_it_needs(
    requires: dict[str, str], problem: str, zoo: Zoo, tmp_path: Path
) -> None:
    folder = write_model(tmp_path / "tiny-ring", requires=requires)
    card = offered(zoo, folder, broken_plugin("bad"))
    assert card.status == f"needs {next(iter(requires))}"
    assert card.problem == problem


def test_an_official_models_plugin_is_installed_from_the_checkout(zoo: Zoo, tmp_path: Path) -> None:
    write_model(tmp_path / "tiny-ring", requires={"absent": ">=0.1"})
    (card,) = zoo(official=(tmp_path,)).cards
    assert card.problem == "absent is not installed; install it: pip install ./plugins/absent"


def test_all_that_a_model_needs_is_said_at_once(zoo: Zoo, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "tiny-ring", requires={"b-absent": "", "a-absent": ""})
    card = offered(zoo, folder)
    assert card.status == "needs a-absent"
    assert "a-absent is not installed" in card.problem
    assert "b-absent is not installed" in card.problem


def test_a_recipe_whose_plugin_is_missing_needs_it(zoo: Zoo, tmp_path: Path) -> None:
    folder = write_recipe(tmp_path / "tiny-ring", requires={"absent": ""})
    assert offered(zoo, folder).status == "needs absent"


def test_a_requirement_is_met_under_any_spelling_of_its_name(zoo: Zoo, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "tiny-ring", requires={"My_Plugin": ">=1.0"})
    assert offered(zoo, folder, make_plugin("my-plugin")).status == "ready"


def test_a_requirement_of_the_core_is_met_by_the_core(zoo: Zoo, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "tiny-ring", requires={"ganzoo-core": ">=0.1"})
    assert offered(zoo, folder).status == "ready"


def test_a_prerelease_meets_a_requirement(zoo: Zoo, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "tiny-ring", requires={"early": ">=0.1"})
    early = PluginSource("early", "1.0.dev3", lambda: ModuleType("early"))
    assert offered(zoo, folder, early).status == "ready"


def test_a_version_that_is_none_meets_no_requirement(zoo: Zoo, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "tiny-ring", requires={"odd": ">=0.1"})
    odd = PluginSource("odd", "unknown", lambda: ModuleType("odd"))
    assert offered(zoo, folder, odd).status == "needs odd"


def test_a_plugin_that_is_allowed_and_not_installed_is_not_called_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(tmp_path / "tiny-ring", requires={"absent": ""})
    monkeypatch.setenv("GANZOO_PLUGINS", "absent")
    (card,) = only_official(Catalogue(PluginManager()), tmp_path).cards
    assert card.status == "needs absent"
    assert "absent is not installed" in card.problem
    assert "broken" not in card.problem


def test_an_installed_plugin_that_is_switched_off_is_not_installed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "site", "resting", {"it": "resting_plugin"}, modules={"resting_plugin": ""})
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setenv("GANZOO_PLUGINS", "")
    write_model(tmp_path / "cards" / "tiny-ring", requires={"resting": ""})
    (card,) = only_official(Catalogue(PluginManager()), tmp_path / "cards").cards
    assert card.status == "needs resting"
    assert "GANZOO_PLUGINS" in card.problem
    assert "pip install" not in card.problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "config.json: not valid JSON"),
        ("[]", "config.json: expected an object"),
        ('{"ganzoo_config": 9}', "written for ganzoo_config 9, this ganzoo reads 1; upgrade"),
        (json.dumps(config_of(genrator={})), "unknown key 'genrator'; did you mean 'generator'"),
        (json.dumps(config_of(name="another")), "name is 'another', but its folder is 'tiny-ring'"),
        (json.dumps(config_of(requires={"tiny": "new"})), "requires.tiny: 'new' is not a version"),
    ],
)
def test_a_bad_config_makes_a_broken_card_that_says_why(
    text: str, problem: str, zoo: Zoo, tmp_path: Path
) -> None:
    folder = write_model(tmp_path / "tiny-ring")
    (folder / "config.json").write_text(text)
    card = offered(zoo, folder)
    assert (card.name, card.status, card.config) == ("tiny-ring", "broken", None)
    assert problem in card.problem
    assert "\n" not in card.problem


def test_a_missing_weights_file_makes_a_broken_card(zoo: Zoo, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "tiny-ring")
    (folder / "model.safetensors").unlink()
    card = offered(zoo, folder)
    assert card.status == "broken"
    assert card.problem == f"{folder / 'model.safetensors'} is missing"


def test_a_folder_with_a_bad_name_makes_a_broken_card(zoo: Zoo, tmp_path: Path) -> None:
    card = offered(zoo, write_model(tmp_path / "Tiny_Ring"))
    assert card.status == "broken"
    assert "a model's name is lower-case words joined by '-'" in card.problem


def test_a_broken_card_refuses_to_be_used(zoo: Zoo, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "tiny-ring")
    (folder / "config.json").write_text("{")
    with pytest.raises(CardError, match=r"tiny-ring: .*not valid JSON"):
        offered(zoo, folder).require_usable()


def test_a_card_that_needs_a_plugin_refuses_to_be_used(zoo: Zoo, tmp_path: Path) -> None:
    card = offered(zoo, write_model(tmp_path / "tiny-ring", requires={"absent": ""}))
    assert card.require_config().requires == {"absent": ""}
    with pytest.raises(CardError, match="tiny-ring: absent is not installed; install it"):
        card.require_usable()


def test_one_broken_card_leaves_the_others(zoo: Zoo, tmp_path: Path) -> None:
    write_model(tmp_path / "tiny-a")
    (write_model(tmp_path / "tiny-b") / "config.json").write_text("{")
    catalogue = zoo(offering("lab", tmp_path))
    assert {card.name: card.status for card in catalogue.cards} == {
        "tiny-a": "ready",
        "tiny-b": "broken",
    }


# What plugins offer


def test_a_model_that_is_half_written_is_not_offered(zoo: Zoo, tmp_path: Path) -> None:
    write_model(tmp_path / "tiny-a")
    write_model(tmp_path / ".tiny-a.x1.part")
    assert [card.name for card in zoo(offering("lab", tmp_path)).cards] == ["tiny-a"]


def test_a_folder_of_model_folders_offers_each(zoo: Zoo, tmp_path: Path) -> None:
    write_model(tmp_path / "tiny-b")
    write_recipe(tmp_path / "tiny-a")
    (tmp_path / "notes").mkdir()
    (tmp_path / "README.md").touch()
    assert [card.name for card in zoo(offering("lab", tmp_path)).cards] == ["tiny-a", "tiny-b"]


def test_a_single_model_folder_offers_itself(zoo: Zoo, tmp_path: Path) -> None:
    write_model(tmp_path / "tiny-b")
    folder = write_model(tmp_path / "tiny-a")
    assert [card.name for card in zoo(offering("lab", folder)).cards] == ["tiny-a"]


def test_a_folder_may_be_given_as_text(zoo: Zoo, tmp_path: Path) -> None:
    write_model(tmp_path / "tiny-a")
    catalogue = zoo(make_plugin("lab", ganzoo_cards=[str(tmp_path)]))
    assert catalogue.names() == ["tiny-a"]


def test_a_folder_offered_twice_is_one_model(zoo: Zoo, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "tiny-a")
    zoo(offering("lab", tmp_path, folder))
    assert ganzoo.list_models() == ["tiny-a"]
    assert ganzoo.card("tiny-a").folder == folder


def test_two_models_of_one_name_in_one_plugin_are_reported_and_break_no_list(
    zoo: Zoo, tmp_path: Path
) -> None:
    write_model(tmp_path / "a" / "tiny-ring")
    write_model(tmp_path / "b" / "tiny-ring")
    write_model(tmp_path / "b" / "tiny-other")
    catalogue = zoo(offering("lab", tmp_path / "a", tmp_path / "b"))
    assert "tiny-other" in ganzoo.list_models()
    (problem,) = catalogue.manager.plugins["lab"].problems
    assert "ganzoo_cards" in problem
    assert "tiny-ring" in problem


def two_of_a_name(zoo: Zoo, place: Path) -> Catalogue:
    write_model(place / "one" / "tiny-ring")
    write_model(place / "two" / "tiny-ring")
    return zoo(offering("one", place / "one"), offering("two", place / "two"))


def test_a_model_of_two_plugins_is_ambiguous_and_both_are_listed(zoo: Zoo, tmp_path: Path) -> None:
    catalogue = two_of_a_name(zoo, tmp_path)
    with pytest.raises(UnknownNameError, match="twice; write 'one/tiny-ring' or 'two/tiny-ring'"):
        catalogue.locate("tiny-ring")
    assert catalogue.names() == ["one/tiny-ring", "two/tiny-ring"]


@pytest.mark.parametrize("owner", ["one", "two"])
def test_a_qualified_model_name_is_never_ambiguous(owner: str, zoo: Zoo, tmp_path: Path) -> None:
    two_of_a_name(zoo, tmp_path)
    assert ganzoo.card(f"{owner}/tiny-ring").folder == tmp_path / owner / "tiny-ring"


def test_an_official_model_keeps_its_bare_name_and_the_newcomer_is_reported(
    zoo: Zoo, tmp_path: Path
) -> None:
    write_model(tmp_path / "zoo" / "tiny-ring")
    write_model(tmp_path / "lab" / "tiny-ring")
    catalogue = zoo(offering("lab", tmp_path / "lab"), official=(tmp_path / "zoo",))
    assert catalogue.names() == ["lab/tiny-ring", "tiny-ring"]
    assert catalogue.locate("tiny-ring").folder == tmp_path / "zoo" / "tiny-ring"
    assert catalogue.locate("ganzoo/tiny-ring").folder == tmp_path / "zoo" / "tiny-ring"
    assert catalogue.locate("lab/tiny-ring").folder == tmp_path / "lab" / "tiny-ring"
    assert catalogue.manager.plugins["lab"].problems == [
        "ganzoo_cards: the name 'tiny-ring' is taken by ganzoo; use lab/tiny-ring"
    ]


# Listing


@pytest.fixture
def listed(zoo: Zoo, tmp_path: Path) -> Catalogue:
    """Three models of two families on two data sets."""
    for name, data in (
        ("tiny-ring", "tiny/tiny-ring"),
        ("tiny-mnist", "ganzoo/mnist"),
        ("wide-ring", "tiny/tiny-ring"),
    ):
        recipe = {"loss": {"name": "ganzoo/hinge"}, "data": {"name": data}}
        write_model(tmp_path / "zoo" / name, recipe=recipe)
    return zoo(official=(tmp_path / "zoo",))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (None, ["tiny-mnist", "tiny-ring", "wide-ring"]),
        ("ring", ["tiny-ring", "wide-ring"]),
        ("tiny", ["tiny-mnist", "tiny-ring"]),
        ("tiny-*", ["tiny-mnist", "tiny-ring"]),
        ("*-ring", ["tiny-ring", "wide-ring"]),
        ("?i*-ring", ["tiny-ring", "wide-ring"]),
        ("[w]*", ["wide-ring"]),
        ("ti*", ["tiny-mnist", "tiny-ring"]),
        ("ing", ["tiny-ring", "wide-ring"]),
        ("ganzoo/*-ring", ["tiny-ring", "wide-ring"]),
        ("ganzoo/tiny-ring", ["tiny-ring"]),
        ("zzz", []),
    ],
)
def test_models_are_listed_by_a_part_of_their_name_or_a_pattern(
    pattern: str | None, expected: list[str], listed: Catalogue
) -> None:
    assert ganzoo.list_models(pattern) == expected


@pytest.mark.parametrize(
    ("family", "data", "expected"),
    [
        ("tiny", None, ["tiny-mnist", "tiny-ring"]),
        (None, "tiny-ring", ["tiny-ring", "wide-ring"]),
        ("tiny", "tiny-ring", ["tiny-ring"]),
        ("ti", None, []),
        (None, "cifar", []),
    ],
)
def test_models_are_listed_by_family_and_data_set(
    family: str | None, data: str | None, expected: list[str], listed: Catalogue
) -> None:
    assert ganzoo.list_models(family=family, data=data) == expected


@pytest.mark.parametrize(
    ("name", "data", "family"),
    [
        ("wgan-gp-mnist", "ganzoo/mnist", "wgan-gp"),
        ("dcgan-fashion-mnist", "ganzoo/fashion-mnist", "dcgan"),
        ("style-based-faces", "ganzoo/folder", "style"),
        ("mnist", "ganzoo/mnist", "mnist"),
    ],
)
def test_a_family_is_a_name_without_its_data(name, data, family, zoo, tmp_path) -> None:
    recipe = {"loss": {"name": "ganzoo/hinge"}, "data": {"name": data}}
    write_model(tmp_path / "zoo" / name, recipe=recipe)
    assert zoo(official=(tmp_path / "zoo",)).card(name).family == family


def test_a_family_holds_those_that_its_name_begins(zoo: Zoo, tmp_path: Path) -> None:
    recipe = {"loss": {"name": "ganzoo/hinge"}, "data": {"name": "ganzoo/mnist"}}
    for name in ("wgan-mnist", "wgan-gp-mnist", "wgangp-mnist"):
        write_model(tmp_path / "zoo" / name, recipe=recipe)
    zoo(official=(tmp_path / "zoo",))
    assert ganzoo.list_models(family="wgan") == ["wgan-gp-mnist", "wgan-mnist"]
    assert ganzoo.list_models(family="wgan-gp") == ["wgan-gp-mnist"]


def test_pattern_and_family_narrow_together(listed: Catalogue) -> None:
    assert ganzoo.list_models("ring", family="wide") == ["wide-ring"]


def test_listed_names_are_those_that_card_takes(zoo: Zoo, tmp_path: Path) -> None:
    two_of_a_name(zoo, tmp_path)
    assert ganzoo.list_models("ring") == ["one/tiny-ring", "two/tiny-ring"]
    for name in ganzoo.list_models():
        assert ganzoo.card(name).qualified == name


# How a WHAT is read


@pytest.fixture
def around(zoo: Zoo, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zoo with `tiny-ring`, and folders of many names here and at home; returns here."""
    write_model(tmp_path / "zoo" / "tiny-ring")
    write_model(tmp_path / "lab" / "tiny-lab")
    for name in ("tiny-ring", "mine", "lab/tiny-lab", "models/mine", "hf-hub:owner/mine"):
        write_model(here / name)
    write_model(tmp_path / "home" / "mine")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    zoo(offering("lab", tmp_path / "lab"), official=(tmp_path / "zoo",))
    return here


@pytest.mark.parametrize(
    ("what", "folder"),
    [
        ("tiny-ring", "../zoo/tiny-ring"),
        ("tiny-lab", "../lab/tiny-lab"),
        ("ganzoo/tiny-ring", "../zoo/tiny-ring"),
        ("lab/tiny-lab", "../lab/tiny-lab"),
        ("./tiny-ring", "tiny-ring"),
        ("../zoo/tiny-ring", "../zoo/tiny-ring"),
        ("tiny-ring/", "tiny-ring"),
        ("mine/", "mine"),
        ("lab/tiny-lab/", "lab/tiny-lab"),
        ("./lab/tiny-lab", "lab/tiny-lab"),
        ("models/mine", "models/mine"),
        ("~/mine", "../home/mine"),
        ("mine/config.json", "mine"),
        ("lab/tiny-lab/config.json", "lab/tiny-lab"),
        (Path("tiny-ring"), "tiny-ring"),
        (Path("mine"), "mine"),
        (Path("lab/tiny-lab"), "lab/tiny-lab"),
        (Path("mine/config.json"), "mine"),
    ],
)
def test_a_what_is_read_in_the_order_of_the_design(
    what: str | Path, folder: str, around: Path
) -> None:
    assert ganzoo.card(what).folder.resolve() == (around / folder).resolve()


def test_an_absolute_path_is_a_path(around: Path) -> None:
    assert ganzoo.card(f"{around}/mine").folder == around / "mine"


def test_the_hub_comes_before_a_path(around: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_OFFLINE", "1")
    with pytest.raises(GanzooError, match="hf-hub:owner/mine: config.json is not in the cache"):
        ganzoo.card("hf-hub:owner/mine")


def test_text_without_a_separator_is_a_name_and_the_folder_of_that_name_is_pointed_at(
    around: Path,
) -> None:
    with pytest.raises(UnknownNameError, match=r"no model 'mine'; .* is here: write \./mine"):
        ganzoo.card("mine")


def test_an_unknown_name_suggests_the_nearest(around: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"no model 'tiny-rings'; did you mean 'tiny-ring'"):
        ganzoo.card("tiny-rings")


def test_an_unknown_name_with_nothing_near_says_where_the_names_are(around: Path) -> None:
    with pytest.raises(UnknownNameError, match="`ganzoo list` shows: tiny-lab, tiny-ring"):
        ganzoo.card("zzz")


def test_an_unknown_qualified_name_suggests_the_nearest(around: Path) -> None:
    with pytest.raises(UnknownNameError, match="no model 'ganzoo/tiny-rin'; did you mean 'tiny-r"):
        ganzoo.card("ganzoo/tiny-rin")


def test_an_empty_name_is_unknown_and_no_folder(around: Path) -> None:
    with pytest.raises(UnknownNameError) as caught:
        ganzoo.card("")
    assert "lies here" not in str(caught.value)


@pytest.mark.parametrize("what", ["models/absent", "./absent", "absent/", "absent.json"])
def test_a_path_that_is_not_there_is_named(what: str, around: Path) -> None:
    with pytest.raises(CardError, match=r"there is no folder '.*absent.*'; `ganzoo list` shows"):
        ganzoo.card(what)


def test_a_home_that_is_not_there_is_an_error_of_ganzoo(around: Path) -> None:
    with pytest.raises(GanzooError, match="~surely-nobody/mine"):
        ganzoo.card("~surely-nobody/mine")


def test_a_folder_without_config_is_no_model(around: Path) -> None:
    with pytest.raises(CardError, match=r"models is not a model folder: it has no config.json"):
        ganzoo.card("./models")


def test_a_file_is_no_model_folder(around: Path) -> None:
    with pytest.raises(CardError, match=r"safetensors is not a model folder; give the folder"):
        ganzoo.card("./mine/model.safetensors")


def test_a_path_to_a_bad_config_says_what_is_wrong_with_it(around: Path) -> None:
    (around / "mine" / "config.json").write_text("{")
    with pytest.raises(ConfigError, match=r"mine/config.json: not valid JSON"):
        ganzoo.card("./mine")


def test_a_folder_outside_the_zoo_may_have_any_name(around: Path) -> None:
    card = ganzoo.card(write_model(around / "My Model"))
    assert (card.name, card.status, card.distribution) == ("My Model", "ready", None)
    assert card.qualified == str(around / "My Model")


def test_a_folder_outside_the_zoo_goes_by_the_name_in_its_config(around: Path) -> None:
    assert ganzoo.card(write_model(around / "copy", name="tiny-ring")).name == "tiny-ring"


# Runs


def test_a_finished_run_stands_for_its_export(zoo: Zoo, tmp_path: Path) -> None:
    zoo()
    write_recipe(tmp_path / "run", name="tiny-ring")
    export = write_model(tmp_path / "run" / "export", name="tiny-ring")
    card = ganzoo.card(tmp_path / "run")
    assert (card.folder, card.status) == (export, "ready")


def test_an_unfinished_run_is_running(zoo: Zoo, tmp_path: Path) -> None:
    zoo()
    (write_recipe(tmp_path / "run") / "checkpoints").mkdir()
    assert ganzoo.card(tmp_path / "run").status == "running"


def test_a_model_is_the_same_wherever_its_folder_lies(zoo: Zoo, tmp_path: Path) -> None:
    published = write_model(tmp_path / "zoo" / "tiny-ring")
    shutil.copytree(published, tmp_path / "copy")
    zoo(official=(tmp_path / "zoo",))
    assert ganzoo.card(tmp_path / "copy").config == ganzoo.card("tiny-ring").config
