"""Real samples: how they are split, and where their statistics come from."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from ganzoo.data.mnist import MNIST, FashionMNIST, MNISTMini
from ganzoo.data.splits import drawn
from ganzoo.data.stacked_mnist import StackedMNIST
from ganzoo.errors import DataError, MetricError
from ganzoo.measure import real_statistics
from ganzoo.measure.anchors import ANCHORS, anchors
from ganzoo.measure.evaluate import evaluate
from ganzoo.measure.methods import InFeatures
from ganzoo.measure.references import package_file, read_reference
from ganzoo.specs import Data, Part
from measuring import (
    MINI,
    Given,
    TinyClasses,
    TinyLinear,
    TinyPictures,
    classifier,
    measuring_plugin,
    same,
)
from tiny import TinyRing, make_plugin

PICTURES = Part("pictures")


@pytest.fixture
def small(world, cache) -> Path:
    """A world of small parts, and an empty cache: the folder of its statistics."""
    world(measuring_plugin())
    return cache / "references"


# --- Splits -----------------------------------------------------------------------------------


def test_a_data_sets_own_split_is_taken(small):
    for part in (MINI, Part("mnist-mini", {"split": "test"})):
        train, test = real_statistics.splits(part)
        assert (len(train), len(test)) == (2000, 1000)
        assert test.content_hash() == MNISTMini("test").content_hash() != train.content_hash()


def test_other_arguments_go_to_both_splits(small):
    train, test = real_statistics.splits(Part("mnist-mini", {"size": 16}))
    assert train.sample_shape == test.sample_shape == (1, 16, 16)


@pytest.mark.parametrize("length", [240, 241])
def test_a_data_set_without_a_split_is_halved(small, length):
    train, test = real_statistics.splits(Part("pictures", {"length": length}))
    whole = TinyPictures(length)
    assert (len(train), len(test)) == ((length + 1) // 2, length // 2)
    images = torch.cat([half.batch(torch.arange(len(half)))[0] for half in (train, test)])
    assert {row.numpy().tobytes() for row in images} == {
        row.numpy().tobytes() for row in whole.images
    }
    assert (train.sample_shape, train.kind) == (whole.sample_shape, whole.kind)
    assert (train.num_classes, train.value_range) == (None, (-1.0, 1.0))


def test_halves_hold_all_classes_where_labels_come_by_turns():
    whole = TinyRing(800)  # whose labels are 0, 1, ... 7, 0, 1 ...
    for first in (0, 1):
        half = real_statistics.Half(whole, first)
        _, labels = half.batch(torch.arange(len(half)))
        assert torch.bincount(labels).min() > 30


def test_the_halves_are_the_same_every_time(small):
    one, two = (real_statistics.splits(PICTURES)[1].content_hash() for _ in range(2))
    assert one == two


def test_samples_are_drawn_in_a_fixed_random_order():
    data = TinyPictures(100)
    order = drawn(data, 100)
    assert torch.equal(order.sort().values, torch.arange(100))
    assert not torch.equal(order, torch.arange(100))
    assert torch.equal(drawn(data, 30), order[:30])
    assert len(drawn(data, 1000)) == 100


def test_batches_are_those_of_the_indices():
    data = TinyPictures(2500)
    indices = drawn(data, 2300)
    pieces = list(real_statistics.batches(data, indices))
    assert [len(piece) for piece in pieces] == [1000, 1000, 300]
    assert torch.equal(torch.cat(pieces), data.images[indices])


class Rounds(TinyPictures):
    """The same pictures five times, one round after the other."""

    copies = 5

    def __len__(self) -> int:
        return self.copies * len(self.images)

    def batch(self, indices: Tensor) -> tuple[Tensor, None]:
        return self.images[indices % len(self.images)], None


def test_copies_of_a_sample_are_read_once(small):
    """Statistics of pairs took as often as long as they had variants."""
    extractor, test = TinyLinear(), TinyPictures(100, seed=2)
    trains = (Rounds(200), TinyPictures(200))
    several, once = (
        real_statistics.make_reference(extractor, PICTURES, train, test, "hash") for train in trains
    )
    assert extractor.shown == 2 * (200 + 100)
    assert torch.equal(several.training, once.training)
    assert several.about == once.about
    anchored = [
        torch.cat([*ANCHORS["real"](train, 900)]) for train in (Rounds(200), TinyPictures(200))
    ]
    assert torch.equal(*anchored)


def test_copies_are_not_in_both_halves():
    halves = [real_statistics.Half(Rounds(100), first) for first in (0, 1)]
    assert [len(half) for half in halves] == [50, 50]
    both = torch.cat([half.batch(torch.arange(50))[0] for half in halves])
    assert len(both.flatten(1).unique(dim=0)) == 100


# --- Measuring, once --------------------------------------------------------------------------


def test_what_is_measured_is_what_the_halves_hold(small):
    extractor = TinyClasses()
    found = real_statistics.reference_for(extractor, PICTURES)
    train, test = real_statistics.splits(PICTURES)
    features = extractor(test.batch(torch.arange(120))[0]).detach()
    torch.testing.assert_close(found.moments.mean, features.double().mean(0))
    torch.testing.assert_close(found.moments.covariance, features.double().T.cov())
    assert found.shares.sum() == pytest.approx(1)
    assert found.shares[1] == pytest.approx(float((features[:, 0] > 0).double().mean()))
    assert len(found.training) == len(train) + len(test) == found.about.training
    assert found.about.data == Part("small/pictures")
    assert found.about.data_hash == real_statistics.both_hashes(train, test)
    distances = torch.cdist(found.features, found.training).sort(1).values
    assert distances[:, 0].max() < 1e-3, "each is in the whole itself"
    assert found.about.nearest == pytest.approx(float(distances[:, 1].mean()), rel=1e-3)


def test_copies_of_either_half_are_memorised(small):
    """A model is trained on both where there is no split."""
    extractor = TinyLinear()
    found = real_statistics.reference_for(extractor, PICTURES)
    for half in real_statistics.splits(PICTURES):
        copies = Given(seed_0=half.batch(torch.arange(100))[0])
        report = evaluate(copies, InFeatures(extractor, found), n=100, seeds=(0,))
        assert report.figures["memorisation"].value < 0.02
        assert any(note.startswith("pictures has no test split") for note in report.notes)
    others = Given(seed_0=TinyPictures(length=100, seed=7).images)
    report = evaluate(others, InFeatures(extractor, found), n=100, seeds=(0,))
    assert report.figures["memorisation"].value == pytest.approx(1, abs=0.15)


def test_a_bank_that_holds_not_all_says_so(small, monkeypatch):
    monkeypatch.setattr(real_statistics, "MOST", 150)
    extractor = TinyLinear()
    found = real_statistics.reference_for(extractor, PICTURES)
    given = Given(seed_0=TinyPictures(length=100, seed=7).images)
    notes = evaluate(given, InFeatures(extractor, found), n=100, seeds=(0,)).notes
    assert "memorisation compares with 150 of 240 training samples" in notes


def test_a_second_call_measures_nothing_and_finds_the_same_bits(small):
    one = real_statistics.reference_for(TinyLinear(), PICTURES)
    assert len(list(small.iterdir())) == 1
    again = TinyLinear()
    two = real_statistics.reference_for(again, Part("small/pictures"))
    assert again.shown == 0
    assert same(one, two)


def test_a_recipes_data_set_is_found_again_as_any_other(small, caplog):
    """What a recipe says of drawing from it (`balance`) once spoilt the cache for it."""
    made = real_statistics.reference_for(TinyLinear(), Data("pictures"))
    again = real_statistics.reference_for(TinyLinear(), Data("pictures", balance=True))
    assert not caplog.records
    assert same(made, again)


def test_statistics_of_equal_samples_serve_under_any_name(world, cache, monkeypatch):
    """A data set that was renamed is measured as itself: the figures of its own name apply."""
    old = make_plugin("my-gan", ganzoo_datasets={"old": "measuring:TinyPictures"})
    new = make_plugin("my-gan", ganzoo_datasets={"new": "measuring:TinyPictures"})
    world(measuring_plugin(), old)
    first = real_statistics.reference_for(TinyLinear(), Part("old"))
    world(measuring_plugin(), new)
    monkeypatch.setattr(
        real_statistics, "make_reference", lambda *_: pytest.fail("it was measured again")
    )
    second = real_statistics.reference_for(TinyLinear(), Part("new"))
    assert (first.about.data.name, second.about.data.name) == ("my-gan/old", "my-gan/new")


def test_other_data_weights_and_names_have_statistics_of_their_own(small, caplog):
    """The classes' extractor has the weights of the other, and another name."""
    asked = [
        (TinyLinear(), PICTURES),
        (TinyLinear(seed=1), PICTURES),
        (TinyLinear(), Part("pictures", {"seed": 2})),
        (TinyClasses(), PICTURES),
    ]
    first = [real_statistics.reference_for(extractor, part) for extractor, part in asked]
    assert len(list(small.iterdir())) == 4
    shown = [extractor.shown for extractor, _ in asked]
    again = [real_statistics.reference_for(extractor, part) for extractor, part in asked]
    assert [extractor.shown for extractor, _ in asked] == shown
    assert all(same(one, two) for one, two in zip(first, again, strict=True))
    assert caplog.text == ""


