"""Hostile model folders: whatever lies in them, an error of ganzoo's, and no more memory than said.

`tools/fuzz.py` shows the same readers hundreds of thousands of mutated real files (docs/log.md).
"""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import commands
import ganzoo
from ganzoo.cards import catalogue
from ganzoo.cards.page import page
from ganzoo.engine.run.checkpoint import first_good
from ganzoo.errors import CardError, ConfigError, GanzooError, WeightsError
from ganzoo.hub.contents import missing
from ganzoo.specs import parse_json, read_config
from ganzoo.specs.readme import readme_of
from ganzoo.weights.tensorfile import metadata, parse, read_buffer
from model_folders import describe, write_published

WHERE = Path("model.safetensors")
NUMBERS = st.integers(-(2**70), 2**70) | st.sampled_from([2**48, 2**63, 10**400]) | st.floats()
WORDS = st.text(max_size=20) | st.sampled_from(["..", "/etc/passwd", "a\\b", "\ud800", "\x1b[2J"])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
SIDES = st.sampled_from([0, 1, 2, 3, 4, 2**31, 2**47, 2**48, -1, True, 1.0])
ENTRIES = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F32", "U8", "BOOL", "F64", "F8", 3]),
        "shape": st.lists(SIDES, max_size=4),
        "data_offsets": st.lists(st.sampled_from([0, 4, 8, 16, 2**50, -8]), max_size=3),
    }
)


def as_buffer(data: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(data), dtype=torch.uint8) if data else torch.empty(0).byte()


def one_short_line(error: GanzooError) -> None:
    assert "\n" not in str(error) and len(str(error)) < 1000


def accounted_for(data: bytes) -> None:
    """Read a file: refused, or every byte of its data is one tensor's."""
    buffer = as_buffer(data)
    try:
        metadata(buffer, WHERE)
        found = parse(buffer, WHERE)
    except GanzooError as error:
        one_short_line(error)
        return
    start = 8 + int.from_bytes(data[:8], "little")
    assert sum(t.numel() * t.element_size() for t in found.values()) == len(data) - start


# Weights


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    accounted_for(data)


@given(
    st.dictionaries(WORDS, ENTRIES | JSON, max_size=3), st.binary(max_size=16), st.integers(-2, 2)
)
def test_any_header_is_read_or_refused(header, data, off):
    text = json.dumps(header).encode()
    accounted_for(struct.pack("<Q", max(0, len(text) + off)) + text + data)


@pytest.mark.parametrize("shape", [[0, 2**47, 2**47], [2**47, 0, 2**47, 4]])
def test_an_empty_tensor_of_endless_strides_is_refused(shape):
    header = json.dumps({"w": {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]}}).encode()
    with pytest.raises(WeightsError, match="'w' has no proper shape"):
        parse(as_buffer(struct.pack("<Q", len(header)) + header), WHERE)


def test_a_long_name_is_cut_short_in_the_error():
    header = json.dumps({"w" * 10**6: 3}).encode()
    with pytest.raises(WeightsError) as told:
        parse(as_buffer(struct.pack("<Q", len(header)) + header), WHERE)
    assert len(str(told.value)) < 300


def test_no_memory_is_taken_for_a_file_of_another_size(tmp_path, tiny_world, monkeypatch):
    """A sparse file costs its sender nothing, and its reader all the memory there is."""
    folder = write_published(tmp_path / "a")
    os.truncate(folder / "model.safetensors", 2**38)
    monkeypatch.setattr("ganzoo.weights.check_bytes", lambda *found: 1 / 0)
    with pytest.raises(
        WeightsError, match="bytes expected, 274,877,906,944 found; the file is tru"
    ):
        ganzoo.load(folder)


def test_what_no_memory_holds_is_told(tmp_path, monkeypatch):
    def empty(*size: int, **how: Any) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    (tmp_path / "a").write_bytes(b"12345678")
    monkeypatch.setattr("ganzoo.weights.tensorfile.torch.empty", empty)
    with pytest.raises(WeightsError, match="a has 8 bytes, more than the free memory"):
        read_buffer(tmp_path / "a")


