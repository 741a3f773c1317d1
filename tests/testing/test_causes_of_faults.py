"""Whose fault it is: chains of causes are followed to the one that tells."""

from __future__ import annotations

import pytest

from broken import broken_plugin
from ganzoo.errors import UsageError
from ganzoo.testing import Result, checks_of, run_checks
from ganzoo.testing.failures import Blocked, reported_by
from ganzoo.testing.runner import settled


def result(check: str, outcome: str, because: str = "") -> Result:
    return Result("part/it", check, outcome, f"{check} said", 0.0, because and f"part/it {because}")


def outcomes(*found: Result) -> dict[str, tuple[str, str]]:
    return {one.check: (one.outcome, one.because) for one in settled(found)}


@pytest.mark.parametrize("outcome", ["WRONG", "waived"])
def test_a_chain_of_causes_ends_at_the_fault(outcome):
    """Whichever came first."""
    made = outcomes(
        result("second", "not run", "first"),
        result("third", "not run", "second"),
        result("first", outcome),
    )
    assert made["second"] == made["third"] == ("not run", "part/it first")


def test_what_stands_on_a_skipped_check_is_skipped():
    made = outcomes(result("first", "skipped"), result("second", "not run", "first"))
    assert made["second"] == ("skipped", "")


def test_what_nobody_tells_is_told():
    """A check that was stopped by one that finds nothing is wrong by itself."""
    (_, second) = settled([result("first", "ok"), result("second", "not run", "first")])
    assert (second.outcome, second.said) == ("WRONG", "second said, and that check passes")


@pytest.mark.parametrize("cause", ["elsewhere", "second"])
def test_a_cause_that_was_not_asked_for_stays(cause):
    made = outcomes(result("second", "not run", cause))
    assert made["second"] == ("not run", f"part/it {cause}")


def test_a_fault_that_is_waived_stops_nobody_else():
    waivers = {"check_range[generator/image]": "other units by design"}
    made = run_checks(broken_plugin("generator", "SigmoidImage"), waivers=waivers, fast=True)
    assert {one.outcome for one in made if one.subject.startswith("game/")} == {"ok"}


def test_what_fails_inside_is_another_checks_to_tell():
    said = r"a pass fails \(ValueError: no\): check_shapes says why"
    with pytest.raises(Blocked, match=said), reported_by("check_shapes", "a pass"):
        raise ValueError("no")


@pytest.mark.parametrize("name", ["ganzoo_examples", "ganzoo_waivers"])
def test_examples_and_waivers_are_dicts(name):
    source = broken_plugin()
    module = source.load()
    setattr(module, name, ["generator/image"])
    with pytest.raises(UsageError, match=f"{name} is a list; make it a dict"):
        checks_of(module)
