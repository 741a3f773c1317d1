"""What samples teach a classifier, and protocols of finished models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo.bench.classification import Classification, Teacher, real_teacher
from ganzoo.bench.measuring import measure_of, measured
from ganzoo.bench.performing import BenchOptions
from ganzoo.bench.protocols import with_models
from ganzoo.bench.real_data import both_splits, key_of
from ganzoo.bench.report import Report
from ganzoo.bench.runner import run
from ganzoo.cards import catalogue
from ganzoo.errors import ConfigError, MetricError, UsageError
from ganzoo.measure.sample_set import SampleSet
from ganzoo.measure.sources import TensorSource
from ganzoo.specs import Part, Protocol, read_protocol

MINI = Part("mnist-mini", {"size": 16})
SMALL = {"n": 300, "shares": [0.1, 1.0], "images": 1_600, "batch": 32, "width": 4}


def taught_by(labels_of: Any, **arguments: Any) -> dict[str, float | None]:
    """The accuracies where 1,000 real digits stand in for samples, with other labels."""
    digits, labels = both_splits(key_of(MINI))[0].batch(torch.arange(1_000))
    source = TensorSource(digits, "digits", labels=labels_of(labels))
    measure = Classification(**{**SMALL, **arguments})
    return measure.values(SampleSet(source, len(digits), 0), MINI, "cpu")


# The measure


def test_good_samples_teach_and_wrong_ones_do_not():
    longer = {"shares": [1.0], "images": 4_800}
    good = taught_by(lambda labels: labels, **longer)
    wrong = taught_by(lambda labels: (labels + 1) % 10, **longer)
    assert good["alone"] > 0.6
    assert wrong["alone"] < 0.2
    assert good["real_1"] > wrong["real_1"]


def test_equal_seeds_give_equal_figures():
    first, again = (taught_by(lambda labels: labels, shares=[0.1], images=64) for _ in range(2))
    assert first == again


def test_without_samples_real_ones_teach_alone():
    measure = measure_of(Part("classification", SMALL))
    found = measured(measure, torch.empty(0, 1, 16, 16), MINI, "cpu")
    assert found["alone"] is None
    assert 0.2 < found["real_0.1"] < found["real_1"]
    assert [column.header for column in measure.columns] == [
        "accuracy, samples alone",
        "+ 10% of real labels",
        "+ 100% of real labels",
    ]


def test_a_share_is_drawn_anew_by_each_seed():
    training, _ = both_splits(key_of(MINI))
    one, same, other = (real_teacher(training, 0.1, seed) for seed in (0, 0, 1))
    assert one.length == 200
    rows = torch.arange(200)
    assert torch.equal(one.rows(rows)[0], same.rows(rows)[0])
    assert not torch.equal(one.rows(rows)[0], other.rows(rows)[0])


def test_every_sample_is_shown_before_any_is_shown_again():
    teacher = Teacher(5, lambda rows: (rows, rows))
    stream = teacher.stream(3, torch.Generator().manual_seed(0))
    shown = torch.cat([next(stream)[0] for _ in range(5)])
    assert all(sorted(some.tolist()) == [0, 1, 2, 3, 4] for some in shown.split(5))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"shares": [0.0]}, r"shares are above 0 and 1 at most, found \[0.0\]"),
        ({"batch": 9, "images": 8}, "batch is 2 to 8, its images; found 9"),
    ],
)
def test_what_could_not_be_measured_is_refused_before(arguments, said):
    with pytest.raises(MetricError, match=said):
        measure_of(Part("classification", arguments)).check()


def test_data_and_samples_without_classes_are_refused():
    with pytest.raises(MetricError, match="needs images with classes, and ring has none"):
        measure_of(Part("classification", SMALL)).try_out(Part("ring"), "cpu")
    with pytest.raises(MetricError, match="digits is told no class, so its samples teach none"):
        taught_by(lambda labels: None)
    with pytest.raises(MetricError, match=r"in classes up to 11; the data have \[1, 16, 16\] in"):
        taught_by(lambda labels: labels + 2)


# Protocols of finished models


def augment(folder: Path, *entries: dict[str, Any]) -> Protocol:
    """A protocol with one table, of digits of 16 pixels."""
    data = {
        "ganzoo_protocol": 1,
        "name": "small-augment",
        "title": "Small",
        "source": {"paper": "Nobody 2026", "section": "section 1"},
        "budget": "nothing",
        "seeds": 2,
        "model": {"recipe": {"data": {"name": MINI.name, "arguments": {"size": 16}}}},
        "tables": [
            {
                "name": "digits",
                "title": "Digits",
                "measure": {
                    "name": "classification",
                    "arguments": {**SMALL, "shares": [0.1], "images": 64},
                },
                "controls": ["none"],
            }
        ],
        "entries": [*entries],
    }
    path = folder / "small-augment.json"
    path.write_text(json.dumps(data))
    return read_protocol(path)


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> Path:
    """A finished model that is told the digit."""
    out = tmp_path_factory.mktemp("told") / "told-digits"
    ganzoo.train(
        generator="dcgan",
        discriminator="dcgan",
        loss="non-saturating",
        data="mnist-mini",
        images=32,
        out=out,
        set={
            "batch": 16,
            "data.arguments.size": 16,
            "generator.arguments": {"width": 4, "num_classes": 10},
            "discriminator.arguments": {"width": 4, "num_classes": 10},
        },
    )
    return out


def test_a_finished_model_is_measured_under_each_seed_and_not_again(told, tmp_path):
    missing = {"name": "missing", "table": "digits", "weights": "no-such-model"}
    protocol = with_models(augment(tmp_path, missing), [str(told)], catalogue())
    assert protocol.entries[-1].weights == str(told)
    options = BenchOptions(tmp_path / "out", catalogue(), quiet=True, command="ganzoo bench")
    report, code = run(protocol, options)
    assert code == 0
    page = report.markdown()
    name = protocol.entries[-1].name
    (line,) = [one for one in page.splitlines() if one.startswith(f"| `{name}`")]
    assert "2 of 2" in line and line.count("±") == 2
    (control,) = [one for one in page.splitlines() if one.startswith("| `digits-none`")]
    assert control.split("|")[2].strip() == "–" and "±" in control
    assert "Not run: missing (seeds 0, 1): there is no model 'no-such-model'" in page
    assert "images (of the paper's)" not in page
    assert "n = 300 samples of each finished model" in page
    results = [*(tmp_path / "out").rglob("result.json")]
    stamps = [path.stat().st_mtime_ns for path in results]
    assert len(results) == 4
    run(protocol, options)
    assert [path.stat().st_mtime_ns for path in results] == stamps
    assert Report(protocol, tmp_path / "out").markdown().count("±") == page.count("±")


def test_what_a_finished_model_does_not_go_with_is_said(told, tmp_path):
    digits = {"name": "one", "table": "digits", "weights": "dcgan-mnist"}
    with pytest.raises(ConfigError, match="what has weights is not trained; leave out model"):
        augment(tmp_path, {**digits, "model": {"recipe": {"batch": 4}}})
    with pytest.raises(ConfigError, match="all its entries name weights or none does; 'two' does"):
        augment(tmp_path, digits, {"name": "two", "table": "digits"})
    protocol = augment(tmp_path, digits)
    with pytest.raises(UsageError, match="dcgan-letters is trained on letters; .* mnist-mini"):
        with_models(protocol, ["dcgan-letters"], catalogue())
    options = BenchOptions(tmp_path / "out", catalogue(), images=9, quiet=True)
    with pytest.raises(UsageError, match="--images is for trainings"):
        run(protocol, options)
