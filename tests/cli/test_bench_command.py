"""What `ganzoo bench` makes of its command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import commands
from bench_protocols import write_protocol
from tiny import make_plugin, tiny_plugin


@pytest.fixture
def bench(world, tmp_path, monkeypatch, capsys):
    """Run `ganzoo bench ...` in a folder of its own: (exit code, stdout, stderr)."""
    write_protocol(tmp_path / "offered")
    world(tiny_plugin(ganzoo_protocols=[tmp_path / "offered"]))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def go(*words: str) -> tuple[int, str, str]:
        return commands.ganzoo("bench", *words), *capsys.readouterr()

    return go


def test_without_a_name_it_lists_the_protocols(bench):
    code, said, _ = bench()
    assert code == 0
    assert said.splitlines()[0].split() == ["NAME", "TITLE", "ENTRIES", "PLUGIN"]
    assert said.splitlines()[1].split("  ")[0] == "small"
    assert "2 of 2 seeds" in said
    (listed,) = json.loads(bench("--json")[1])
    assert listed["entries"] == ["gan", "hinge"]
    assert listed["distribution"] == "tiny"


def test_where_there_are_none_it_says_so(world, bench):
    world(make_plugin("empty"))
    assert bench() == (0, "", "there are no protocols: no plugin offers any\n")


def test_a_broken_protocol_is_listed_with_its_problem(bench, tmp_path):
    (tmp_path / "offered" / "odd.json").write_text("{}")
    assert "broken: " in bench()[1]


def test_it_runs_into_a_folder_of_the_protocols_name(bench):
    code, said, progress = bench("small", "--seeds", "1", "--threads", "1", "--device", "cpu")
    assert code == 0
    assert said == Path("runs/bench/small/table.md").read_text()
    assert "1 of 3  gan seed 0: modes" in progress
    assert not bench("small", "--seeds", "1", "--quiet")[2]


def test_another_budget_has_a_folder_of_its_own(bench):
    assert bench("small", "--images", "64", "--only", "gan", "--quiet")[0] == 0
    assert Path("runs/bench/small-64-images/gan/seed-1/result.json").is_file()


def test_the_table_alone_runs_nothing(bench):
    bench("small", "--only", "gan", "--out", "there", "--quiet")
    Path("there/table.md").unlink()
    code, said, _ = bench("small", "--table", "--out", "there")
    assert code == 0
    assert "| `gan` GAN |" in said
    assert "Not run: hinge, ring-real (seeds 0, 1)" in said
    assert not Path("there/hinge").exists()
    assert len(json.loads(bench("small", "--table", "--json", "--out", "there")[1])["results"]) == 2


def test_for_programs_it_prints_the_results(bench):
    said = json.loads(bench("small", "--only", "gan", "--seeds", "1", "--json", "--quiet")[1])
    assert said == json.loads(Path("runs/bench/small/results.json").read_text())
    assert said["not_run"] == ["gan seed 1", "hinge seed 0", "hinge seed 1", *(
        f"ring-real seed {seed}" for seed in (0, 1)
    )]  # fmt: skip


def test_a_file_of_ones_own(bench, tmp_path):
    path = write_protocol(tmp_path / "mine", name="mine")
    assert bench(str(path), "--only", "ring-*", "--quiet")[0] == 0
    assert Path("runs/bench/mine/ring-real").is_dir()


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["smal"], 2, "there is no protocol 'smal'; did you mean 'small'"),
        (["small", "--only", "gam"], 2, "--only gam: no entry has that name; did you mean 'gan'"),
        (["small", "--seeds", "0"], 2, "0 is not in the range"),
        (["small", "--device", "quantum"], 2, "device 'quantum' cannot be used here"),
        (["small", "--table"], 2, "--table: there is no folder 'runs/bench/small'; run the prot"),
        (["absent.json"], 1, "absent.json: there is no such file"),
        (["small", "--out", "/proc/x"], 1, "/proc/x cannot be written"),
    ],
)
def test_what_cannot_be_run_is_one_line_and_leaves_nothing(bench, words, code, text):
    ended, said, told = bench(*words)
    assert (ended, said) == (code, "")
    assert text in told
    assert len(told.splitlines()) == 1
    assert not list(Path().iterdir())
