"""A small ring model is published and trained again from its card: bit for bit, here.

The model is this file's own: tiny players on the core's ring, 6,400 points, less than a second.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import commands
import ganzoo
from ganzoo.engine.run.options import RunOptions
from ganzoo.errors import CardError, UsageError
from ganzoo.publish.measuring import Effort
from ganzoo.publish.planning import PublishRequest, planned
from ganzoo.publish.publish import publish
from ganzoo.publish.reproduce import Reproduction, compared, reproduce
from ganzoo.specs import read_config
from model_folders import LICENCES
from short_runs import config, play


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published ring, for all tests to copy."""
    from ganzoo.cards import Catalogue, catalogue, using
    from ganzoo.plugins import PluginManager
    from tiny import tiny_plugin

    folder = tmp_path_factory.mktemp("ring")
    with using(Catalogue(PluginManager([tiny_plugin()]))):
        play(
            config(data="ring", kind="points", batch=64, steps=100), folder / "run", log_every=6400
        )
        said = {"description": "A ring.", "licences": LICENCES, "prose": "# Ring\n\nTiny.\n"}
        wish = PublishRequest(folder / "run", str(folder / "tiny-ring"), "tiny-ring", **said)
        publish(planned(catalogue(), wish), Effort(n=500, repeats=2))
    return folder / "tiny-ring"


@pytest.fixture
def ring(made: Path, tiny_world, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "tiny-ring"))


def alter(folder: Path, **keys) -> None:
    data = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**data, **keys}))


def again(ring: Path, out: Path) -> Reproduction:
    return reproduce(ganzoo.card(ring), RunOptions(out, quiet=True))


def test_the_ring_is_reproduced_bit_for_bit(ring, tmp_path):
    verdict = again(ring, tmp_path / "again")
    assert verdict.exact and verdict.holds
    assert verdict.data == "ganzoo/ring: the card's samples"
    assert [one.what for one in verdict.comparisons] == ["weights"]  # nothing else was needed
    for file in ("model.safetensors", "discriminator.safetensors"):
        assert (verdict.outcome.export / file).read_bytes() == (ring / file).read_bytes()


def test_the_command_goes_on_and_says_the_verdict(ring, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):  # the second finds it finished
        assert command("tiny-ring/", "--quiet") == 0
        out = capsys.readouterr().out
        assert "weights   same  model.safetensors, discriminator.safetensors bit for bit" in out
        assert out.endswith("tiny-ring reproduced, bit for bit: runs/tiny-ring-again/export\n")
    assert command("tiny-ring/", "--json") == 0
    assert json.loads(capsys.readouterr().out)["exact"] is True


def test_another_recipe_is_not_reproduced(ring, tmp_path, monkeypatch, capsys):
    """Half the images: other weights, other samples, a figure that is far off."""
    data = json.loads((ring / "config.json").read_text())
    alter(ring, recipe={**data["recipe"], "images": 640})
    monkeypatch.chdir(tmp_path)
    assert command("tiny-ring/", "--quiet", "--tolerance", "0.0001") == 1
    out = capsys.readouterr().out
    assert out.count("OTHER") == 3 and "tiny-ring NOT reproduced: runs/" in out
    assert command("tiny-ring/", "--quiet", "--tolerance", "1", "--exact") == 1
    capsys.readouterr()
    assert command("tiny-ring/", "--quiet", "--tolerance", "1") == 0
    assert "reproduced, by its high quality" in capsys.readouterr().out


def test_samples_are_compared_where_bytes_differ_and_figures_where_samples_do(ring, tmp_path):
    claimed, _ = read_config(ring / "config.json")
    other = {name: replace(file, sha256="0" * 64) for name, file in claimed.files.items()}
    found = compared(replace(claimed, files=other), claimed, ring)
    assert [(one.what, one.holds) for one in found] == [("weights", False), ("fingerprint", True)]
    print_ = replace(claimed.fingerprint, mean=9.0)
    found = compared(replace(claimed, files=other, fingerprint=print_), claimed, ring)
    assert [(one.what, one.holds) for one in found[1:]] == [
        ("fingerprint", False), ("high quality", True)]  # fmt: skip


