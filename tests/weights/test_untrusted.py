"""The one door for others' checkpoints: tensors come through, and nothing else does.

The reader is a process of its own, which takes seconds to start: three tests start it, the others
call what it runs.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ganzoo.errors import WeightsError
from ganzoo.weights import untrusted as foreign
from ganzoo.weights.untrusted import flatten, read_foreign


def saved(path: Path, data: object, **options: object) -> Path:
    torch.save(data, path, **options)  # noqa: TID251
    return path


class Malicious:
    """Unpickled by plain pickle, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


#: Weights as checkpoints hold them: nested, of several dtypes, in another layout.
NESTED = {
    "epoch": 3,
    "model": {
        "conv": {"weight": torch.arange(120.0).view(2, 3, 4, 5).transpose(1, 3)},
        "half": torch.arange(4).half(),
    },
    "seen": torch.tensor(7),
    "shared": torch.ones(3).expand(2, 3),
    "photo": torch.rand(2, 3, 4, 4).to(memory_format=torch.channels_last),
}
WANTED = {
    "model.conv.weight": NESTED["model"]["conv"]["weight"],
    "model.half": NESTED["model"]["half"],
    "seen": NESTED["seen"],
    "shared": NESTED["shared"],
    "photo": NESTED["photo"],
}


def equal(one: dict, two: dict) -> bool:
    return one.keys() == two.keys() and all(
        one[name].dtype == two[name].dtype and torch.equal(one[name], two[name]) for name in one
    )


# --- The process ------------------------------------------------------------------------------


def test_a_checkpoint_comes_through_whatever_lies_in_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("raise ImportError('the wrong torch')")
    monkeypatch.chdir(tmp_path)
    assert equal(read_foreign(saved(Path("nested.pth"), NESTED)), WANTED)


def test_a_malicious_pickle_is_refused_and_does_nothing(tmp_path):
    target = tmp_path / "made"
    path = saved(tmp_path / "bad.pth", {"weight": torch.zeros(3), "more": Malicious(target)})
    with pytest.raises(WeightsError, match=r"holds more than weights, .* it names \w+\.mkdir"):
        read_foreign(path)
    assert not target.exists()
    torch.load(path, weights_only=False)  # noqa: TID251 - so that the test would see it
    assert target.is_dir()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is not limited")
def test_a_tensor_far_bigger_than_its_file_is_refused(tmp_path):
    path = saved(tmp_path / "huge.pth", {"w": torch.zeros(1).expand(10**6, 10**6)})
    assert path.stat().st_size < 5000
    with pytest.raises(WeightsError, match="or is damaged: .* can't allocate memory"):
        read_foreign(path)


def test_a_file_that_takes_too_long_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(foreign, "SECONDS", 0.01)
    with pytest.raises(WeightsError, match=r"could not be read in 0.01 s; it is not an ordinary"):
        read_foreign(saved(tmp_path / "slow.pth", NESTED))


def test_a_process_that_dies_without_a_word_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(WeightsError, match="the reader ended with 1"):
        read_foreign(saved(tmp_path / "any.pth", NESTED))


# --- What it runs -----------------------------------------------------------------------------


@pytest.fixture
def convert(tmp_path, monkeypatch):
    """Read as the process does, without its limits: the tensors."""
    monkeypatch.setattr(foreign, "_limit", lambda size: None)

    def run(path: Path) -> dict[str, torch.Tensor]:
        foreign._convert(path, tmp_path / "out.safetensors")
        return load_file(tmp_path / "out.safetensors")

    return run


def reason(convert, path: Path) -> str:
    """Why a file is refused, as the process says it."""
    with pytest.raises(Exception) as refused:  # noqa: PT011 - torch raises anything
        convert(path)
    return foreign._reason(refused.value)


