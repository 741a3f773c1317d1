"""What cards claim: checks that are measured again, and figures that must agree with them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import commands
import ganzoo
from ganzoo.errors import ConfigError, MetricError
from ganzoo.measure.card_figures import card_metrics, tolerance
from ganzoo.measure.evaluate import evaluate
from ganzoo.measure.figures import BY_KEY
from ganzoo.measure.methods import InFeatures
from ganzoo.measure.recheck import Verdict, contradictions, recheck, unchecked
from ganzoo.measure.sources import ModelSource
from ganzoo.specs import Check
from measuring import Given, classifier, digits, mini_reference

NAME = "vanilla-mnist"


@pytest.fixture
def claimed():
    """A published card's config."""
    return ganzoo.card(NAME).require_config()


@pytest.fixture
def altered(tmp_path: Path):
    """A copy of a published model, whose config a function may change."""

    def alter(change: Any) -> str:
        folder = tmp_path / NAME
        shutil.copytree(ganzoo.card(NAME).folder, folder)
        config = json.loads((folder / "config.json").read_text())
        change(config)
        (folder / "config.json").write_text(json.dumps(config))
        return f"{folder}/"

    return alter


def few(config: Any) -> Any:
    """The check of few samples, in JSON."""
    return next(check for check in config["checks"] if check["n"] == 1000)


def checking(where: str) -> int:
    return commands.ganzoo("check", where, "--metrics", "-n", 1000)


def test_a_figure_that_the_weights_do_not_score_is_wrong(altered, capsys):
    def change(config: Any) -> None:
        few(config)["values"]["recall"] += 1.1 * few(config)["tolerance"]["recall"]

    assert checking(altered(change)) == 1
    wrong = [line for line in capsys.readouterr().out.splitlines() if "WRONG" in line]
    assert len(wrong) == 1 and " recall " in wrong[0] and "claimed" in wrong[0]


def test_figures_for_people_are_held_against_the_checks(altered, capsys):
    def change(config: Any) -> None:
        first = config["metrics"][0]
        first |= {"value": 0.01, "values": [0.01] * len(first["values"]), "shipped": 0.01}

    assert checking(altered(change)) == 1
    (wrong,) = [line for line in capsys.readouterr().out.splitlines() if "WRONG" in line]
    assert "FD (cnn-mnist) of these weights is 0.01, and " in wrong


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"values": {"fdd": 3.0}, "tolerance": {"fdd": 0.1}}, "the card checks 'fdd', no figure"),
        ({"tolerance": {"fd": 1e9}}, "the card's check of fd tolerates 1e+09, and "),
    ],
)
def test_a_check_that_nothing_could_fail_is_refused(changes, said):
    check = Check("cnn-mnist", "mnist", 100, 0, {"fd": 3.0}, {"fd": 0.05})
    with pytest.raises(MetricError) as refused:
        recheck(replace(check, **changes), Given(seed_0=digits("test")))
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("values", "tolerances", "said"),
    [
        ({}, {}, "values: a check needs at least one figure"),
        ({"fd": 1.0}, {}, "'fd' is in only one of values and tolerance"),
        ({"fd": 1.0}, {"fd": 0.1, "kd": 0.1}, "'kd' is in only one of values and tolerance"),
        ({"fd": 1.0}, {"fd": 0.0}, "the tolerance of 'fd' must be above 0, found 0.0"),
    ],
)
def test_a_check_that_is_none_is_no_config(values, tolerances, said):
    with pytest.raises(ConfigError) as refused:
        Check("cnn-mnist", "mnist", 100, 0, values, tolerances)
    assert str(refused.value) == said


def test_a_claimed_figure_that_is_not_found_does_not_hold():
    """The memorisation ratio needs training samples, which the package's statistics lack."""
    check = Check("cnn-mnist", "mnist", 100, 0, {"memorisation": 1.0}, {"memorisation": 0.02})
    (verdict,) = recheck(check, Given(seed_0=digits("test")))
    assert not verdict.holds


