"""Tensors that a data set is slow to make are made once, and kept whole in the cache."""

from __future__ import annotations

import logging

import pytest
import torch
from torch.testing import assert_close

import ganzoo
from ganzoo.cache import entries
from ganzoo.errors import UsageError

TENSORS = {"rows": torch.arange(6).view(2, 3), "names": torch.tensor([1, 2], dtype=torch.uint8)}


class Maker:
    """Counts how often the tensors are made."""

    def __init__(self):
        self.times = 0

    def __call__(self):
        self.times += 1
        return TENSORS


@pytest.mark.usefixtures("cache")
def test_they_are_made_once(caplog):
    make = Maker()
    for _ in range(2):
        kept = ganzoo.datasets.packed("numbers-1", make, "counting, once")
        assert_close(kept, TENSORS)
    assert make.times == 1
    assert [record.message for record in caplog.records] == ["counting, once"]


def test_a_damaged_pack_is_told_and_made_again(cache):
    make = Maker()
    ganzoo.datasets.packed("numbers-1", make)
    (entry,) = [one for one in entries() if one.name == "numbers-1"]
    assert (entry.kind, entry.damage()) == ("pack", "")
    path = cache / "packed" / "numbers-1.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x07")
    assert entry.damage() == "it is torn or was changed"
    assert_close(ganzoo.datasets.packed("numbers-1", make), TENSORS)
    assert (make.times, entry.damage()) == (2, "")


def test_a_cache_that_cannot_be_written_costs_time_alone(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "file" / name)
    (tmp_path / "file").write_text("no folder")
    with caplog.at_level(logging.WARNING):
        assert_close(ganzoo.datasets.packed("numbers-1", Maker()), TENSORS)
    assert "cannot be kept: Not a directory" in caplog.text


def test_a_failure_to_make_them_is_not_hidden(cache):
    def fail():
        raise OSError("the scores are gone")

    with pytest.raises(OSError, match="the scores are gone"):
        ganzoo.datasets.packed("numbers-1", fail)


def test_a_name_is_no_path():
    with pytest.raises(UsageError, match="a pack has a name such as chorales-1"):
        ganzoo.datasets.packed("../numbers", Maker())