def test_statistics_of_the_same_content_stand_under_the_name_that_was_asked_for(small, world):
    world(measuring_plugin(ganzoo_datasets={"twins": "measuring:TinyPictures"}))
    extractor = TinyLinear()
    first = real_statistics.reference_for(extractor, PICTURES)
    second = real_statistics.reference_for(extractor, Part("twins"))
    assert second.about.data.name.endswith("/twins")
    assert second.about.data_hash == first.about.data_hash
    assert len(list(small.iterdir())) == 1


@pytest.mark.parametrize("damage", [b"", b"torn", None])
def test_a_damaged_cache_is_measured_again(small, caplog, damage):
    one = real_statistics.reference_for(TinyLinear(), PICTURES)
    (file,) = small.iterdir()
    file.write_bytes(file.read_bytes()[:-9] if damage is None else damage)
    extractor = TinyLinear()
    assert same(real_statistics.reference_for(extractor, PICTURES), one)
    assert extractor.shown == 240
    assert "is not a complete safetensors file" in caplog.text and "; measured again" in caplog.text
    assert same(read_reference(file), one)


def test_a_cache_that_cannot_be_written_is_told_and_no_harm(small, caplog):
    small.parent.mkdir(parents=True)
    small.write_text("a file where the folder would be")
    found = real_statistics.reference_for(TinyLinear(), PICTURES)
    assert found.training is not None
    assert "cannot be written (" in caplog.text and "measured again next time" in caplog.text