def test_a_verdict_holds_up_to_its_tolerance():
    assert Verdict("fd", "cnn-mnist", 1000, 2.0, 2.04, 0.0401).holds
    assert not Verdict("fd", "cnn-mnist", 1000, 2.0, 2.04, 0.0399).holds
    assert not Verdict("fd", "cnn-mnist", 1000, 2.0, 1.95, 0.0401).holds


def test_a_tolerance_is_a_share_and_at_least_a_few_samples():
    assert tolerance(BY_KEY["fd"], 3.0) == 0.06
    assert tolerance(BY_KEY["fd"], 0.2) == 0.01
    assert tolerance(BY_KEY["kd"], -0.0001) == 0.002
    assert tolerance(BY_KEY["recall"], 0.1) == 0.01


def test_every_published_card_agrees_with_itself():
    for name in ganzoo.list_models():
        assert not list(contradictions(ganzoo.card(name).require_config()))


def test_figures_that_no_check_is_of_are_named(claimed):
    assert {"memorisation ratio", "sliced Wasserstein"} <= {*unchecked(claimed)}
    assert not {"FD (cnn-mnist)", "coverage"} & {*unchecked(claimed)}


def test_a_mean_that_is_none_of_its_seeds_contradicts(claimed):
    first = replace(claimed.metrics[0], value=claimed.metrics[0].value * 1.01)
    (said,) = contradictions(replace(claimed, metrics=(first, *claimed.metrics[1:])))
    assert said.startswith("FD (cnn-mnist) is ") and "the mean of its training seeds" in said


def test_weights_of_no_training_seed_contradict(claimed):
    first = replace(claimed.metrics[0], shipped=claimed.metrics[0].values[0] * 1.0001)
    (said,) = contradictions(replace(claimed, metrics=(first, *claimed.metrics[1:])))
    assert said.endswith("and no training seed's")


def test_a_sampling_seed_may_lie_as_far_from_the_mean_as_the_spread_allows(claimed):
    """Of 0, 0 and 0.3 the mean is 0.1 and the spread 0.1732; the first, in the checks, is 0."""
    (check,) = [one for one in claimed.checks if "coverage" in one.values][:1]
    check = replace(check, values={"coverage": 0.0}, tolerance={"coverage": 0.01})
    (shown,) = [one for one in claimed.metrics if one.name == "coverage"]
    shown = replace(shown, value=0.1, values=(), shipped=0.1, n=check.n, repeats=3, spread=0.1732)
    config = replace(claimed, metrics=(shown,), checks=(check,))
    assert not list(contradictions(config))
    (said,) = contradictions(replace(config, metrics=(replace(shown, spread=0.05),)))
    assert said == "coverage of these weights is 0.1, and 0 in the checks"


def test_reports_on_other_data_cannot_stand_in_one_row():
    source = ModelSource(NAME)
    one = evaluate(source, InFeatures(classifier(), mini_reference()), n=100, seeds=(0,))
    assert card_metrics([one, one], "again")[0].values[0] == pytest.approx(
        one.figures["fd"].value, 1e-4
    )
    for other in (replace(one, data_hash="0" * 64), replace(one, n=200)):
        with pytest.raises(MetricError, match="two protocols cannot share a row"):
            card_metrics([one, other], "again")


def test_a_check_is_of_the_weights_themselves(claimed):
    """Other weights do not score what a card claims."""
    check = next(check for check in claimed.checks if check.n == 1000)
    noise = torch.rand(1000, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    verdicts = recheck(check, Given(seed_0=noise))
    assert not any(one.holds for one in verdicts if one.key in ("fd", "kd", "coverage"))


def test_a_model_is_loaded_once_however_much_is_checked(altered, monkeypatch):
    from ganzoo.testing import subjects

    loaded, load = [], subjects.load
    monkeypatch.setattr(subjects, "load", lambda folder: loaded.append(folder) or load(folder))
    assert checking(altered(lambda config: None)) == 0
    assert len(loaded) == 1


def test_weights_that_were_altered_are_found_by_their_hash(altered, capsys):
    folder = Path(altered(lambda config: None))
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x00")
    assert checking(f"{folder}/") == 1
    lines = capsys.readouterr().out.splitlines()
    assert any(" sha256 " in line and "WRONG" in line for line in lines)