def test_a_figure_may_be_off_as_far_as_another_seeds(ring):
    claimed, _ = read_config(ring / "config.json")
    metric = claimed.metrics[0]
    files = {name: replace(file, sha256="0" * 64) for name, file in claimed.files.items()}
    for seeds, off, holds in (
        *((2, 15.5, True), (2, 15.6, False), (2, -15.5, True), (3, 4.9, True), (3, 5.0, False)),
        *((5, 3.0, True), (5, 3.1, False), (99, 2.0, True)),
    ):
        values = (metric.value,) * seeds
        one = replace(metric, value=metric.value + off * 0.01, spread=0.01, values=values)
        card = replace(claimed, files=files, fingerprint=None, metrics=(one,))
        assert compared(card, claimed, ring)[-1].holds is holds


def test_no_card_says_by_itself_how_far_its_samples_may_be_off(ring):
    claimed, _ = read_config(ring / "config.json")
    files = {name: replace(file, sha256="0" * 64) for name, file in claimed.files.items()}
    off = claimed.fingerprint.mean + 0.1
    print_ = replace(claimed.fingerprint, mean=off, tolerance=1e9)
    found = compared(replace(claimed, files=files, fingerprint=print_), claimed, ring)
    assert not found[1].holds and found[1].result.endswith("differ by 0.1, 0.001 is allowed")


@pytest.mark.parametrize("keys", [{"means": (0.0,)}, {"seed": 1}, {"n": 3}])
def test_a_fingerprint_of_other_samples_is_not_compared(keys, ring):
    claimed, _ = read_config(ring / "config.json")
    files = {name: replace(file, sha256="0" * 64) for name, file in claimed.files.items()}
    print_ = replace(claimed.fingerprint, **keys)
    found = compared(replace(claimed, files=files, fingerprint=print_), claimed, ring)
    assert [(one.what, one.holds) for one in found[1:]] == [
        ("fingerprint", False), ("high quality", True)]  # fmt: skip
    assert "belongs to other samples than are drawn here" in found[1].result


def test_files_that_were_not_made_are_named(ring):
    claimed, _ = read_config(ring / "config.json")
    record = claimed.files["model.safetensors"]
    more = replace(claimed, files={**claimed.files, "more.safetensors": record})
    assert compared(more, claimed, ring)[0].result == "more.safetensors not made"


def test_other_data_stands_in_the_verdict(ring, tmp_path, monkeypatch, capsys):
    claimed = json.loads((ring / "config.json").read_text())
    alter(ring, provenance={**claimed["provenance"], "data_hash": "other", "threads": -5})
    monkeypatch.chdir(tmp_path)
    used = []
    monkeypatch.setattr("torch.set_num_threads", used.append)
    assert command("tiny-ring/", "--quiet") == 0
    assert "bit for bit, from OTHER data than the card's: runs/" in capsys.readouterr().out
    alter(ring, provenance={**claimed["provenance"], "threads": 10**9})
    assert command("tiny-ring/", "--quiet") == 0
    assert used == [1, 256]


def test_what_cannot_be_reproduced_is_refused(ring, tmp_path):
    claimed = json.loads((ring / "config.json").read_text())
    alter(ring, provenance={**claimed["provenance"], "images": 0, "command": "ganzoo import x"})
    with pytest.raises(CardError, match=r"was imported \(ganzoo import x\); the training of its"):
        again(ring, tmp_path / "again")
    alter(ring, provenance=None, files={})
    with pytest.raises(CardError, match="has no weights to compare with; train it: ganzoo train"):
        again(ring, tmp_path / "again")


def test_a_run_does_not_reproduce_itself(tiny_world, tmp_path):
    play(config(steps=2), tmp_path / "run")
    shutil.copytree(tmp_path / "run" / "export", tmp_path / "copy")
    with pytest.raises(UsageError, match="is the run to reproduce; give another --out"):
        again(tmp_path / "copy", tmp_path / "run")
    with pytest.raises(UsageError, match="is the run to reproduce; give another --out"):
        again(tmp_path / "run", tmp_path / "run")


def command(*words: str) -> int:
    return commands.ganzoo("reproduce", *words)
