"""CIFAR-10 is read from its binary files, and never unpickled."""

from __future__ import annotations

import pytest
import torch

import ganzoo
from ganzoo.data.cifar import CIFAR10, FILES, FOLDER, RECORD, read
from ganzoo.errors import DataError

#: A first pixel of a known colour, in a file that holds the planes one after the other.
RED, GREEN, BLUE = 10, 20, 30


def record(label: int) -> bytes:
    planes = [bytes([first]) + bytes(1023) for first in (RED, GREEN, BLUE)]
    return bytes([label]) + b"".join(planes)


@pytest.fixture
def cifar(tmp_path, monkeypatch):
    """Files of four images each."""
    folder = tmp_path / FOLDER
    folder.mkdir()
    for names in FILES.values():
        for name in names:
            (folder / name).write_bytes(b"".join(record(label) for label in (3, 0, 9, 3)))
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    return folder


def test_five_files_are_for_training_and_one_for_testing(cifar):
    train, test = CIFAR10(), CIFAR10("test")
    assert (len(train), len(test)) == (20, 4)
    assert train.sample_shape == (3, 32, 32)
    assert CIFAR10.is_here()
    images, labels = train.batch(torch.tensor([0, 2]))
    assert labels.tolist() == [3, 9]
    assert [train.class_names[label] for label in labels] == ["cat", "truck"]
    first = ((images[0, :, 0, 0] + 1) * 127.5).round()
    assert first.tolist() == [RED, GREEN, BLUE]


def test_there_are_ten_classes_whatever_the_files_hold(cifar):
    (cifar / "test_batch.bin").write_bytes(record(0))
    data = CIFAR10("test")
    assert data.num_classes == 10
    assert data.class_counts().tolist() == [1] + [0] * 9


def test_it_is_a_data_set_by_name(cifar):
    assert ganzoo.datasets.load("cifar10", split="test", size=16).sample_shape == (3, 16, 16)


@pytest.mark.parametrize("content", [b"", record(1)[:-1], record(10)], ids=["empty", "cut", "10"])
def test_a_damaged_file_is_named(cifar, content):
    (cifar / "data_batch_3.bin").write_bytes(content)
    with pytest.raises(DataError, match=r"data_batch_3\.bin is damaged: .*fetched again"):
        CIFAR10()


def test_an_image_is_a_class_and_three_planes(tmp_path):
    (tmp_path / "one.bin").write_bytes(record(7))
    images, labels = read(tmp_path / "one.bin")
    assert (images.shape, labels.tolist(), RECORD) == ((1, 3, 32, 32), [7], 3073)


def test_a_set_that_cannot_be_fetched_says_where_to_put_it(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    monkeypatch.setattr("ganzoo.data.cifar.URL", "http://127.0.0.1:9/cifar-10-binary.tar.gz")
    with pytest.raises(DataError, match=r"CIFAR-10 is not in .*unpack cifar-10-binary\.tar\.gz"):
        CIFAR10()