# config.json


def paths(data: Any) -> list[tuple[Any, ...]]:
    keys = data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    return [(key, *rest) for key in keys for rest in [(), *paths(data[key])]]


REAL = json.loads((Path(__file__).parents[2] / "zoo_cards/dcgan-mnist/config.json").read_text())
PATHS = paths({**REAL, "metrics": REAL["metrics"][:1], "checks": REAL["checks"][:1]})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@given(st.sampled_from(PATHS), JSON)
def test_any_value_anywhere_in_a_config_is_shown_or_refused(place, path, value):
    data = json.loads(json.dumps(REAL))
    below = data
    for key in path[:-1]:
        below = below[key]
    below[path[-1]] = value
    (place / "config.json").write_text(json.dumps(data))
    try:
        card = catalogue().open_folder(place)
        config = card.require_config()
        page(card).encode()
        readme_of(config, card.name, "# A\n").encode()
        assert all(missing(place, config, card.name))
    except GanzooError as error:
        one_short_line(error)
    assert os.listdir(place) == ["config.json"]  # noqa: PTH208


@pytest.mark.parametrize("key", ["---\n", "a" * 5000])
def test_a_strange_key_makes_no_strange_error(key, place):
    (place / "config.json").write_text(json.dumps({**REAL, "files": {key: {"sha256": 3}}}))
    with pytest.raises(ConfigError, match="sha256: expected text, found 3") as told:
        read_config(place / "config.json")
    one_short_line(told.value)


MEGABYTES = "A" * 3_000_000


@pytest.mark.parametrize(
    "keys",
    [
        {"ganzoo_config": MEGABYTES},
        {"name": MEGABYTES},
        {"name": "a" * 101},
        {"requires": {MEGABYTES: ">=0"}},
        {"requires": {"tiny": MEGABYTES}},
        {"files": {"model.safetensors": {"sha256": MEGABYTES, "bytes": 1}}},
        {"generator": {"name": MEGABYTES, "arguments": {}}},
        {"generator": {"name": f"lab/{MEGABYTES}", "arguments": {}}},
        {"generator": {"name": "tiny/tiny", "arguments": {MEGABYTES: 1}}},
        {"generator": {"name": "tiny/tiny", "arguments": {"width": MEGABYTES}}},
        {"recipe": {"loss": {"name": "x"}, "data": {"name": "x"}, "precision": MEGABYTES}},
    ],
    ids=lambda keys: next(iter(keys)),
)
def test_megabytes_of_a_strangers_make_a_short_line(keys, tmp_path, tiny_world):
    folder = write_published(tmp_path / "a")
    data = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**data, **keys}))
    with pytest.raises(GanzooError) as told:
        ganzoo.load(folder)
    one_short_line(told.value)


@pytest.mark.parametrize(
    "name", ["x --index-url http://evil.example/ y", "a;b", "-r", "a b", "", "../a", "é", "a\n"]
)
def test_only_a_packages_name_is_required(name, tmp_path, tiny_world):
    """It stands in the advice `pip install ...`."""
    with pytest.raises(ConfigError, match="is not a package name such as ganzoo-dcgan"):
        write_published(tmp_path / "a", requires={name: ">=0"})


def test_a_strangers_checkpoint_says_nothing_of_its_own(tmp_path, caplog):
    for name, about in {
        "one": {"ganzoo_checkpoint": f"\x1b[2J\n{MEGABYTES}"},
        "two": {"ganzoo_checkpoint": 1, "sha256": "0" * 64, "bytes": f"\x1b[2J{MEGABYTES}"},
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "state.json").write_text(json.dumps(about))
    assert first_good(sorted(tmp_path.iterdir())) is None
    assert len(caplog.messages) == 2
    for line in caplog.messages:
        assert line.isprintable() and len(line) < 1000


