"""What is kept on this machine: listed, verified, pruned."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

import commands
from ganzoo.cache import CacheEntry, chosen, entries, places
from ganzoo.cache.entry import discard
from ganzoo.cache.places import data_root
from ganzoo.cli.cache import age, size
from ganzoo.data.packing.folder_pack import find_or_make
from ganzoo.data.packing.pack import PackRequest
from ganzoo.data.picture_form import Form
from ganzoo.errors import GanzooError, UnknownNameError
from ganzoo.extractors import inception
from ganzoo.hub import Address
from ganzoo.hub.snapshot import find
from ganzoo.measure.real_statistics import cache_folder
from ganzoo.measure.references import package_file
from hub_machine import Machine, enter
from hub_server import Hub
from model_folders import describe, write_published

RING = Address("lab/ring")
WEEKS = 15 * 24 * 3600.0


@pytest.fixture
def hub(cache: Path, hub: Hub, tmp_path: Path) -> Hub:
    """The Hub, with one model."""
    hub.repo("lab/ring").publish(write_published(tmp_path / "tiny-ring"))
    return hub


@pytest.fixture
def reference(cache: Path) -> Path:
    """Statistics of real digits in the cache."""
    path = places.references() / f"{'0' * 32}.safetensors"
    path.parent.mkdir(parents=True)
    shutil.copyfile(package_file("cnn-mnist", "mnist"), path)
    return path


@pytest.fixture
def extractor(cache: Path) -> Path:
    """Fetched weights, named as torch names them."""
    begins = hashlib.sha256(b"weights").hexdigest()[:8]
    path = places.extractors() / f"weights-{begins}.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def pack(cache: Path, folder: Path) -> Path:
    """The pack of a folder of nine images."""
    place, _ = find_or_make(PackRequest(folder, Form.of(8, 1), True), places.packs())
    return place


def ganzoo(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[str, str]:
    """Run the command; what it printed, and what it said beside."""
    assert commands.ganzoo("cache", *words) == code
    return capsys.readouterr()


def only() -> CacheEntry:
    """The one entry that there is."""
    (found,) = entries()
    return found


def grow_old(path: Path, seconds: float = WEEKS) -> None:
    """Let a file or a folder's files not have been used for so long."""
    then = time.time() - seconds
    for file in path.rglob("*") if path.is_dir() else [path]:
        if file.exists():
            os.utime(file, (then, then))


# Where


def test_places_are_where_others_put_things(cache):
    assert places.references() == cache_folder()
    assert places.packs() == cache / "packed"
    assert places.earlier_packs() == data_root() / "packed"


def test_extractors_are_where_they_are_fetched_to(extractor, monkeypatch):
    monkeypatch.setattr(inception, "SHA256_BEGINS", extractor.stem.partition("-")[2])
    assert inception.fetched(f"https://example.invalid/{extractor.name}") == extractor


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of Unix")
def test_packs_are_private_to_the_user(pack):
    assert {path.stat().st_mode & 0o777 for path in (pack, pack.parent)} == {0o700}


# Listing


def test_an_empty_machine_keeps_nothing(cache, tmp_path, monkeypatch):
    enter(monkeypatch, "http://127.0.0.1:9", tmp_path)
    assert entries() == []


def test_each_kind_is_listed(hub, reference, extractor, pack, folder):
    commit = find(RING).address.revision
    about = {entry.kind: (entry.name, entry.note) for entry in entries()}
    assert about == {
        "model": (f"hf-hub:lab/ring@{commit}", "main"),
        "reference": ("cnn-mnist.mnist", ""),
        "extractor": (extractor.name, ""),
        "pack": (pack.name, f"{folder}: 8x8 grey"),
    }
    assert not any(entry.useless or entry.damage() for entry in entries())
    assert all(entry.bytes > 0 and time.time() - entry.used < 60 for entry in entries())


def test_packs_of_earlier_versions_are_listed_and_removed(pack, capsys):
    earlier = places.earlier_packs() / pack.name
    earlier.parent.mkdir(parents=True)
    pack.rename(earlier)
    assert only().path == earlier
    ganzoo(capsys, "prune", earlier.name, "-y")
    assert entries() == []


