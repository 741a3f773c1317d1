"""The bench: trainings, results, tables; what is done again and what is not."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import ganzoo
from bench_protocols import BASE, protocol_of
from ganzoo.bench import runner
from ganzoo.bench.jobs import Job
from ganzoo.bench.measures import Modes
from ganzoo.bench.measuring import measure_of, measured
from ganzoo.bench.performing import BenchOptions
from ganzoo.bench.report import Report
from ganzoo.bench.results import FILE
from ganzoo.bench.runner import run
from ganzoo.bench.table import figure
from ganzoo.cards import catalogue
from ganzoo.errors import ConfigError, GanzooError, UnknownNameError
from ganzoo.specs import Part, Protocol
from tiny import tiny_plugin

#: Both players are thrown to infinity at their first step.
RUIN = {"optimizers": {p: {"lr": 1e30} for p in ("generator", "discriminator")}}
BOOM = {"name": "boom", "table": "ring", "model": {"recipe": RUIN}}


@pytest.fixture
def bench(tiny_world, tmp_path: Path) -> Callable[..., tuple[str, int]]:
    """Run a protocol into one folder: (table.md, exit code)."""

    def go(protocol: Protocol, **options: Any) -> tuple[str, int]:
        wish = {"quiet": True, "command": "ganzoo bench small", **options}
        _, code = run(protocol, BenchOptions(tmp_path / "out", catalogue(), **wish))
        return (tmp_path / "out" / "table.md").read_text(), code

    return go


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def row(table: str, name: str) -> list[str]:
    """The cells of a row."""
    (line,) = [line for line in table.splitlines() if line.startswith(f"| `{name}`")]
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def results(out: Path) -> list[dict[str, Any]]:
    return json.loads((out / "results.json").read_text())["results"]


def stamps(out: Path) -> dict[str, int]:
    """When each file below a folder was written."""
    return {str(path): path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}


# A whole bench


def test_a_protocol_is_run_into_a_table(bench, out, tmp_path):
    table, code = bench(protocol_of(tmp_path))
    assert code == 0
    header = "| entry | modes ↑ | published | high quality ↑ | reverse KL ↓ | spread ratio → 1 |"
    assert header in table
    name, modes, published, quality, *_, seeds, images = row(table, "gan")
    assert name == "`gan` GAN"
    assert " ± " in modes and quality.count("%") == 2
    assert published == "6.3 ± 0.5"
    assert (seeds, images) == ("2 of 2", "640 (10.0%)")
    assert row(table, "hinge")[2] == "–"
    assert row(table, "ring-real")[0].endswith("control: real samples")
    assert row(table, "ring-real")[1] == "8.0 ± 0.0"
    for text in (
        "# Small rings",
        "Nobody 2026, section 1.",
        "n = 200 samples of each run's average at its last image, sampling seed 0",
        "Published: Nobody 2026, table 1 (gan).",
        "Command: `ganzoo bench small`",
        f"torch {torch.__version__}",
        "1 thread;",
    ):
        assert text in table
    assert "Not run" not in table


def test_a_result_says_what_it_rests_on(bench, out, tmp_path):
    bench(protocol_of(tmp_path), only=("gan",), seeds=1)
    found = json.loads((out / "gan" / "seed-0" / FILE).read_text())
    exported = json.loads((out / "gan" / "seed-0" / "export" / "config.json").read_text())
    assert found["weights"] == exported["files"]["model.safetensors"]["sha256"]
    assert (found["n"], found["sampling_seed"], found["images"]) == (200, 0, 640)
    assert found["made"] == exported["provenance"]
    assert set(found["values"]) == {"modes", "high_quality", "reverse_kl", "spread_ratio"}
    assert results(out) == [found]


def test_each_seed_is_another_training(bench, out, tmp_path):
    bench(protocol_of(tmp_path), only=("gan",))
    one, two = results(out)
    assert one["weights"] != two["weights"]
    assert [one["seed"], two["seed"]] == [0, 1]


def test_what_is_measured_is_the_average_of_the_run(bench, out, tmp_path):
    """The same as loading the run's folder and counting by hand."""
    import ganzoo
    from ganzoo.data.points import Ring
    from ganzoo.metrics import count_modes

    bench(protocol_of(tmp_path), only=("gan",), seeds=1)
    points = ganzoo.load(out / "gan" / "seed-0").sample(200, seed=0)
    expected = count_modes(points, Ring().centres, 0.3)
    assert results(out)[0]["values"]["high_quality"] == pytest.approx(expected.high_quality)


