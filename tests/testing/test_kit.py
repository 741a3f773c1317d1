"""The kit around its checks: what is planned, waived, built and played, and pytest's side of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

import broken
import ganzoo
import ganzoo.testing
from broken import SOUND, broken_plugin
from ganzoo.cards import catalogue, using
from ganzoo.cli import main
from ganzoo.errors import CheckError, UsageError
from ganzoo.plugins import PART_HOOKS, PluginSource, hookimpl
from ganzoo.testing import checks_of, run_checks, source_of
from ganzoo.testing.collecting import Planned
from tiny import as_hook, make_plugin, tiny_plugin

WAIVER = "check_independence[discriminator/judge]"
REASON = "compares samples by design"


def ids(planned: list[Planned]) -> set[str]:
    return {one.subject.id for one in planned}


def only(planned: list[Planned], check: str, subject: str) -> Planned:
    (found,) = [one for one in planned if (one.name, one.subject.id) == (check, subject)]
    return found


def plugin_module(**said: object) -> ModuleType:
    """A plugin of the sound parts, as an author writes it, saying more of itself."""
    module = ModuleType("my_plugin")
    for kind, offered in SOUND.items():
        setattr(module, PART_HOOKS[kind], as_hook(PART_HOOKS[kind], offered))
    vars(module).update(said)
    return module


# --- What is planned -----------------------------------------------------------------------------


def test_every_part_game_and_model_is_planned():
    found = ids(checks_of(broken_plugin()))
    assert {f"{kind}/{name}" for kind, offered in SOUND.items() for name in offered} <= found
    assert {"plugin/broken", "game/game"} <= found


def test_networks_that_take_classes_are_built_with_them_too():
    found = ids(checks_of(broken_plugin()))
    assert {"generator/image[num_classes=10]", "discriminator/judge[num_classes=10]"} <= found


def test_fast_leaves_out_what_trains_exports_or_starts_processes():
    whole, fast = (checks_of(broken_plugin(), fast=fast) for fast in (False, True))
    assert [one.id for one in fast] == [one.id for one in whole if not one.slow]
    left_out = {one.name for one in whole if one.slow}
    assert left_out == {"check_exports", "check_learns", "check_resumes", "check_two_processes"}


def test_a_plugins_name_may_leave_out_ganzoo():
    assert ids(checks_of("vanilla")) == ids(checks_of("ganzoo-vanilla"))


def test_a_models_name_means_the_model():
    assert ids(checks_of("vanilla-mnist")) == {"model/vanilla-mnist"}


@pytest.mark.parametrize("what", [None, 3, object])
def test_what_can_be_checked_is_said_where_something_else_is_given(what):
    with pytest.raises(UsageError, match=r"what is checked is a plugin .* or a model"):
        checks_of(what)


def test_the_core_is_a_plugin_too():
    found = ids(checks_of("ganzoo-core"))
    assert {"loss/hinge", "dataset/ring", "model/dcgan-mnist", "writer/image"} <= found


def test_a_name_that_is_nobodys_gets_the_nearest_plugin_and_model():
    with pytest.raises(ganzoo.GanzooError, match="vanilla-mnist.*a plugin.*ganzoo-vanilla"):
        checks_of("ganzoo-vanila")


def test_parts_play_in_the_games_of_models_that_use_them():
    games = [p.subject.game for p in checks_of("ganzoo-wgan") if p.name == "check_starts"]
    (game,) = [game for game in games if game.loss.name == "ganzoo-wgan/wgan-gp"]
    assert game.discriminator.arguments["width"] == 48
    assert game.data.name == "ganzoo/mnist-mini"  # the digits themselves may not be here


def test_a_models_game_takes_the_turns_of_its_recipe(tmp_path):
    recipe = {
        "loss": {"name": "ganzoo/hinge"},
        "data": {"name": "tiny/tiny-ring"},
        "discriminator_steps": 2,
        "generator_steps": 3,
    }
    player = {"name": "tiny/tiny"}
    raw = {"ganzoo_config": 1, "name": "tiny-ring", "recipe": recipe}
    (tmp_path / "tiny-ring").mkdir()
    (tmp_path / "tiny-ring" / "config.json").write_text(
        json.dumps({**raw, "generator": player, "discriminator": player})
    )
    source = tiny_plugin(ganzoo_cards=[tmp_path])
    game = only(checks_of(source), "check_starts", "game/tiny-ring").subject.game
    with using(game.world):
        found = game.config().recipe
    assert (found.discriminator_steps, found.generator_steps) == (2, 3)


def test_planning_builds_no_world_of_its_own_for_ever():
    before = catalogue()
    checks_of(broken_plugin())
    assert catalogue() is before


# --- What an author says -------------------------------------------------------------------------


def test_examples_say_how_a_part_is_built():
    needy = broken_plugin("generator", "Needy")
    examples = {"generator/image": [{"alphabet": "ab"}, {"alphabet": "cd"}]}
    found = ids(checks_of(needy, examples=examples))
    assert {"generator/image", "generator/image[alphabet=cd]"} <= found
    only(checks_of(needy, examples=examples), "check_builds", "generator/image")()


def test_examples_stand_in_the_plugins_module():
    module = plugin_module(ganzoo_examples={"generator/image": {"num_classes": 3}})
    (subject,) = {
        one.subject for one in checks_of(module) if one.subject.id.startswith("generator/")
    }
    assert subject.network().num_classes == 3


def test_examples_name_games():
    examples = {
        "game/penalised": {
            "generator": "image",
            "discriminator": {"name": "broken/judge", "arguments": {"num_classes": 2}},
            "loss": {"name": "ganzoo/hinge", "arguments": {"r1_gamma": 1.0}},
            "data": "halves",
            "recipe": {"discriminator_steps": 2},
        }
    }
    planned = checks_of(broken_plugin(), examples=examples)
    game = only(planned, "check_starts", "game/penalised").subject.game
    assert (game.loss.name, game.data.name) == ("ganzoo/hinge", "broken/halves")
    with using(game.world):
        assert game.config().recipe.discriminator_steps == 2


@pytest.mark.parametrize(
    ("examples", "said"),
    [
        ({"generator/imag": {}}, "no part 'generator/imag'; did you mean 'generator/image'"),
        ({"generator/image": "ab"}, "give a dict of arguments"),
        ({"game/mine": {"critic": "judge"}}, "no role 'critic'"),
        ({"game/mine": ["image"]}, "name its parts by role"),
    ],
)
def test_examples_that_say_nothing_are_refused(examples, said):
    with pytest.raises(UsageError, match=said):
        checks_of(broken_plugin(), examples=examples)


def test_a_waived_check_that_fails_is_told_with_its_reason():
    source = broken_plugin("discriminator", "MinibatchJudge")
    made = run_checks(source, waivers={WAIVER: REASON}, fast=True)
    waived = {one.subject: one.said for one in made if one.outcome == "waived"}
    assert waived == {
        "discriminator/judge": REASON,
        "discriminator/judge[num_classes=10]": REASON,  # a part's name stands for all its cases
    }
    assert all(one.holds for one in made)


def test_a_waived_check_that_passes_is_wrong():
    planned = checks_of(broken_plugin(), waivers={WAIVER: REASON})
    with pytest.raises(CheckError, match="passes, and is waived because 'compares.*remove 'check"):
        only(planned, "check_independence", "discriminator/judge")()


def test_waivers_stand_in_the_plugins_module():
    module = plugin_module(ganzoo_waivers={WAIVER: REASON})
    assert only(checks_of(module), "check_independence", "discriminator/judge").waiver == REASON


@pytest.mark.parametrize(
    ("waivers", "said"),
    [
        ({"check_independance[discriminator/judge]": REASON}, "did you mean 'check_independence"),
        ({WAIVER: ""}, "has no reason"),
        ({WAIVER: True}, "has no reason"),
    ],
)
def test_a_waiver_of_nothing_or_without_a_reason_is_refused(waivers, said):
    with pytest.raises(UsageError, match=said):
        checks_of(broken_plugin(), waivers=waivers)


# --- What comes of it ----------------------------------------------------------------------------


def test_results_are_told_one_by_one():
    told = []
    made = run_checks(broken_plugin("dataset", "UnitHalves"), fast=True, tell=told.append)
    assert told == made
    (wrong,) = [one for one in made if not one.holds]
    assert (wrong.subject, wrong.check, wrong.outcome) == (
        "dataset/halves",
        "check_batches",
        "WRONG",
    )
    assert wrong.said.startswith("no sample lies below")


def test_what_a_part_raises_by_itself_is_wrong_at_its_line(monkeypatch):
    def shapes(self):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(broken.Image, "sample_latents", lambda self, n, rng: shapes(self))
    made = run_checks(broken_plugin(), fast=True)
    wrong = next(one for one in made if one.check == "check_latents")
    assert wrong.outcome == "WRONG"
    assert wrong.said.startswith("ZeroDivisionError: division by zero [tests/testing/test_kit.py:")


def test_checks_leave_everybodys_randomness_alone():
    torch.default_generator.manual_seed(3)
    before = torch.get_rng_state()
    run_checks(broken_plugin(), fast=True)
    assert torch.equal(before, torch.get_rng_state())


def test_no_plugin_hears_of_the_games_of_its_checks():
    heard = []

    @hookimpl
    def ganzoo_training_started(run):
        heard.append(run)

    module = plugin_module(ganzoo_training_started=ganzoo_training_started)
    only(checks_of(module), "check_resumes", "game/game")()
    assert heard == []


# --- pytest --------------------------------------------------------------------------------------

AUTHORS_TESTS = """
from ganzoo.testing import parametrize_with_checks