def test_only_models_of_ours_are_listed(hub):
    for name, config in (("lab/bert", {"model_type": "bert"}), ("lab/odd", ["ganzoo_config"])):
        hub.repo(name).commit({"config.json": json.dumps(config).encode()})
        with pytest.raises(GanzooError):
            find(Address(name))
    assert entries() == []


def test_a_model_of_a_later_version_is_ours(hub):
    hub.repo("lab/ring").commit({"config.json": b'{"ganzoo_config": 99}'})
    with pytest.raises(GanzooError, match="upgrade"):
        find(RING)
    assert (only().kind, only().damage()) == ("model", "")


def test_each_commit_of_a_model_is_an_entry(hub, tmp_path):
    first = find(RING).address.revision
    describe(tmp_path / "tiny-ring", description="Newer.")
    second = hub.repos["lab/ring"].publish(tmp_path / "tiny-ring")
    find(RING)
    notes = {entry.name: entry.note for entry in entries()}
    assert notes == {f"hf-hub:lab/ring@{first}": "", f"hf-hub:lab/ring@{second}": "main"}


def test_a_reference_that_cannot_be_read_is_listed_by_its_file(reference):
    reference.write_bytes(b"\xff" * 100)
    assert only().name == reference.name


def test_looking_is_no_use(hub, reference, extractor, pack):
    find(RING).fetch_weights()
    for entry in entries():
        for file in entry.files:
            grow_old(file)
    for entry in entries():
        entry.damage()
    assert all(time.time() - entry.used > WEEKS - 60 for entry in entries())


def test_list_prints_a_table(capsys, reference, extractor):
    out, err = ganzoo(capsys, "list")
    header, *rows = out.splitlines()
    assert header.split() == ["KIND", "NAME", "SIZE", "USED", "NOTE"]
    assert rows[0].split() == ["extractor", extractor.name, "7", "B", "now"]
    size = f"{reference.stat().st_size / 1000:.1f} kB"
    assert re.fullmatch(rf"reference +cnn-mnist.mnist +{size} +now", rows[1])
    assert err == f"2 entries, {size}\n"


def test_list_json_is_for_programs(capsys, extractor):
    (record,) = json.loads(ganzoo(capsys, "list", "--json")[0])
    assert record.pop("used").endswith("+00:00")
    assert record == {
        "kind": "extractor",
        "name": extractor.name,
        "path": str(extractor),
        "bytes": 7,
        "note": "",
        "useless": False,
    }


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1_500, "1.5 kB"), (2e9, "2.0 GB")]
)
def test_sizes_are_in_the_unit_that_matters(count, text):
    assert size(int(count)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "now"), (59, "now"), (60, "1 min ago"), (7_300, "2 h ago"), (1e6, "11 d ago")],
)
def test_ages_are_in_the_unit_that_matters(seconds, text):
    assert age(seconds) == text


# Verifying


def spoil(path: Path) -> None:
    """Change one bit of a file's last byte."""
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("file", ["model.safetensors", "discriminator.safetensors"])
def test_damaged_weights_are_found(hub, file):
    found = find(RING)
    found.fetch_weights()
    spoil((found.folder / file).resolve())
    assert only().damage().startswith(f"{file} has the sha256 ")


def test_a_damaged_card_is_found(hub):
    found = find(RING)
    found.file("README.md")
    spoil((found.folder / "README.md").resolve())
    assert only().damage() == "README.md is not what the Hub sent"


def test_a_model_that_is_not_whole_yet_is_sound(hub):
    find(RING)
    assert only().damage() == ""


def test_a_repository_that_lost_its_blobs_is_found_and_removed(hub):
    found = find(RING)
    found.fetch_weights()
    (found.folder / "model.safetensors").resolve().unlink()
    assert only().damage() == "files are missing; loading the model fetches them again"
    assert not only().useless  # perhaps it is being loaded now
    grow_old(only().path)
    assert only().useless
    only().remove()
    assert entries() == []


def test_a_damaged_reference_is_found(reference):
    reference.write_bytes(reference.read_bytes()[:-1])
    assert "is not a complete safetensors file" in only().damage()