# Going on


def test_what_is_done_is_not_done_again(bench, out, tmp_path):
    bench(protocol_of(tmp_path))
    before = stamps(out)
    table, code = bench(protocol_of(tmp_path))
    changed = {path for path, stamp in stamps(out).items() if stamp != before.get(path)}
    assert {Path(path).name for path in changed} <= {"table.md", "results.json"}
    assert code == 0
    assert row(table, "gan")[-2] == "2 of 2"


def test_a_bench_that_was_killed_goes_on(world, bench, out, tmp_path):
    """SIGINT in the middle of the second training: it saves, and the same command ends it."""
    begun: list[str] = []

    def interrupt(run) -> None:
        begun.append(run.folder.parent.name)
        if len(begun) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    zoo = world(tiny_plugin())
    zoo.manager.pluggy.register(listener(interrupt), name="interrupting")
    table, code = bench(protocol_of(tmp_path))
    assert code == 130
    assert [len(results(out)), begun] == [1, ["gan", "hinge"]]
    assert "Not run: gan, ring-real (seed" not in table
    assert "Not run: gan (seed 1)\n" in table
    whole, code = bench(protocol_of(tmp_path))
    assert code == 0
    assert "Not run" not in whole
    assert begun[2:] == ["hinge", "gan", "hinge"]
    sittings = {(r["row"], r["seed"]): r["made"]["sittings"] for r in results(out)}
    assert sittings["hinge", 0] == 2
    assert sittings["gan", 0] == 1


def listener(heard: Callable[..., None]) -> Any:
    """A plugin that hears a training start."""
    from types import ModuleType

    from ganzoo import hookimpl

    def ganzoo_training_started(run):
        heard(run)

    module = ModuleType("listener")
    module.ganzoo_training_started = hookimpl(ganzoo_training_started)
    return module


def test_more_seeds_leave_the_first_ones_as_they_are(bench, out, tmp_path):
    table, _ = bench(protocol_of(tmp_path), seeds=1)
    assert "Not run: gan, hinge, ring-real (seed 1)" in table
    weights = {r["row"]: r["weights"] for r in results(out)}
    table, _ = bench(protocol_of(tmp_path), seeds=3)
    assert row(table, "gan")[-2] == "3 of 3"
    assert "Not run" not in table
    again = {r["row"]: r["weights"] for r in results(out) if r["seed"] == 0}
    assert again == weights


def test_only_some_entries(bench, out, tmp_path):
    table, _ = bench(protocol_of(tmp_path), only=("h*",))
    assert {r["row"] for r in results(out)} == {"hinge"}
    assert "Not run: gan, ring-real (seeds 0, 1)" in table
    assert row(table, "gan") == ["`gan` GAN", "–", "6.3 ± 0.5", *5 * ["–"]]


def test_a_changed_measure_is_measured_again_and_nothing_is_trained(bench, out, tmp_path):
    bench(protocol_of(tmp_path), only=("gan",), seeds=1)
    weights = out / "gan" / "seed-0" / "export" / "model.safetensors"
    before, then = weights.stat().st_mtime_ns, results(out)[0]
    measure = {"name": "modes", "arguments": {"n": 500}}
    changed = protocol_of(tmp_path, tables=[{**BASE["tables"][0], "measure": measure}])
    bench(changed, only=("gan",), seeds=1)
    (now,) = results(out)
    assert (now["n"], weights.stat().st_mtime_ns) == (500, before)
    assert now["weights"] == then["weights"]


