"""Packing a folder: once, whole or not at all, and going on after whatever ended it."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from ganzoo.data.folder import FolderImages
from ganzoo.data.packing import fill as filling
from ganzoo.data.packing import folder_pack as packing
from ganzoo.data.packing.decode import decode
from ganzoo.data.packing.walk import walk
from ganzoo.data.picture_form import Form
from ganzoo.errors import DataError
from ganzoo.files import locked
from image_files import (
    SIZE,
    decoded,
    everything,
    noise,
    opened,
    packs,
    pixels_of,
    write_broken,
    write_pictures,
)

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def mixed(folder) -> Path:
    """The nine sound images, and every broken one."""
    write_broken(folder / "b")
    return folder


def no_decoding(monkeypatch) -> None:
    """From here on, a file that is decoded is a failure."""

    def refuse(*_):
        raise AssertionError("decoded again")

    monkeypatch.setattr(filling, "decode", refuse)


# Packed once


def test_a_pack_is_made_once(folder, monkeypatch, home):
    first = opened(folder)
    no_decoding(monkeypatch)
    again = opened(folder)
    assert torch.equal(everything(first), everything(again))
    assert first.content_hash() == again.content_hash()
    assert len(packs(home)) == 1


def test_the_content_is_named_by_pixels_and_classes_alone(folder, tmp_path):
    copied = write_pictures(tmp_path / "elsewhere", 9)
    assert opened(folder).content_hash() == opened(copied).content_hash()
    assert opened(folder).content_hash() != opened(folder, size=9).content_hash()
    wanted = hashlib.sha256()
    for file in sorted(folder.rglob("*.png")):
        wanted.update(pixels_of(file).tobytes())
    assert opened(folder).content_hash() == wanted.hexdigest()


@pytest.mark.parametrize(
    ("change", "length"),
    [
        (lambda folder: noise(50).save(folder / "d.png"), 10),
        (lambda folder: (folder / "a" / "000.png").unlink(), 8),
        (lambda folder: noise(50).save(folder / "a" / "000.png", compress_level=1), 9),
        (lambda folder: (folder / "a" / "000.png").rename(folder / "z.png"), 9),
    ],
)
def test_a_folder_that_changed_is_packed_again(folder, home, change, length):
    before = opened(folder)
    change(folder)
    after = opened(folder)
    assert len(after) == length
    assert after.content_hash() != before.content_hash()
    assert len(packs(home)) == 1  # in place of the old one
    assert len(everything(before)) == 9  # which whoever has it open still reads


def test_a_file_that_was_touched_is_read_again(folder, monkeypatch):
    opened(folder)
    os.utime(folder / "a" / "000.png", ns=(0, 0))
    no_decoding(monkeypatch)
    with pytest.raises(AssertionError, match="decoded again"):
        opened(folder)


@pytest.mark.parametrize("name", ["pixels.u8", "labels.i32", "pack.json"])
@pytest.mark.parametrize("harm", [Path.unlink, lambda path: os.truncate(path, 5)])
def test_a_pack_that_lost_something_is_made_again(folder, home, name, harm):
    whole = opened(folder, labels=True)
    pixels = everything(whole)
    (pack,) = packs(home)
    harm(pack / name)
    again = opened(folder, labels=True)
    assert torch.equal(everything(again), pixels)
    assert again.content_hash() == whole.content_hash()


def test_a_pack_in_a_place_that_is_only_read_is_enough(folder, home, monkeypatch):
    opened(folder)
    monkeypatch.setattr(packing, "locked", None)
    monkeypatch.setattr(packing, "_make", None)
    assert len(opened(folder)) == 9


def test_a_folder_that_changes_while_it_is_read_is_refused(folder, monkeypatch):
    def walk_and_add(root, ends):
        yield from walk(root, ends)
        noise(1).save(folder / f"{time.monotonic_ns()}.png")

    monkeypatch.setattr(packing, "walk", walk_and_add)
    with pytest.raises(DataError, match="images changed while it was read; start again when it is"):
        opened(folder)


# Going on


class KilledError(BaseException):
    """Ends a packing where nothing is tidied up by the code under test."""


@pytest.mark.parametrize("after", [True, False], ids=["after a commit", "before a commit"])
@pytest.mark.parametrize("commits", [1, 2, 4])
def test_a_packing_that_ended_anywhere_goes_on(mixed, monkeypatch, home, commits, after):
    whole = opened(mixed, labels=True)
    (pack,) = packs(home)
    for file in pack.iterdir():
        file.unlink()
    pack.rmdir()
    monkeypatch.setattr(filling, "COMMIT_IMAGES", 3)
    note, noted = packing.Manifest.note, []

    def note_and_die(self, results):
        noted.append(1)
        if len(noted) < commits or after:
            note(self, results)
        if len(noted) == commits:
            raise KilledError

    monkeypatch.setattr(packing.Manifest, "note", note_and_die)
    with pytest.raises(KilledError):
        opened(mixed, labels=True)
    assert [path.suffix for path in packs(home)] == [".part"]
    monkeypatch.setattr(packing.Manifest, "note", note)
    again = opened(mixed, labels=True)
    assert torch.equal(everything(again), everything(whole))
    assert again.content_hash() == whole.content_hash()
    assert [path.suffix for path in packs(home)] == [""]


@pytest.mark.parametrize(
    "harm",
    [
        lambda part: (part / "pixels.u8").write_bytes(b""),
        lambda part: (part / "manifest.sqlite").write_bytes(b"no database" * 1000),
    ],
)
def test_a_beginning_that_is_damaged_is_dropped(folder, monkeypatch, home, harm):
    monkeypatch.setattr(packing, "_finish", lambda *_: (_ for _ in ()).throw(KilledError))
    with pytest.raises(KilledError):
        opened(folder)
    (part,) = packs(home)
    harm(part)
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(home.parents[1]))
    assert torch.equal(everything(opened(folder))[0], decoded(folder / "a" / "000.png"))


SLOW_PACKING = """
import sys, time
from pathlib import Path
from ganzoo.data.packing import fill as filling
from ganzoo.data.packing import folder_pack as packing
from ganzoo.data.picture_form import Form
from ganzoo.data.packing.pack import PackRequest