def test_a_damaged_extractor_is_found(extractor):
    spoil(extractor)
    assert re.fullmatch(r"its sha256 begins with \w{8}, its name says \w{8}", only().damage())


@pytest.mark.parametrize("file", ["pixels.u8", "labels.i32"])
def test_a_damaged_pack_is_found(pack, file):
    spoil(pack / file)
    assert only().damage() == "its images differ from those that were packed"


def test_a_pack_without_a_record_is_found(pack):
    (pack / "pack.json").write_text("{")
    assert only().damage() == "its record cannot be read"


def test_verify_names_what_is_damaged_and_exits_with_1(capsys, extractor, reference):
    spoil(extractor)
    out, err = ganzoo(capsys, "verify", code=1)
    _, first, second = out.splitlines()
    assert re.fullmatch(rf"extractor +{extractor.name} +DAMAGED +its sha256 begins .*", first)
    assert re.fullmatch(r"reference +cnn-mnist.mnist +ok", second)
    assert err == "1 damaged; remove them with `ganzoo cache prune NAME`\n"
    records = json.loads(ganzoo(capsys, "verify", "--json", code=1)[0])
    assert [bool(record["damage"]) for record in records] == [True, False]


def test_verify_of_what_is_sound_exits_with_0(capsys, extractor):
    assert "ok" in ganzoo(capsys, "verify")[0]


# Pruning


def test_what_is_of_use_is_kept(hub, reference, extractor, pack):
    find(RING)
    assert chosen(entries()) == []


def test_a_pack_of_a_folder_that_is_gone_is_of_no_use(pack, folder):
    shutil.rmtree(folder)
    assert (only().useless, only().note) == (True, f"{folder} is gone")
    only().remove()
    assert not pack.exists()
    assert entries() == []


def test_a_pack_that_does_not_know_its_folder_is_kept(pack):
    record = json.loads((pack / "pack.json").read_text())
    del record["root"]
    (pack / "pack.json").write_text(json.dumps(record))
    assert (only().useless, only().note) == (False, "")


def test_leftovers_are_of_no_use_after_a_week(hub, reference, extractor, pack):
    found = find(RING)
    parts = [
        reference.with_name(".x.safetensors.abc.part"),
        extractor.with_name(".y.part"),
        found.folder.parents[1] / "blobs" / "0123.incomplete",
        pack.with_name(f"{pack.name}.part") / "pixels.u8",
    ]
    parts[-1].parent.mkdir()
    for part in parts:
        part.write_bytes(b"half")
    left = [entry for entry in entries() if entry.kind == "leftover"]
    assert len(left) == 4
    assert chosen(entries()) == []
    for part in parts:
        grow_old(part)
    assert {entry.path for entry in chosen(entries())} == {entry.path for entry in left}
    for entry in chosen(entries()):
        entry.remove()
    assert not any(part.exists() for part in parts)
    assert len(entries()) == 4


def test_a_pack_that_is_being_made_is_no_leftover(pack):
    part = pack.rename(pack.with_name(f"{pack.name}.part"))
    grow_old(part)
    with closing(sqlite3.connect(pack.with_name(f"{pack.name[:24]}.lock"))) as held:
        held.execute("BEGIN EXCLUSIVE")
        assert (only().useless, only().note) == (False, "being packed now")
    assert only().useless


def test_a_folder_that_was_half_removed_is_removed(pack, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda path: None)
        discard(pack)
    assert (only().note, only().useless) == ("half removed", True)
    only().remove()
    assert entries() == []


def test_prune_by_age(capsys, extractor, reference):
    grow_old(extractor)
    ganzoo(capsys, "prune", "--older-than", "16d", "-y")
    assert len(entries()) == 2
    out, err = ganzoo(capsys, "prune", "--older-than", "2w", "-y")
    assert out.splitlines()[1].split()[-3:] == ["15", "d", "ago"]
    assert err.endswith("removed 1 entry, 7 B\n")
    assert only().path == reference