@parametrize_with_checks("{plugin}", fast=True)
def test_my_plugin_is_right(part, check):
    check(part)

def test_a_world_of_ones_own(ganzoo_world):
    zoo = ganzoo_world("my_judge")
    assert [e.qualified for e in zoo.registry.offers("discriminator")] == ["my-judge/judge"]

def test_the_next_world_is_another(ganzoo_world):
    assert ganzoo_world().registry.offers("discriminator") == []
"""
AUTHORS_PLUGIN = """
from ganzoo import hookimpl
ganzoo_api = 1

@hookimpl
def ganzoo_discriminators():
    return {"judge": "broken:MinibatchJudge"}
"""


def run_pytest(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    helpers = Path(__file__).parents[1] / "helpers"
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", *words],
        cwd=folder,
        env={"PYTHONPATH": os.pathsep.join(map(str, (folder, helpers))), "PATH": ""},
        capture_output=True,
        text=True,
    )


def test_an_author_runs_the_checks_and_a_world_in_pytest(tmp_path):
    (tmp_path / "my_judge.py").write_text(AUTHORS_PLUGIN)
    tests = AUTHORS_TESTS.replace('"{plugin}"', "__import__('my_judge')")
    (tmp_path / "test_mine.py").write_text(tests)
    ended = run_pytest(tmp_path)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    outcomes = dict(
        reversed(line.partition(" - ")[0].split(" test_mine.py::", 1))
        for line in ended.stdout.splitlines()
        if line.startswith(("PASSED", "FAILED"))
    )
    assert outcomes.pop("test_a_world_of_ones_own") == "PASSED"
    assert outcomes.pop("test_the_next_world_is_another") == "PASSED"
    assert {name for name, outcome in outcomes.items() if outcome == "FAILED"} == {
        "test_my_plugin_is_right[discriminator/judge-independence]",
        "test_my_plugin_is_right[discriminator/judge[num_classes=10]-independence]",
    }
    assert outcomes["test_my_plugin_is_right[discriminator/judge-shapes]"] == "PASSED"
    assert "computed over the batch" in ended.stdout
    assert "collecting.py" not in ended.stdout  # the kit's own frames are hidden


def test_worlds_take_modules_names_and_sources(ganzoo_world):
    zoo = ganzoo_world("ganzoo-vanilla", plugin_module(), make_plugin("third"))
    assert set(zoo.manager.plugins) == {"ganzoo", "ganzoo-vanilla", "my-plugin", "third"}
    assert catalogue() is zoo
    assert catalogue() is not ganzoo_world()
    assert set(catalogue().manager.plugins) == {"ganzoo"}


def test_a_strict_world_raises_a_plugins_first_problem(ganzoo_world):
    bad = make_plugin("my-plugin", ganzoo_generators={"image": 3})
    with pytest.raises(ganzoo.GanzooError, match="ganzoo_generators"):
        ganzoo_world(bad)
    assert ganzoo_world(bad, strict=False).manager.plugins["my-plugin"].problems


def test_a_source_is_an_installed_distribution_a_module_or_a_source():
    assert source_of("ganzoo-vanilla").distribution == "ganzoo-vanilla"
    assert source_of(plugin_module()).distribution == "my-plugin"
    given = PluginSource("mine", "1", lambda: plugin_module())
    assert source_of(given) is given


def test_importing_the_kit_imports_no_torch():
    code = "import sys, ganzoo.testing, ganzoo.testing.pytest_plugin; print('torch' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.stdout.strip() == "False", ended.stderr


def test_public_names_are_there():
    assert sorted(ganzoo.testing.__all__) == ganzoo.testing.__all__
    for name in ganzoo.testing.__all__:
        assert getattr(ganzoo.testing, name).__doc__
    with pytest.raises(AttributeError, match="'nothing'"):
        ganzoo.testing.nothing  # noqa: B018


# --- The command ---------------------------------------------------------------------------------


def ganzoo_check(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["check", *words])
    return int(ended.value.code or 0)


def test_the_command_tells_all_checks_of_a_plugin(capsys):
    assert ganzoo_check("vanilla", "--fast") == 0
    told = capsys.readouterr()
    assert (
        "generator/vanilla" in told.out and "check_range" in told.out and "in [-1, 1]" in told.out
    )
    assert re.search(r"^\d+ ok$", told.out, re.MULTILINE)
    assert re.search(r"1/\d+  plugin/ganzoo-vanilla  check_loads  ok", told.err)


def test_the_command_says_in_full_what_is_wrong(capsys, ganzoo_world):
    ganzoo_world(broken_plugin("dataset", "UnitHalves"))
    assert ganzoo_check("broken", "--fast") == 1
    told = capsys.readouterr().out
    assert "\ndataset/halves check_batches\n  no sample lies below" in told
    assert re.search(r"\d+ ok, 3 skipped, \d+ not run, 1 WRONG", told)


def test_the_command_prints_for_programs(capsys, ganzoo_world):
    ganzoo_world(broken_plugin("writer", "write_nothing"))
    assert ganzoo_check("broken", "--fast", "--json") == 1
    told = capsys.readouterr()
    wrong = [one for one in json.loads(told.out) if not one["holds"]]
    assert [(one["model"], one["check"], one["outcome"]) for one in wrong] == [
        ("writer/halves", "check_files", "WRONG")
    ]
    assert told.err == ""


def test_metrics_are_for_models(capsys):
    assert ganzoo_check("ganzoo-vanilla", "--metrics") == 2
    assert "--metrics is for models, and ganzoo-vanilla is a plugin" in capsys.readouterr().err