def test_anchors_are_kept_with_them(small):
    train, _ = real_statistics.splits(PICTURES)
    found = real_statistics.reference_for(TinyLinear(), PICTURES)
    found = found.with_anchors(50, anchors(TinyLinear(), found, train, 50))
    real_statistics.keep(found)
    assert same(real_statistics.reference_for(TinyLinear(), PICTURES), found)


class Repeated(TinyPictures):
    """Its two splits are equal."""

    def __init__(self, split: str = "train") -> None:
        super().__init__(50)


def test_test_samples_that_all_lie_in_the_training_set_are_refused(world, cache, monkeypatch):
    monkeypatch.setattr("measuring.Repeated", Repeated, raising=False)
    world(measuring_plugin(ganzoo_datasets={"repeated": "measuring:Repeated"}))
    with pytest.raises(MetricError, match="repeated: all its test samples are in its training set"):
        real_statistics.reference_for(TinyLinear(), Part("repeated"))


# --- The package's, where the data set isn't here ---------------------------------------------


@pytest.fixture
def no_network(cache, monkeypatch) -> list[str]:
    """No data set here, and nothing may be fetched: the names that were asked for."""
    asked: list[str] = []

    def refuse(name: str, split: str) -> None:
        asked.append(name)
        raise DataError(f"{name} cannot be fetched")

    monkeypatch.setattr("ganzoo.data.mnist.read_or_fetch", refuse)
    return asked


