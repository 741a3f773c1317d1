"""A zip of images as it is, and classes from dataset.json."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
import torch

from ganzoo.data.packing import archive
from ganzoo.data.preview import preview
from ganzoo.errors import DataError
from image_files import encoded, everything, noise, opened, write_broken, write_pictures

pytestmark = pytest.mark.usefixtures("home")


def zipped(folder: Path, place: Path) -> Path:
    """A zip of everything below a folder."""
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as target:
        for file in sorted(folder.rglob("*")):
            target.write(file, file.relative_to(folder))
    return place


def write_labels(folder: Path, labels: object) -> Path:
    """A dataset.json with these labels."""
    (folder / "dataset.json").write_text(json.dumps({"labels": labels}))
    return folder


@pytest.fixture
def labelled(tmp_path) -> Path:
    """Nine images, whose classes in dataset.json are 0, 1, 2, 0 ... and 4 of the last."""
    folder = write_pictures(tmp_path / "images", 9)
    names = sorted(str(file.relative_to(folder)) for file in folder.rglob("*.png"))
    classes = [0, 1, 2, 0, 1, 2, 0, 1, 4]
    return write_labels(folder, [*map(list, zip(names, classes, strict=True))])


def test_a_zip_gives_what_its_folder_gives(folder, tmp_path):
    write_broken(folder / "b")
    data = opened(zipped(folder, tmp_path / "images.zip"), labels=True)
    same = opened(folder, labels=True)
    assert torch.equal(everything(data), everything(same))
    assert data.class_names == same.class_names == ("a", "b", "c")
    assert data.content_hash() == same.content_hash()
    assert data.pack.unusable == same.pack.unusable
    files = preview(data).files
    assert files is not None and (files.files, files.formats) == (17, {"PNG": 9})


def test_a_zip_that_changes_is_read_again(folder, tmp_path):
    place = zipped(folder, tmp_path / "images.zip")
    assert len(opened(place)) == 9
    with zipfile.ZipFile(place, "a") as target:
        target.writestr("z.png", encoded(noise(3), "PNG"))
        target.writestr("__MACOSX/._z.png", b"")
    assert len(opened(place)) == 10


def test_a_file_that_unpacks_to_too_much_is_named(folder, tmp_path, monkeypatch, caplog):
    (folder / "zeros.png").write_bytes(bytes(100_000))
    monkeypatch.setattr(archive, "MOST", 50_000)
    assert len(opened(zipped(folder, tmp_path / "images.zip"))) == 9
    assert "zeros.png (file too large)" in caplog.text


def test_a_file_that_is_no_zip_is_refused(tmp_path):
    (tmp_path / "images.zip").write_bytes(b"no zip")
    with pytest.raises(DataError, match=r"images\.zip is a file; give the folder .*or a zip"):
        opened(tmp_path / "images.zip")


@pytest.mark.parametrize("as_zip", [False, True])
def test_classes_are_read_from_dataset_json(labelled, tmp_path, as_zip):
    data = opened(zipped(labelled, tmp_path / "a.zip") if as_zip else labelled, labels=True)
    assert data.batch(torch.arange(9))[1].tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 4]
    assert (data.num_classes, data.class_names) == (5, ("0", "1", "2", "3", "4"))
    assert opened(labelled).num_classes is None


def test_other_classes_in_dataset_json_are_read_again(labelled):
    opened(labelled, labels=True)
    record = json.loads((labelled / "dataset.json").read_text())
    write_labels(labelled, [[name, 1] for name, _ in record["labels"]])
    assert opened(labelled, labels=True).class_counts().tolist() == [0, 9]


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (None, "dataset.json holds no labels; leave out labels=true, or remove the file"),
        ([["a/000.png", [0.5, 1.0]]], "a vector of 2 numbers; folder: takes classes, which are"),
        ([["a/000.png", -1]], "the class of a/000.png is a number from 0, found -1"),
        ([["a/000.png", 1.5]], "the class of a/000.png is a number from 0, found 1.5"),
        (["a/000.png"], r"labels are pairs such as \[.00000/a.png., 3\], found 'a/000.png'"),
        ([["a/000.png", 1]], "dataset.json gives a/003.png no class"),
    ],
)
def test_a_dataset_json_without_classes_is_refused(folder, labels, text):
    with pytest.raises(DataError, match=text):
        opened(write_labels(folder, labels), labels=True)
    assert len(opened(folder)) == 9