@pytest.mark.parametrize("zipped", [True, False])
def test_both_of_torchs_formats_are_read(convert, tmp_path, zipped):
    path = saved(tmp_path / "nested.pth", NESTED, _use_new_zipfile_serialization=zipped)
    assert equal(convert(path), WANTED)


@pytest.mark.filterwarnings("ignore:Validating sparse tensor invariants")
def test_sparse_tensors_and_those_that_need_gradients_come_plain(convert, tmp_path):
    sparse = torch.eye(3).to_sparse()
    weight = torch.nn.Parameter(torch.ones(2))
    found = convert(saved(tmp_path / "odd.pth", {"sparse": sparse, "weight": weight}))
    assert equal(found, {"sparse": torch.eye(3), "weight": torch.ones(2)})


def test_what_is_no_weights_is_told_without_torchs_advice(convert, tmp_path):
    module = reason(convert, saved(tmp_path / "module.pth", torch.nn.Linear(2, 2)))
    assert module == "it names torch.nn.modules.linear.Linear, which is not a tensor"
    assert "no tensors" in reason(convert, saved(tmp_path / "none.pth", {"epoch": 3}))


def test_a_truncated_checkpoint_is_refused(convert, tmp_path):
    path = saved(tmp_path / "half.pth", NESTED)
    path.write_bytes(path.read_bytes()[:-300])
    assert "failed reading zip archive" in reason(convert, path)
    path.write_bytes(b"")
    assert reason(convert, path).startswith("EOFError")
    path.write_text("no checkpoint at all")
    assert len(reason(convert, path)) <= 200


def test_a_storage_that_claims_more_than_the_file_holds_is_refused(convert, tmp_path):
    path = saved(
        tmp_path / "claim.pth", {"w": torch.arange(6.0)}, _use_new_zipfile_serialization=False
    )
    data = path.read_bytes()
    size = (6).to_bytes(8, "little")
    assert data.count(size) == 1
    path.write_bytes(data.replace(size, (2**40).to_bytes(8, "little")))
    assert "storage has wrong byte size" in reason(convert, path)


def test_the_process_limits_itself_but_never_beyond_what_it_may(monkeypatch):
    resource = pytest.importorskip("resource")
    hard = {resource.RLIMIT_CPU: 60, resource.RLIMIT_FSIZE: resource.RLIM_INFINITY}
    asked = {}
    monkeypatch.setattr(
        "resource.getrlimit", lambda name: (0, hard.get(name, resource.RLIM_INFINITY))
    )
    monkeypatch.setattr("resource.setrlimit", lambda name, limits: asked.update({name: limits}))
    foreign._limit(1000)
    room = 4 * 1000 + 2**30
    assert asked[resource.RLIMIT_CPU] == (60, 60)
    assert asked[resource.RLIMIT_FSIZE] == (room, room)
    if sys.platform == "linux":
        assert asked[resource.RLIMIT_AS][0] > room


# --- Files that need no process ---------------------------------------------------------------


def test_safetensors_are_read_here(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    save_file({"w": torch.ones(2)}, tmp_path / "w.safetensors")
    assert equal(read_foreign(tmp_path / "w.safetensors"), {"w": torch.ones(2)})
    (tmp_path / "w.safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(
        WeightsError, match="not a complete safetensors file: its header claims a length"
    ):
        read_foreign(tmp_path / "w.safetensors")


@pytest.mark.parametrize("name", ["nowhere.pth", "nowhere.safetensors", "."])
def test_a_missing_file_is_named(tmp_path, name):
    with pytest.raises(WeightsError, match="is missing"):
        read_foreign(tmp_path / name)


def test_names_are_dotted_and_what_lies_too_deep_is_left_out():
    one = torch.ones(1)
    assert flatten({"a": {0: one, "b": {"c": one}}, "d": [one], "e": "text"}) == {
        "a.0": one,
        "a.b.c": one,
    }
    deep: object = one
    for _ in range(foreign.DEPTH + 1):
        deep = {"x": deep}
    assert flatten(deep) == {}