decode = filling.decode
filling.decode = lambda *form: (time.sleep(0.005), decode(*form))[1]
filling.COMMIT_IMAGES = 8
packing.find_or_make(PackRequest(Path(sys.argv[1]), Form.of(8, 3), True), Path(sys.argv[2]))
"""


def test_a_killed_process_leaves_a_pack_that_another_finishes(tmp_path, home):
    folder = write_pictures(tmp_path / "images", 300)
    words = [sys.executable, "-c", SLOW_PACKING, str(folder), str(home)]
    with subprocess.Popen(words) as process:
        while process.poll() is None and rows_packed(home) < 40:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    (part,) = packs(home)
    assert part.suffix == ".part"
    with (part / "pixels.u8").open("ab") as pixels:
        pixels.write(b"torn")  # as if the kill had come in the midst of a write
    begun = rows_packed(home)
    resumed = opened(folder, labels=True)
    assert 40 <= begun < 300
    reference = [pixels_of(file).tobytes() for file in sorted(folder.rglob("*.png"))]
    (pack,) = packs(home)
    assert (pack / "pixels.u8").read_bytes() == b"".join(reference)
    labels = (pack / "labels.i32").read_bytes()
    assert resumed.content_hash() == hashlib.sha256(b"".join(reference) + labels).hexdigest()


def rows_packed(home: Path) -> int:
    """Rows that an unfinished pack has committed."""
    for manifest in home.glob("*.part/manifest.sqlite"):
        with closing(sqlite3.connect(f"file:{manifest}?mode=ro", uri=True, timeout=5)) as database:
            try:
                return database.execute("SELECT count(row) FROM files").fetchone()[0]
            except sqlite3.OperationalError:
                return 0  # no table yet
    return 0


def test_a_second_process_waits_for_the_first(folder, home, caplog):
    opened(folder, size=4)  # the folder of packs is there
    key = packing.PackRequest(folder, Form.of(SIZE, 3), False).key
    found: list[FolderImages] = []
    other = threading.Thread(target=lambda: found.append(opened(folder)))
    with locked(home / f"{key}.lock", "nobody has it"):
        other.start()
        while "waiting" not in caplog.text and other.is_alive():
            time.sleep(0.01)
        assert not found
    other.join()
    assert len(found[0]) == 9
    told = [record for record in caplog.records if "waiting" in record.getMessage()]
    assert [record.getMessage() for record in told] == [
        f"another process is packing {folder}; waiting for it"
    ]


def test_packing_says_when_it_begins_and_ends(folder, caplog):
    with caplog.at_level(logging.INFO, "ganzoo"):
        opened(folder)
    assert [record.getMessage() for record in caplog.records] == [
        f"packing 9 images of {folder}",
        f"packed {folder}",
    ]


def test_the_record_is_plain_json(folder, home):
    data = opened(folder, labels=True)
    (pack,) = packs(home)
    record = json.loads((pack / "pack.json").read_text())
    assert record["content_hash"] == data.content_hash()
    assert (record["rows"], record["class_names"]) == (9, ["a", "b", "c"])


# Where packs lie


def test_a_disk_without_room_is_refused_before_packing(folder, monkeypatch, home):
    usage = SimpleNamespace(free=1727)
    monkeypatch.setattr(packing.shutil, "disk_usage", lambda path: usage)
    text = r"takes 1,728 bytes in .*packed, where 1,727 are free; make room .*XDG_CACHE_HOME"
    with pytest.raises(DataError, match=text):
        opened(folder)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_is_told_and_the_pack_goes_on_later(folder, monkeypatch, code):
    monkeypatch.setattr(filling, "COMMIT_IMAGES", 2)
    synced, sync = [], os.fsync

    def full(descriptor):
        synced.append(descriptor)
        if len(synced) == 3:
            raise OSError(code, os.strerror(code))
        sync(descriptor)

    monkeypatch.setattr(filling.os, "fsync", full)
    text = r"takes 1,728 bytes in .*packed, where the disk is full; make room and start again"
    with pytest.raises(DataError, match=text):
        opened(folder)
    monkeypatch.setattr(filling.os, "fsync", sync)
    seen = []
    monkeypatch.setattr(
        filling, "decode", lambda file, *form: seen.append(1) or decode(file, *form)
    )
    assert len(opened(folder)) == 9
    assert len(seen) == 5  # four were safe


def test_a_place_that_cannot_be_written_says_what_to_set(folder, tmp_path):
    (tmp_path / "cache").write_text("a file in the way")
    with pytest.raises(
        DataError, match=r"cannot be packed into .*packed \(.*\); set XDG_CACHE_HOME"
    ):
        opened(folder)
