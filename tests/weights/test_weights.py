"""Weights files: the same bytes each time, and nothing that is not what it says is loaded."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import struct
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load as load_by_package
from torch.testing import assert_close

from ganzoo.errors import GanzooError, WeightsError
from ganzoo.specs import Part
from ganzoo.weights import load_weights, read_tensors, save_weights
from tiny import TinyGenerator

PART = Part("tiny/tiny", {"width": 32, "latent_dim": 4})


@pytest.fixture
def saved(tmp_path):
    network = TinyGenerator()
    path = tmp_path / "model.safetensors"
    return network, path, save_weights(path, network, PART)


def test_a_round_trip_is_bit_for_bit(saved):
    network, path, record = saved
    other = TinyGenerator()
    load_weights(path, other, record)
    for one, two in zip(network.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, two)


def test_the_record_is_of_the_bytes(saved):
    _, path, record = saved
    data = path.read_bytes()
    assert (record.sha256, record.bytes) == (hashlib.sha256(data).hexdigest(), len(data))


def test_bytes_are_the_same_each_time(saved, tmp_path):
    network, path, _ = saved
    turned = Part(PART.name, dict(reversed(PART.arguments.items())))
    save_weights(tmp_path / "again.safetensors", network, turned)
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_the_metadata_is_one_key_without_time_or_place(saved):
    _, path, _ = saved
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    assert list(metadata) == ["ganzoo"]
    assert json.loads(metadata["ganzoo"]) == {
        "format": 1,
        "part": "tiny/tiny",
        "arguments": {"width": 32, "latent_dim": 4},
    }


def test_saving_leaves_nothing_beside_the_file(saved):
    assert [path.name for path in saved[1].parent.iterdir()] == ["model.safetensors"]


def test_a_failed_save_leaves_the_old_file(saved, monkeypatch):
    network, path, record = saved

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        save_weights(path, network, PART)
    monkeypatch.undo()
    load_weights(path, TinyGenerator(), record)
    assert [file.name for file in path.parent.iterdir()] == ["model.safetensors"]


def test_a_missing_file_is_named(saved, tmp_path):
    with pytest.raises(WeightsError, match=r"nowhere.safetensors is missing"):
        read_tensors(tmp_path / "nowhere.safetensors", saved[2])


def test_a_truncated_file_is_refused_with_both_sizes(saved):
    _, path, record = saved
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(WeightsError, match=rf"{record.bytes:,} bytes expected, .* truncated"):
        read_tensors(path, record)


def test_each_single_altered_bit_is_noticed(saved):
    _, path, record = saved
    data = path.read_bytes()
    for place in (0, 8, 40, len(data) // 2, len(data) - 1):
        altered = bytearray(data)
        altered[place] ^= 1
        path.write_bytes(altered)
        with pytest.raises(WeightsError, match=f"sha256 {record.sha256} expected"):
            read_tensors(path, record)


def test_a_pickle_under_another_name_is_never_read(saved):
    _, path, _ = saved
    torch.save(TinyGenerator().state_dict(), path)  # noqa: TID251  (to prove that it is refused)
    with pytest.raises(WeightsError, match="is a pickle .* never read"):
        read_tensors(path)


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_a_bare_pickle_is_never_read(saved, protocol):
    import pickle  # noqa: TID251  (to prove that it is refused)

    _, path, _ = saved
    path.write_bytes(pickle.dumps({"weight": [1.0]}, protocol=protocol))
    with pytest.raises(WeightsError):
        read_tensors(path)


@pytest.mark.parametrize(
    ("other", "text"),
    [
        (TinyGenerator(width=16), r"'layers.0.weight' is \[16, 4\] there, \[32, 4\] in the file"),
        (torch.nn.Linear(2, 2), "'weight' is missing"),
        (torch.nn.Sequential(), "'layers.0.bias' is not in it"),
    ],
    ids=["width", "other", "fewer"],
)
def test_weights_of_another_network_are_refused_by_name(saved, other, text):
    _, path, record = saved
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    with pytest.raises(WeightsError, match=text):
        load_weights(path, other, record)
    assert_close(dict(other.state_dict()), before)  # nothing half-loaded


def test_other_precision_is_refused(saved, tmp_path):
    network, _, _ = saved
    record = save_weights(tmp_path / "half.safetensors", network.half(), PART)
    with pytest.raises(WeightsError, match=r"torch.float16 in the file, torch.float32"):
        load_weights(tmp_path / "half.safetensors", TinyGenerator(), record)


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_refused_without_a_crash(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "model.safetensors"
    path.write_bytes(data)
    with contextlib.suppress(GanzooError):
        assert read_tensors(path) == {}  # an empty header is a whole file


@settings(max_examples=150, deadline=None)
@given(
    header=st.dictionaries(
        st.text(max_size=8),
        st.one_of(
            st.none(),
            st.integers(),
            st.fixed_dictionaries(
                {
                    "dtype": st.sampled_from(["F32", "F64", "I64", "BOOL", "X"]),
                    "shape": st.lists(st.integers(-2, 2**62), max_size=4),
                    "data_offsets": st.lists(st.integers(-2, 2**62), min_size=2, max_size=2),
                }
            ),
        ),
        max_size=3,
    )
)
def test_any_header_is_refused_without_a_crash(tmp_path_factory, header):
    text = json.dumps(header).encode()
    path = tmp_path_factory.mktemp("fuzz") / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(16))
    try:
        tensors = read_tensors(path)
    except GanzooError:
        return
    assert sum(tensor.numel() for tensor in tensors.values()) <= 16


def test_a_wrong_size_is_told_before_hashing(saved):
    _, path, record = saved
    with pytest.raises(WeightsError, match="1 bytes expected"):
        read_tensors(path, replace(record, bytes=1))


# The reader, against the safetensors package

DTYPES = st.sampled_from(
    [
        *(torch.float64, torch.float32, torch.float16, torch.bfloat16),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
    ]
)


@st.composite
def tensor_files(draw) -> bytes:
    """Whole safetensors files, written by the package."""
    # with no tensors and empty metadata the package writes a header that is no JSON
    name = st.text(min_size=1, max_size=6).filter(lambda text: text != "__metadata__")
    names = draw(st.lists(name, unique=True, min_size=1, max_size=4))
    tensors = {}
    for name in names:
        shape = draw(st.lists(st.integers(0, 3), max_size=3))
        values = torch.arange(math.prod(shape)).reshape(shape)
        tensors[name] = values.to(draw(DTYPES))
    metadata = draw(st.none() | st.dictionaries(st.text(max_size=3), st.text(max_size=3)))
    return safetensors.torch.save(tensors, metadata=metadata)


@settings(max_examples=100, deadline=None)
@given(data=tensor_files())
def test_whole_files_are_read_as_the_package_reads_them(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("agree") / "model.safetensors"
    path.write_bytes(data)
    ours, theirs = read_tensors(path), load_by_package(data)
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        assert ours[name].dtype == tensor.dtype
        assert ours[name].shape == tensor.shape
        assert torch.equal(ours[name], tensor)


@settings(max_examples=200, deadline=None)
@given(data=tensor_files(), place=st.integers(0, 400), bit=st.integers(0, 7))
def test_what_the_package_refuses_is_refused(tmp_path_factory, data, place, bit):
    altered = bytearray(data)
    altered[place % len(data)] ^= 1 << bit
    path = tmp_path_factory.mktemp("altered") / "model.safetensors"
    path.write_bytes(altered)
    try:
        ours = read_tensors(path)
    except GanzooError:
        return  # stricter in places: duplicate keys, endless nesting
    theirs = load_by_package(bytes(altered))
    assert ours.keys() == theirs.keys()


def test_large_tensors_are_views_and_small_ones_own_their_memory(tmp_path):
    tensors = {"large": torch.arange(500_000.0), "small": torch.arange(10.0)}
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors.torch.save(tensors))
    found = read_tensors(path)
    assert torch.equal(found["large"], tensors["large"])
    assert found["small"].untyped_storage().nbytes() == 40


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"dtype": "F32", "shape": [4], "data_offsets": [0, 12]}, "does not fill its bytes"),
        ({"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 16]}, "does not fill"),
        ({"dtype": "F32", "shape": [-2, -2], "data_offsets": [0, 16]}, "no proper shape"),
        ({"dtype": "F32", "shape": [1] * 99, "data_offsets": [0, 4]}, "no proper shape"),
        ({"dtype": "F32", "shape": [True, 4], "data_offsets": [0, 16]}, "no proper shape"),
        ({"dtype": "F32", "shape": [4], "data_offsets": [16, 0]}, "does not fill"),
        ({"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}, "out of place"),
        ({"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "8 bytes belong to no tensor"),
        ({"dtype": "F32", "shape": [8], "data_offsets": [0, 32]}, "out of place"),
        ({"dtype": "F31", "shape": [4], "data_offsets": [0, 16]}, "has the dtype 'F31'"),
        ({"dtype": "F32", "shape": [4]}, "must have dtype, shape and data_offsets"),
        (7, "must have dtype, shape and data_offsets"),
    ],
)
def test_an_entry_that_cannot_be_is_named(tmp_path, entry, text):
    header = json.dumps({"weight": entry}).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(16))
    with pytest.raises(WeightsError, match=text):
        read_tensors(path)