def test_other_weights_are_measured_again(bench, out, tmp_path):
    """As when somebody has trained in that folder since."""
    bench(protocol_of(tmp_path), only=("gan",), seeds=1)
    file = out / "gan" / "seed-0" / FILE
    right = file.read_text()
    file.write_text(json.dumps({**json.loads(right), "weights": "0" * 64, "values": {}}))
    bench(protocol_of(tmp_path), only=("gan",), seeds=1)
    assert json.loads(file.read_text()) == json.loads(right)


def test_a_damaged_result_is_measured_again(bench, out, tmp_path):
    bench(protocol_of(tmp_path), only=("gan",), seeds=1)
    file = out / "gan" / "seed-0" / FILE
    right = file.read_text()
    file.write_text(right[:100])
    bench(protocol_of(tmp_path), only=("gan",), seeds=1)
    assert file.read_text() == right


def test_a_changed_entry_is_not_shown_with_the_old_figures(bench, out, tmp_path):
    """The engine refuses another recipe in the folder; that row breaks and says so."""
    bench(protocol_of(tmp_path), only=("gan",), seeds=1)
    changed = protocol_of(tmp_path, model={"recipe": {"batch": 16}})
    assert row(Report(changed, out).markdown(), "gan")[1] == "–"
    table, code = bench(changed, only=("gan",), seeds=1)
    assert code == 1
    assert "Broken: gan seed 0: " in table
    assert "recipe.batch is 32 there, 16 was requested" in table


# Budgets


def test_another_budget_is_said_in_the_table(bench, tmp_path):
    table, _ = bench(protocol_of(tmp_path), only=("gan",), seeds=1, images=64)
    assert row(table, "gan")[-1] == "64 (1.0%)"
    assert "Another budget: 64 images in place of 640 (gan)." in table


def test_a_raised_budget_goes_on_from_the_smaller_one(bench, out, tmp_path):
    bench(protocol_of(tmp_path), only=("gan",), seeds=1, images=320)
    table, code = bench(protocol_of(tmp_path), only=("gan",), seeds=1)
    assert code == 0
    assert row(table, "gan")[-1] == "640 (10.0%)"
    assert results(out)[0]["made"]["sittings"] == 2


def test_an_entrys_own_paper_budget_is_what_its_share_is_of(bench, tmp_path):
    entry = {"name": "packs", "table": "ring", "paper_images": 1280}
    table, _ = bench(protocol_of(tmp_path, entry), only=("packs",), seeds=1)
    assert row(table, "packs")[-1] == "640 (50.0%)"


# What goes wrong


def test_a_training_that_diverges_is_a_result(bench, out, tmp_path):
    table, code = bench(protocol_of(tmp_path, BOOM), only=("boom", "hinge"), seeds=1)
    assert code == 0
    assert row(table, "boom")[1] == "diverged at 640 of 640 images"
    assert row(table, "boom")[-2] == "0 of 1"
    assert "Diverged: boom seed 0 at 640 of 640 images." in table
    assert row(table, "hinge")[-2] == "1 of 1"


def test_a_training_that_diverged_is_not_trained_again(bench, out, tmp_path):
    bench(protocol_of(tmp_path, BOOM), only=("boom",), seeds=1)
    before = stamps(out / "boom")
    assert bench(protocol_of(tmp_path, BOOM), only=("boom",), seeds=1)[1] == 0
    assert stamps(out / "boom") == before


def test_where_it_diverged_is_the_first_row_that_is_not_finite(bench, out, tmp_path):
    model = {"recipe": {**RUIN, "images": 16_000}}
    entry = {"name": "boom", "table": "ring", "model": model}
    table, _ = bench(protocol_of(tmp_path, entry), only=("boom",), seeds=1)
    assert row(table, "boom")[1] == "diverged at 5,024 of 16,000 images"


