"""The index of cards: a list reads what changed, and believes nothing that is torn or another's."""

from __future__ import annotations

import importlib
import json
import os
from dataclasses import fields
from pathlib import Path

import pytest

from ganzoo.cards import Catalogue
from ganzoo.cards.index import _TYPES, MOST, Index, Summary
from ganzoo.errors import ConfigError
from ganzoo.plugins import PluginManager
from model_folders import write_model, write_published, write_recipe
from tiny import tiny_plugin


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Three model folders of a plugin: one whole, a recipe, a broken one."""
    models = tmp_path / "models"
    write_published(models / "tiny-ring", description="A ring")
    write_recipe(models / "tiny-recipe")
    (write_model(models / "tiny-broken") / "config.json").write_text("{")
    return models


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of folders whose config.json was read."""
    found: list[str] = []
    module = importlib.import_module("ganzoo.specs")
    read = module.read_config

    def noted(path):
        found.append(path.parent.name)
        return read(path)

    monkeypatch.setattr(module, "read_config", noted)
    return found


def listed(place: Path, index: Index) -> dict[str, tuple[str, str]]:
    zoo = Catalogue(PluginManager([tiny_plugin(ganzoo_cards=[place])], strict=False), index)
    cards = [card for card in zoo.cards if card.distribution == "tiny"]
    index.save()
    return {card.name: (card.status, card.description) for card in cards}


def reads_of(place: Path, index: Index, reads: list[str]) -> list[str]:
    reads.clear()
    listed(place, index)
    return sorted(name for name in reads if name.startswith("tiny-"))


def test_a_second_list_reads_no_card_and_says_the_same(place, tmp_path, reads):
    path = tmp_path / "cache" / "cards.json"
    first = listed(place, Index(path))
    assert sorted(name for name in reads if name.startswith("tiny-")) == sorted(first)
    assert first["tiny-broken"][0] == "broken"
    assert first["tiny-ring"] == ("ready", "A ring")
    assert reads_of(place, Index(path), reads) == ["tiny-broken"]  # it may have been mended
    assert listed(place, Index(path)) == first


def test_a_card_that_changed_is_read(place, tmp_path, reads):
    path = tmp_path / "cards.json"
    listed(place, Index(path))
    config = place / "tiny-ring" / "config.json"
    config.write_text(config.read_text().replace("A ring", "A disc"))
    assert listed(place, Index(path))["tiny-ring"] == ("ready", "A disc")
    os.utime(config, ns=(1, 1))
    assert "tiny-ring" in reads_of(place, Index(path), reads)


def test_a_card_that_was_mended_is_no_longer_broken(place, tmp_path):
    path = tmp_path / "cards.json"
    listed(place, Index(path))
    whole = (place / "tiny-recipe" / "config.json").read_text()
    (place / "tiny-broken" / "config.json").write_text(whole)
    assert listed(place, Index(path))["tiny-broken"][0] == "recipe"


def test_weights_that_came_or_went_are_seen_though_the_card_is_not_read(place, tmp_path):
    path = tmp_path / "cards.json"
    listed(place, Index(path))
    (place / "tiny-ring" / "model.safetensors").unlink()
    assert listed(place, Index(path))["tiny-ring"][0] == "broken"


def test_who_uses_a_model_reads_its_card(place, tmp_path):
    path = tmp_path / "cards.json"
    listed(place, Index(path))
    manager = PluginManager([tiny_plugin(ganzoo_cards=[place])], strict=False)
    card = Catalogue(manager, Index(path)).card("tiny-ring")
    assert card.config.generator.name == "tiny/tiny"
    assert card.raw["name"] == "tiny-ring"


def test_a_card_that_breaks_after_the_list_is_told_when_it_is_used(place, tmp_path):
    path = tmp_path / "cards.json"
    listed(place, Index(path))
    manager = PluginManager([tiny_plugin(ganzoo_cards=[place])], strict=False)
    card = Catalogue(manager, Index(path)).card("tiny-ring")
    (place / "tiny-ring" / "config.json").write_text("[]")
    with pytest.raises(ConfigError, match="expected an object"):
        _ = card.config


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"cards": {}}',
        b'{"written_by": "ganzoo-core 99", "cards": {}}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
    ids=lambda text: repr(text[:20]),
)
def test_an_index_that_is_none_is_forgotten(place, tmp_path, reads, text):
    path = tmp_path / "cards.json"
    path.write_bytes(text)
    assert len(reads_of(place, Index(path), reads)) == 3
    assert reads_of(place, Index(path), reads) == ["tiny-broken"]


@pytest.mark.parametrize("name", _TYPES)
def test_an_entry_with_a_value_of_another_type_is_forgotten(place, tmp_path, reads, name):
    path = tmp_path / "cards.json"
    listed(place, Index(path))
    told = json.loads(path.read_text())
    key = str(place / "tiny-ring" / "config.json")
    told["cards"][key][-1][name] = 3.5
    path.write_text(json.dumps(told))
    assert "tiny-ring" in reads_of(place, Index(path), reads)


@pytest.mark.parametrize(("name", "value"), [("requires", {"tiny": 3}), ("parameters", {"g": "x"})])
def test_an_entry_with_such_a_value_within_is_forgotten(place, tmp_path, reads, name, value):
    path = tmp_path / "cards.json"
    listed(place, Index(path))
    told = json.loads(path.read_text())
    told["cards"][str(place / "tiny-ring" / "config.json")][-1][name] = value
    path.write_text(json.dumps(told))
    assert "tiny-ring" in reads_of(place, Index(path), reads)


def test_a_card_that_could_not_be_read_once_is_read_again(place, tmp_path, monkeypatch):
    path = tmp_path / "cards.json"
    module = importlib.import_module("ganzoo.specs")

    def locked(config):
        raise ConfigError(f"{config}: cannot be read: Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(module, "read_config", locked)
        assert listed(place, Index(path))["tiny-ring"][0] == "broken"
    assert listed(place, Index(path))["tiny-ring"][0] == "ready"


def test_every_field_of_a_summary_has_a_type():
    assert _TYPES.keys() == {field.name for field in fields(Summary)}


def test_where_the_cache_cannot_be_written_lists_go_on(place, tmp_path):
    (tmp_path / "file").write_text("")
    index = Index(tmp_path / "file" / "cards.json")
    assert "tiny-ring" in listed(place, index)


def test_an_index_that_grew_too_large_keeps_what_is_in_use(place, tmp_path):
    path = tmp_path / "cards.json"
    index = Index(path)
    listed(place, index)
    summary = next(iter(index.summaries.values()))
    index.summaries |= {f"/gone/{number}": summary for number in range(MOST)}
    index.changed = True
    index.save()
    assert not any(key.startswith("/gone/") for key in Index(path).summaries)
    assert str(place / "tiny-ring" / "config.json") in Index(path).summaries


def test_a_catalogue_that_was_given_no_index_writes_none(place, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    listed(place, Index())
    assert sorted(tmp_path.rglob("*")) == before