@pytest.mark.parametrize("asked", ["mnist", "ganzoo/mnist"])
def test_the_packages_statistics_serve_without_the_data_set(no_network, cache, asked):
    found = real_statistics.reference_for(classifier(), Part(asked))
    assert same(found, read_reference(package_file("cnn-mnist", "mnist")))
    assert same(real_statistics.shipped_or_made(classifier(), Part(asked)), found)
    assert no_network == []
    assert not (cache / "references").exists()


@pytest.mark.parametrize(
    "part", [Part("mnist", {"size": 32}), Part("fashion-mnist"), Part("stacked-mnist")]
)
def test_where_the_package_has_none_the_data_set_is_asked_for(no_network, part):
    with pytest.raises(DataError, match="cannot be fetched"):
        real_statistics.reference_for(classifier(), part)
    assert no_network


class OtherMNIST(TinyPictures):
    """Another plugin's data set of a name that the core's has."""

    @classmethod
    def is_here(cls) -> bool:
        return False


def test_another_plugins_data_set_of_that_name_is_another(world, no_network, monkeypatch):
    monkeypatch.setattr("measuring.OtherMNIST", OtherMNIST, raising=False)
    world(make_plugin("lab", ganzoo_datasets={"mnist": "measuring:OtherMNIST"}))
    assert real_statistics.shipped_reference(classifier(), Part("ganzoo/mnist")) is not None
    assert real_statistics.shipped_reference(classifier(), Part("lab/mnist")) is None


def test_what_the_package_has_for_mnist_is_left_where_mnist_lies_here(cache, monkeypatch):
    """Then it is measured, with all that the package leaves out."""

    def mini(name: str, split: str) -> tuple[Tensor, Tensor]:
        data = MNISTMini(split)
        return data.images[:200, 0], data.labels[:200]

    monkeypatch.setattr("ganzoo.data.mnist.read_or_fetch", mini)
    monkeypatch.setattr("ganzoo.data.mnist.is_here", lambda name: True)
    found = real_statistics.reference_for(classifier(), Part("mnist"))
    assert found.about.n == 200
    assert found.training is not None
    assert found.about.anchors == {}  # those of other images
    assert real_statistics.shipped_or_made(classifier(), Part("mnist")).about.n == 10_000


def put(cache: Path, name: str, ending: str) -> list[Path]:
    """Empty files under the names of torchvision's."""
    raw = cache.parents[1] / "data" / name / "raw"
    raw.mkdir(parents=True)
    files = [
        raw / f"{part}-{what}-ubyte{ending}"
        for part in ("train", "t10k")
        for what in ("images-idx3", "labels-idx1")
    ]
    for file in files:
        file.touch()
    return files


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_data_set_lies_here_with_all_its_files(cache, ending):
    assert not (MNIST.is_here() or StackedMNIST.is_here())
    files = put(cache, "MNIST", ending)
    assert MNIST.is_here() and StackedMNIST.is_here()
    assert real_statistics.is_here(Part("mnist")) and real_statistics.is_here(
        Part("ganzoo/stacked-mnist")
    )
    assert not (FashionMNIST.is_here() or real_statistics.is_here(Part("fashion-mnist")))
    files[2].unlink()
    assert not MNIST.is_here()


def make_pictures(length: int = 10) -> TinyPictures:
    """A data set as a function builds it."""
    return TinyPictures(length)


def test_what_fetches_nothing_is_always_here(small, world, monkeypatch):
    monkeypatch.setattr("measuring.make_pictures", make_pictures, raising=False)
    world(measuring_plugin(ganzoo_datasets={"made": "measuring:make_pictures"}))
    assert (
        real_statistics.is_here(MINI)
        and real_statistics.is_here(PICTURES)
        and real_statistics.is_here(Part("made"))
    )


def test_content_names_both_splits():
    class Other(TinyPictures):
        def batch(self, indices: Tensor) -> tuple[Tensor, None]:
            return -self.images[indices], None

    one, two = TinyPictures(9), Other(9)
    hashes = {
        real_statistics.both_hashes(*pair)
        for pair in ((one, one), (one, two), (two, one), (two, two))
    }
    assert len(hashes) == 4