def test_what_breaks_is_a_line_and_the_rest_goes_on(bench, out, tmp_path):
    odd = {"name": "odd", "table": "ring", "model": {"recipe": {"loss": {"name": "hing"}}}}
    table, code = bench(protocol_of(tmp_path, odd))
    assert code == 1
    told = "Broken: odd seed 0, odd seed 1: there is no loss 'hing'; did you mean 'hinge'?"
    assert told in table
    assert "Not run" not in table
    assert row(table, "gan")[-2] == "2 of 2"
    assert json.loads((out / "results.json").read_text())["broken"]["odd seed 0"]


def test_a_measure_that_fails_breaks_its_row_alone(bench, monkeypatch, tmp_path):
    def failing(*_: Any, **__: Any) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr("ganzoo.bench.performing.measured", failing)
    table, code = bench(protocol_of(tmp_path), only=("gan",), seeds=1)
    assert code == 1
    assert "Broken: gan seed 0: RuntimeError: out of luck" in table


def test_a_missing_plugin_is_told_and_nothing_is_broken(bench, tmp_path):
    needy = {"name": "needy", "table": "ring", "requires": {"ganzoo-absent": ">=0.1"}}
    table, code = bench(protocol_of(tmp_path, needy), seeds=1)
    assert code == 0
    assert "Not run: needy (seeds 0, 1): ganzoo-absent is not installed; install it" in table
    assert row(table, "gan")[-2] == "1 of 1"


def test_what_the_whole_protocol_requires_is_asked_of_every_entry(bench, tmp_path):
    table, code = bench(protocol_of(tmp_path, requires={"ganzoo-absent": ">=0.1"}), seeds=1)
    assert code == 0
    assert "Not run: gan, hinge, ring-real (seeds 0, 1): ganzoo-absent is not installed" in table


def test_a_published_column_that_the_table_has_not_is_told_before_anything_runs(
    bench, out, tmp_path
):
    entry = {"name": "new", "table": "ring", "published": {"mods": "8"}, "published_in": "x"}
    with pytest.raises(ConfigError, match="'new': its table has no column 'mods'; .* 'modes'"):
        bench(protocol_of(tmp_path, entry))
    assert not out.exists()


def test_columns_that_papers_alone_have_stand_last(bench, tmp_path):
    table = {**BASE["tables"][0], "published_columns": {"fid": "FID | Inception"}}
    entry = {
        "name": "old",
        "table": "ring",
        "published_only": True,
        "published": {"fid": "9.8"},
        "published_in": "Elsewhere",
    }
    text, _ = bench(protocol_of(tmp_path, entry, tables=[table]), only=("old",))
    assert "| images (of the paper's) | FID \\| Inception |" in text
    assert row(text, "old")[-3:] == ["published only", "–", "9.8"]


@pytest.mark.parametrize(
    ("measure", "error", "text"),
    [
        ({"name": "mode"}, UnknownNameError, "no measure 'mode'; did you mean 'modes'"),
        ({"name": "modes", "arguments": {"m": 3}}, ConfigError, "takes no argument 'm'; .* n"),
        ({"name": "modes", "arguments": {"n": "all"}}, ConfigError, "n is 1 sample or more, found"),
    ],
)
def test_a_measure_that_there_is_not_is_told_before_anything_runs(
    bench, out, tmp_path, measure, error, text
):
    with pytest.raises(error, match=text):
        bench(protocol_of(tmp_path, tables=[{**BASE["tables"][0], "measure": measure}]))
    assert not out.exists()


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ({"controls": ["rael"]}, "no control 'rael'; did you mean 'real'"),
        ({"measure": {"name": "frechet", "arguments": {"n": 50}}}, "50 samples are too few for 64"),
    ],
)
def test_what_could_not_be_measured_is_told_before_anything_runs(bench, out, tmp_path, table, text):
    with pytest.raises(GanzooError, match=text):
        bench(protocol_of(tmp_path, tables=[{**BASE["tables"][0], **table}]))
    assert not out.exists()


