"""Data sets and sample files."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import torch
from PIL import Image
from torch.testing import assert_close

from ganzoo.cache.places import data_root
from ganzoo.data.devices import has_room
from ganzoo.data.mnist import MNIST, FashionMNIST, MNISTMini
from ganzoo.data.points import Ring
from ganzoo.data.stacked_mnist import StackedMNIST
from ganzoo.errors import DataError, UsageError
from ganzoo.writers.images import grid, write_images


@pytest.mark.parametrize(("split", "each"), [("train", 200), ("test", 100)])
def test_mnist_mini_has_all_classes_alike(split, each):
    data = MNISTMini(split)
    assert len(data) == 10 * each
    assert torch.bincount(data.labels).tolist() == [each] * 10
    assert data.sample_shape == (1, 28, 28)
    assert data.num_classes == 10


def test_batches_are_float32_between_minus_one_and_one():
    images, labels = MNISTMini().batch(torch.tensor([3, 1, 3]))
    assert (images.dtype, images.shape) == (torch.float32, (3, 1, 28, 28))
    assert (float(images.min()), float(images.max())) == (-1.0, 1.0)
    assert labels.dtype == torch.int64
    assert torch.equal(images[0], images[2])


@pytest.mark.parametrize(("size", "channels"), [(32, 1), (14, 3), (64, 3)])
def test_images_are_resized_and_made_grey_in_colour(size, channels):
    images, _ = MNISTMini("test", size=size, channels=channels).batch(torch.arange(4))
    assert images.shape == (4, channels, size, size)
    assert_close(images[:, 0], images[:, -1])
    plain, _ = MNISTMini("test").batch(torch.arange(4))
    assert_close(images.mean(), plain.mean(), atol=0.02, rtol=0)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"split": "validation"}, "split is 'train' or 'test', found 'validation'"),
        ({"channels": 2}, "channels is 1 or 3, found 2"),
        ({"size": 0}, "size must be 1 or more"),
    ],
)
def test_what_a_set_cannot_be_is_refused(arguments, text):
    with pytest.raises(DataError, match=text):
        MNISTMini(**arguments)


def test_the_content_names_the_data():
    assert MNISTMini("test").content_hash() == MNISTMini("test").content_hash()
    assert MNISTMini("test").content_hash() != MNISTMini("train").content_hash()


def write_idx(folder, name, count=12):
    """Files of the form that MNIST has, with a few made images."""
    raw = folder / name / "raw"
    raw.mkdir(parents=True)
    for part, rows in (("train", count), ("t10k", count // 2)):
        pixels = bytes(range(256)) * (rows * 784 // 256 + 1)
        header = struct.pack(">IIII", 0x803, rows, 28, 28)
        (raw / f"{part}-images-idx3-ubyte").write_bytes(header + pixels[: rows * 784])
        labels = bytes(i % 10 for i in range(rows))
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, rows) + labels)


@pytest.mark.parametrize(("kind", "name"), [(MNIST, "MNIST"), (FashionMNIST, "FashionMNIST")])
def test_sets_in_torchvisions_layout_are_read(tmp_path, monkeypatch, kind, name):
    write_idx(tmp_path, name)
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    assert len(kind("train")) == 12
    assert len(kind("test")) == 6
    images, labels = kind("train").batch(torch.tensor([0, 11]))
    assert labels.tolist() == [0, 1]
    assert_close(images[0, 0, 0, 10], torch.tensor(10 / 127.5 - 1))


def test_data_lies_where_the_variable_says(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    assert data_root() == tmp_path
    monkeypatch.delenv("GANZOO_DATA")
    assert data_root().parts[-2:] == ("ganzoo", "data")


def test_a_set_that_cannot_be_fetched_says_where_to_put_it(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    monkeypatch.setattr(
        "torchvision.datasets.MNIST.mirrors", ["http://127.0.0.1:9/"]
    )  # a port that answers nobody
    with pytest.raises(DataError, match=r"MNIST is not in .*cannot be fetched.*mnist-mini"):
        MNIST()


# Stacked-MNIST


@pytest.fixture
def few_digits(tmp_path, monkeypatch):
    """MNIST of a few made images, where the data sets look for it."""
    write_idx(tmp_path, "MNIST")
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))


def test_three_digits_are_stacked_as_colours(few_digits):
    data, digits = StackedMNIST(size=28), MNIST()
    assert (len(data), data.num_classes, data.sample_shape) == (128_000, 1000, (3, 28, 28))
    images, labels = data.batch(torch.tensor([0, 5, 127_999]))
    assert (images.dtype, images.shape) == (torch.float32, (3, 3, 28, 28))
    for image, label, triple in zip(images, labels, data.triples[[0, 5, 127_999]], strict=True):
        channels, named = digits.batch(triple)
        assert torch.equal(image, channels[:, 0])
        assert label == int("".join(str(int(digit)) for digit in named))


def test_stacks_are_fixed_and_drawn_with_replacement(few_digits):
    assert torch.equal(StackedMNIST().triples, StackedMNIST().triples)
    used = torch.bincount(StackedMNIST().triples.flatten(), minlength=12) / (3 * 128_000)
    assert_close(used, torch.full((12,), 1 / 12), rtol=0.05, atol=0)


def test_stacks_for_testing_are_of_test_digits(few_digits):
    data = StackedMNIST("test", length=500)
    assert (len(data), int(data.triples.max())) == (500, 5)
    assert data.content_hash() != StackedMNIST("train", length=500).content_hash()


def test_a_stack_is_32_pixels_wide_and_holds_the_digits_once(few_digits):
    data = StackedMNIST()
    assert data.sample_shape == (3, 32, 32)
    assert data.digits.images.shape == (12, 1, 32, 32)
    assert (data.triples.dtype, data.triples.shape) == (torch.int32, (128_000, 3))
    assert data.content_hash() != StackedMNIST(size=28).content_hash()


def test_no_stacks_are_refused(few_digits):
    with pytest.raises(DataError, match="length must be 1 or more, found 0"):
        StackedMNIST(length=0)


# Where a data set lies


@pytest.mark.parametrize(("free", "fits"), [(400, True), (399, False)])
def test_a_gpu_takes_what_a_quarter_of_its_free_memory_holds(monkeypatch, free, fits):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 10_000))
    assert has_room(torch.device("cuda", 1), 100) == fits


def test_the_processor_takes_all_and_an_unknown_device_nothing():
    assert has_room(torch.device("cpu"), 10**15)
    assert not has_room(torch.device("xpu"), 1)


@pytest.mark.parametrize("kind", [MNIST, StackedMNIST, Ring])
def test_a_set_goes_where_the_training_is(few_digits, monkeypatch, kind):
    """On the meta device, which stands for any; a set that does not fit stays."""
    data = kind()
    rows = torch.tensor([3, 1])
    stayed = data.batch(rows)
    data.to(torch.device("meta"))
    assert {tensor.device.type for tensor in data.batch(rows)} == {"cpu"}
    for module in ("devices", "stacked_mnist"):
        monkeypatch.setattr(f"ganzoo.data.{module}.has_room", lambda *_: True)
    data.to(torch.device("meta"))
    for moved, before in zip(data.batch(rows), stayed, strict=True):
        assert (moved.device.type, moved.dtype, moved.shape) == ("meta", before.dtype, before.shape)


def pixels_of(path):
    """The file's pixels, uint8 [H, W] or [H, W, 3]."""
    with Image.open(path) as image:
        return torch.from_numpy(np.array(image))