def test_prune_by_name(capsys, extractor, reference):
    ganzoo(capsys, "prune", "cnn-mnist.mnist", str(extractor), "-y")
    assert entries() == []


def test_prune_by_repository(capsys, hub, tmp_path):
    find(RING)
    describe(tmp_path / "tiny-ring", description="Newer.")
    hub.repos["lab/ring"].publish(tmp_path / "tiny-ring")
    find(RING)
    assert ganzoo(capsys, "prune", "hf-hub:lab/ring", "-y")[1].count("2 entries") == 2
    assert entries() == []


def test_an_unknown_name_is_told(cache):
    with pytest.raises(UnknownNameError, match="the cache has no entry 'cnn'"):
        chosen(entries(), ["cnn"])


def test_prune_removes_one_commit_and_what_only_it_needs(hub, tmp_path):
    find(RING).fetch_weights()
    first = only()
    describe(tmp_path / "tiny-ring", description="Newer.")
    hub.repos["lab/ring"].publish(tmp_path / "tiny-ring")
    newer = find(RING)
    newer.fetch_weights()
    first.remove()
    assert only().name == str(newer.address)
    hub.asked.clear()
    find(newer.address).fetch_weights()
    assert hub.asked == []
    only().remove()
    assert entries() == []


def test_a_commit_that_two_repositories_share_is_removed_from_one(hub):
    hub.repos["lab/fork"] = hub.repos["lab/ring"]
    for name in ("lab/ring", "lab/fork"):
        find(Address(name))
    fork, ring = entries()
    ring.remove()
    assert only().name == fork.name


def test_a_dry_run_removes_nothing(capsys, extractor):
    out, err = ganzoo(capsys, "prune", extractor.name, "--dry-run")
    assert extractor.name in out
    assert err == "1 entry, 7 B\n"
    assert extractor.exists()


def test_prune_asks(capsys, extractor, monkeypatch):
    _, err = ganzoo(capsys, "prune", extractor.name, code=2)
    assert "stdin is not a terminal, so prune cannot ask; pass -y or --dry-run" in err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for answer, code, left in (("n", 130, True), ("y", 0, False)):
        monkeypatch.setattr("click.termui.visible_prompt_func", lambda *_, said=answer: said)
        ganzoo(capsys, "prune", extractor.name, code=code)
        assert extractor.exists() == left


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ("--older-than", "soon"),
            "'soon' is not an age; write a number and m, h, d or w, such as 30d",
        ),
        (("x", "--older-than", "1d"), "prune takes names or --older-than, not both"),
        (("x",), "the cache has no entry 'x'"),
    ],
)
def test_wrong_usage_is_told(capsys, cache, tmp_path, monkeypatch, words, text):
    enter(monkeypatch, "http://127.0.0.1:9", tmp_path)
    assert text in ganzoo(capsys, "prune", *words, code=2)[1]


def test_what_cannot_be_removed_is_told(extractor, monkeypatch):
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(GanzooError, match=rf"{extractor} cannot be removed: Operation not permitt"):
        only().remove()


def refuse(*_: object, **__: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_what_is_gone_already_is_no_trouble(hub, extractor, pack):
    find(RING)
    found = entries()
    for _ in range(2):
        for entry in found:
            entry.remove()
    assert [entry.damage() for entry in found] == ["", "", ""]


# Many processes


SHOW = ("show", "hf-hub:lab/ring")
PRUNE = ("cache", "prune", "--older-than", "0m", "-y")
LOOP = """
import sys
from ganzoo.cli import main

for _ in range(25):
    try:
        main(sys.argv[1:])
    except SystemExit as end:
        assert end.code in (0, 1)
"""


def test_others_load_while_one_prunes(hub, tmp_path):
    """Who loses the race says so in one line; nobody finds half a file, and the end is whole."""
    (tmp_path / "machine").mkdir()
    machine = Machine(tmp_path / "machine", hub)
    running = [machine.start("-c", LOOP, *words) for words in (SHOW, PRUNE, SHOW, PRUNE)]
    for process in running:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert "bug in ganzoo" not in err
    machine.ganzoo(*SHOW)
    assert "ok" in machine.ganzoo("cache", "verify")