def test_samples_are_of_the_protocols_sampling_seed(bench, out, tmp_path):
    """Another one is measured anew, of the same weights."""
    found, data = {}, Part("ring", BASE["model"]["recipe"]["data"]["arguments"])
    for seed in (0, 1):
        bench(protocol_of(tmp_path, sampling_seed=seed), only=("gan",), seeds=1)
        (result,) = results(out)
        model = ganzoo.load(out / "gan" / "seed-0")
        points = model.sample(result["n"], seed=seed)
        again = measured(measure_of(Part("modes")), points, data, "cpu")
        assert result["values"] == pytest.approx(again, rel=1e-6)
        found[seed] = (result["sampling_seed"], result["weights"], result["values"])
    assert (found[0][0], found[1][0]) == (0, 1) and found[0][1] == found[1][1]
    assert found[0][2] != found[1][2]


def test_a_measure_of_another_version_is_taken_again(bench, out, tmp_path, monkeypatch):
    bench(protocol_of(tmp_path), only=("gan",), seeds=1)
    weights = out / "gan" / "seed-0" / "export" / "model.safetensors"
    before, then = stamps(out), results(out)[0]["measure"]
    monkeypatch.setattr(Modes, "version", 2)
    bench(protocol_of(tmp_path), only=("gan",), seeds=1)
    assert results(out)[0]["measure"] != then
    assert stamps(out)[str(weights)] == before[str(weights)]


def test_a_damaged_export_breaks_its_job_alone(bench, out, tmp_path):
    bench(protocol_of(tmp_path), seeds=1)
    (out / "gan" / "seed-0" / "export" / "config.json").write_text("{")
    (out / "gan" / "seed-0" / FILE).unlink()
    (out / "hinge" / "seed-0" / FILE).unlink()
    table, code = bench(protocol_of(tmp_path), seeds=1)
    assert code == 1 and "Broken: gan seed 0: " in table and "not valid JSON" in table
    assert row(table, "hinge")[-2] == "1 of 1"


def test_a_job_that_another_process_did_meanwhile_is_done(bench, out, tmp_path, monkeypatch):
    """Two processes in one folder: what one finds locked, the other has done at the end."""
    protocol, work = protocol_of(tmp_path), runner.do

    def busy(job: Job, options: BenchOptions, report: Report) -> str:
        if job.row.name != "gan":
            return work(job, options, report)
        work(job, options, Report(protocol, out))  # the other process does it
        report.broken[str(job)] = "another process is training in that folder"
        return "broke"

    monkeypatch.setattr(runner, "do", busy)
    table, code = bench(protocol, seeds=1)
    assert code == 0 and "Broken" not in table and row(table, "gan")[-2] == "1 of 1"


def test_seeds_without_a_figure_are_counted_beside_its_mean():
    column = Modes().columns[2]
    assert figure(column, [0.5, 0.7, None]) == "0.600 ± 0.141 (2 of 3)"
    assert figure(column, [0.5, 0.7]) == "0.600 ± 0.141"
    assert figure(column, [None, None]) == "–"


def test_a_folder_that_cannot_be_written_is_told(tiny_world, tmp_path):
    with pytest.raises(GanzooError, match=r"/proc/bench cannot be written .*; give another --out"):
        run(protocol_of(tmp_path), BenchOptions(Path("/proc/bench"), catalogue(), quiet=True))


def test_notes_stand_below(bench, tmp_path):
    entry = {"name": "old", "table": "ring", "published_only": True, "note": "long ago"}
    text, _ = bench(protocol_of(tmp_path, entry, notes=["Read this."]), only=("old",))
    assert text.endswith("- Read this.\n- `old`: long ago\n")


def test_progress_is_a_line_for_each_job(tiny_world, tmp_path, capsys):
    run(protocol_of(tmp_path), BenchOptions(tmp_path / "out", catalogue(), seeds=1))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("1 of 3  gan seed 0: modes ")
    assert lines[0].endswith(" s)")
    run(protocol_of(tmp_path), BenchOptions(tmp_path / "out", catalogue(), seeds=1))
    assert capsys.readouterr().err == "3 of 3 were done before\n"
