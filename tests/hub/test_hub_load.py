"""`ganzoo.load("hf-hub:...")`, and what else takes a WHAT."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import commands
import ganzoo
from ganzoo.cache import chosen, entries
from ganzoo.cards import catalogue
from ganzoo.engine.initial_weights import start_from
from ganzoo.errors import HubError, WeightsError
from ganzoo.files import write_text
from ganzoo.measure.sources import ModelSource
from ganzoo.specs import write_record
from hub_machine import Machine
from hub_server import Hub
from model_folders import describe, record_of, write_published
from short_runs import ring_config
from tiny import make_plugin


@pytest.fixture
def folder(tiny_world, tmp_path: Path) -> Path:
    return write_published(tmp_path / "tiny-ring")


@pytest.fixture
def commit(hub: Hub, folder: Path) -> str:
    return hub.repo("lab/ring").publish(folder)


def test_a_model_of_the_hub_is_the_model_of_the_folder(commit, folder):
    here, there = ganzoo.load(folder), ganzoo.load("hf-hub:lab/ring")
    assert torch.equal(there.sample(9, seed=1), here.sample(9, seed=1))
    assert there.discriminator is not None
    assert there.card.origin == there.card.qualified == f"hf-hub:lab/ring@{commit}"


def test_a_pinned_and_cached_model_loads_without_a_request(hub, commit):
    ganzoo.load(f"hf-hub:lab/ring@{commit}")
    hub.asked.clear()
    model = ganzoo.load(f"hf-hub:lab/ring@{commit}")
    assert model.discriminator is not None
    assert model.sample(2, seed=0).shape == (2, 2)
    assert hub.asked == []


def test_a_card_is_shown_without_its_weights(hub, commit, capsys):
    assert commands.ganzoo("show", "hf-hub:lab/ring") == 0
    assert "ready: the weights are on the Hub, and are fetched when they are used" in (
        capsys.readouterr().out
    )
    assert not any("safetensors" in str(asked) for asked in hub.asked)
    ganzoo.load("hf-hub:lab/ring")
    assert catalogue().locate("hf-hub:lab/ring", weights=False).problem == ""  # cached meanwhile


def test_offline_a_cached_model_loads_whole(hub, commit, monkeypatch):
    ganzoo.load("hf-hub:lab/ring")
    monkeypatch.setenv("GANZOO_OFFLINE", "1")
    hub.asked.clear()
    assert ganzoo.load("hf-hub:lab/ring").discriminator is not None
    with pytest.raises(HubError, match="GANZOO_OFFLINE forbids requests"):
        ganzoo.load("hf-hub:lab/another")
    assert hub.asked == []


def test_a_hash_pins_whatever_the_repository_says(commit, folder):
    sha256 = record_of(folder / "model.safetensors")["sha256"]
    assert ganzoo.load("hf-hub:lab/ring", sha256=sha256)
    with pytest.raises(WeightsError, match="another version of the model"):
        ganzoo.load("hf-hub:lab/ring", sha256="0" * 64)


def test_cached_weights_that_were_altered_are_not_loaded(commit):
    blob = (ganzoo.load("hf-hub:lab/ring").card.folder / "model.safetensors").resolve()
    data = bytearray(blob.read_bytes())
    data[-1] ^= 1
    blob.write_bytes(data)
    with pytest.raises(WeightsError, match="the file was altered or damaged") as told:
        ganzoo.load(f"hf-hub:lab/ring@{commit}")
    name = f"hf-hub:lab/ring@{commit}"
    assert str(told.value).endswith(
        f": `ganzoo cache prune {name}` removes it, and the next use fetches it"
    )
    (entry,) = chosen(entries(), [name], None)
    entry.remove()
    assert ganzoo.load(name)


def test_a_model_without_a_name_has_its_repositorys(hub, folder):
    describe(folder, name=None)
    hub.repo("lab/ring-one").publish(folder)
    assert ganzoo.card("hf-hub:lab/ring-one").name == "ring-one"


def test_a_model_whose_plugin_is_missing_says_so_and_its_weights_stay_there(hub, commit, world):
    world(make_plugin("another"))
    card = ganzoo.card("hf-hub:lab/ring")
    assert (card.status, hub.count("GET", "safetensors")) == ("needs tiny", 0)
    assert not (card.folder / "model.safetensors").exists()


def test_an_address_is_no_path(commit, tmp_path, monkeypatch):
    (tmp_path / "hf-hub:lab" / "ring").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert catalogue().as_path("hf-hub:lab/ring") is None
    assert catalogue().locate("hf-hub:lab/ring").origin


def test_a_model_of_the_hub_is_measured_like_any(commit, folder):
    source = ModelSource("hf-hub:lab/ring")
    assert source.sha256 == record_of(folder / "model.safetensors")["sha256"]


def test_a_training_begins_from_the_hub_and_keeps_its_commit(hub, commit, folder, tmp_path):
    config = ring_config(640)
    start = start_from("hf-hub:lab/ring", config)
    assert start.model == f"hf-hub:lab/ring@{commit}"
    begun = replace(config, recipe=replace(config.recipe, start=start))
    write_text(tmp_path / "run" / "config.json", json.dumps(write_record(begun)))
    describe(folder, description="Newer.")
    hub.repos["lab/ring"].publish(folder)
    hub.asked.clear()
    assert start_from("hf-hub:lab/ring", config, tmp_path / "run") == start
    assert hub.asked == []


TOGETHER = """
import json, os, sys
import ganzoo.zoo, huggingface_hub.hf_api  # once for all, before the fork

count, address = int(sys.argv[1]), sys.argv[2]
ready, go = os.pipe(), os.pipe()
for _ in range(count):
    if os.fork() == 0:
        os.write(ready[1], b".")
        os.read(go[0], 1)
        model = ganzoo.load(address)
        os.write(1, f"{json.dumps(model.sample(2, seed=0).tolist())}\\n".encode())
        os._exit(0)
for _ in range(count):
    os.read(ready[0], 1)
os.write(go[1], b"." * count)
sys.exit(any(os.wait()[1] for _ in range(count)))
"""


def test_eight_processes_load_the_same_model_together(hub, commit, folder, tmp_path):
    (tmp_path / "machine").mkdir()
    machine = Machine(tmp_path / "machine", hub)
    done = machine.python("-c", TOGETHER, "8", "hf-hub:lab/ring")
    assert done.returncode == 0, done.stderr
    wanted = ganzoo.load(folder).sample(2, seed=0).tolist()
    assert [json.loads(line) for line in done.stdout.splitlines()] == [wanted] * 8
    assert hub.count("GET", str(record_of(folder / "model.safetensors")["sha256"])) == 1