@pytest.mark.parametrize("text", ['"\\ud800"', '{"\\udfff": 1}', '[{"a": ["\\ud800\\ud800"]}]'])
def test_half_a_character_is_refused(text):
    with pytest.raises(ConfigError, match="not valid JSON: 'utf-8' codec can't encode"):
        parse_json(text, "x")


def test_a_number_that_no_count_has_is_refused(tmp_path, tiny_world):
    folder = describe(write_published(tmp_path / "a"))
    data = json.loads((folder / "config.json").read_text())
    data["files"]["model.safetensors"]["bytes"] = 10**400
    (folder / "config.json").write_text(json.dumps(data))
    with pytest.raises(ConfigError, match="files.model.safetensors.bytes: 1000.* is too big"):
        read_config(folder / "config.json")


@pytest.mark.parametrize("name", ["../x", "/x", "a/b", "a\\b", "..", ".", "", "a" * 5000, "a\n"])
def test_files_lie_in_the_folder_and_nowhere_else(name, tmp_path, tiny_world):
    folder = describe(write_published(tmp_path / "a"))
    data = json.loads((folder / "config.json").read_text())
    data["files"][name] = {"sha256": "0" * 64, "bytes": 0}
    (folder / "config.json").write_text(json.dumps(data))
    with pytest.raises(ConfigError, match="is not a plain file name"):
        ganzoo.load(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "README.md"])
def test_what_has_no_end_is_not_waited_for(file, tmp_path, tiny_world):
    """A pipe that nobody writes to, and a device that never ends."""
    folder = write_published(tmp_path / "a")
    (folder / file).unlink()
    os.mkfifo(folder / file)
    for _ in range(2):
        if file == "README.md":
            assert ganzoo.card(folder).readme == ""
        else:
            with pytest.raises(GanzooError, match="regular file|not a model folder|is missing"):
                ganzoo.load(folder)
        (folder / file).unlink()
        (folder / file).symlink_to("/dev/zero")


# Networks


@pytest.mark.parametrize("argument", ["width", "latent_dim"])
def test_a_network_far_bigger_than_its_weights_is_refused_before_it_is_made(
    argument, tmp_path, tiny_world
):
    folder = write_published(tmp_path / "a")
    describe(folder, generator={"name": "tiny/tiny", "arguments": {argument: 10**9}})
    with pytest.raises(
        WeightsError, match="make a network of at least .* MB, and the weights are far"
    ):
        ganzoo.load(folder)


def test_many_small_layers_are_counted_together(tmp_path, tiny_world):
    folder = write_published(tmp_path / "a")
    shape = [2**13, 2**10]  # the last layer's weights alone have 1 GB
    describe(folder, discriminator={"name": "tiny/tiny", "arguments": {"sample_shape": shape}})
    model = ganzoo.load(folder)
    with pytest.raises(WeightsError, match="the weights are far smaller; one of the two does not"):
        _ = model.discriminator


# README.md


@given(st.text(max_size=60))
def test_any_readme_is_shown_or_refused(place, text):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ganzoo.specs.readme.MAX_BYTES", 50)
        folder = place / "readme"
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text(json.dumps(REAL))
        (folder / "README.md").write_bytes(text.encode("utf-16" if len(text) % 2 else "utf-8"))
        try:
            card = catalogue().open_folder(folder)
            readme_of(card.require_config(), card.name, card.readme)
        except CardError as error:
            one_short_line(error)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def test_an_error_holds_nothing_that_a_terminal_obeys(tmp_path, capsys):
    (tmp_path / "config.json").write_text(json.dumps({"ganzoo_config": 1, "\x1b[2J\n": 1}))
    assert commands.ganzoo("show", f"{tmp_path}/\x1b[31m/../") != 0
    assert commands.ganzoo("show", f"{tmp_path}/") != 0
    said = capsys.readouterr().err
    assert "\x1b" not in said and said.count("\n") == 2