def test_a_grid_shows_every_sample(tmp_path):
    samples = torch.linspace(-1, 1, 10).reshape(10, 1, 1, 1).expand(10, 1, 8, 8)
    (path,) = write_images(samples, tmp_path / "new" / "grid.png")
    grid = pixels_of(path)
    assert grid.shape[:2] == (3 * 10 + 2, 4 * 10 + 2)
    assert grid[5, 5].tolist() == [0, 0, 0]
    assert grid[25, 15].tolist() == [255, 255, 255]  # the last of ten, in the third row
    assert grid[25, 35].tolist() == [0, 0, 0]  # no eleventh


def test_a_folder_holds_one_file_a_sample(tmp_path):
    samples = torch.rand(3, 3, 8, 8) * 2 - 1
    files = write_images(samples, tmp_path / "many")
    assert [file.name for file in files] == ["00000.png", "00001.png", "00002.png"]
    pixels = pixels_of(files[1]).permute(2, 0, 1)
    assert_close(pixels / 127.5 - 1, samples[1], atol=1 / 127, rtol=0)


def test_a_grey_sample_is_a_grey_file(tmp_path):
    (file,) = write_images(torch.zeros(1, 1, 8, 8), tmp_path / "one")
    assert pixels_of(file).shape == (8, 8)


def test_values_out_of_range_are_clamped(tmp_path):
    (file,) = write_images(torch.full((1, 1, 2, 2), 1.5), tmp_path / "one")
    assert pixels_of(file)[0, 0] == 255


def test_a_name_that_is_no_image_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"samples.txt: images are written as .png"):
        write_images(torch.zeros(1, 1, 2, 2), tmp_path / "samples.txt")


@pytest.mark.parametrize("shape", [(1, 1, 4, 6), (1, 4, 4, 6), (2, 3, 5, 4), (7, 1, 3, 3)])
@pytest.mark.parametrize("columns", [1, 3])
def test_a_grid_is_torchvisions(shape, columns):
    from torchvision.utils import make_grid

    images = torch.randint(
        256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    columns = min(columns, len(images))
    assert torch.equal(grid(images, columns), make_grid(images, nrow=columns, padding=2))
