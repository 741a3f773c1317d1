"""Figures of sources: what they are held against, what they say, and what is refused."""

from __future__ import annotations

import json
import statistics
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.testing import assert_close

from ganzoo.cards import catalogue
from ganzoo.data.splits import drawn
from ganzoo.errors import CardError, MetricError, UnknownNameError, UsageError
from ganzoo.measure.evaluate import CHECKED, SAMPLES, Evaluation, evaluate
from ganzoo.measure.features import extract
from ganzoo.measure.figures import BY_KEY, FIGURES, feature_figures
from ganzoo.measure.image_folder import FolderSource, is_image_folder
from ganzoo.measure.measurement import Measurement
from ganzoo.measure.methods import InFeatures, check_count, extractor_for, in_features
from ganzoo.measure.references import extractor_hash
from ganzoo.measure.sources import ModelSource
from ganzoo.specs import Part
from ganzoo.specs.reading import to_json
from ganzoo.writers.images import write_images
from image_files import BROKEN, noise, write_pictures
from measuring import (
    MINI,
    Given,
    TinyClasses,
    TinyLinear,
    TinyPictures,
    classifier,
    digits,
    measuring_plugin,
    mini_reference,
    normal,
    tiny_reference,
    write_digits,
)

LIGHT = ("fd", "kd", "precision", "recall", "density", "coverage")


@pytest.fixture
def small(world, cache):
    """A world of small parts, and an empty cache."""
    return world(measuring_plugin())


def pictures(seed: int, n: int = 100) -> Tensor:
    return TinyPictures(n, seed=seed).images


def evaluated(samples: Tensor, **options) -> Evaluation:
    """Figures of digits against mnist-mini."""
    return evaluate(
        Given(seed_0=samples),
        InFeatures(classifier(), mini_reference()),
        **{"n": len(samples), "seeds": (0,), **options},
    )


def values(report: Evaluation) -> dict[str, float]:
    return {key: found.value for key, found in report.figures.items()}


# --- What the figures say ---------------------------------------------------------------------


def test_real_digits_score_well_and_noise_does_not():
    real = values(evaluated(digits("train")[drawn(TinyPictures(2000), 500)]))
    bad = values(evaluated(normal(500, 1, 28, 28, seed=0).clamp(-1, 1)))
    assert list(real) == [figure.key for figure in FIGURES]
    for key in ("fd", "kd", "class_kl", "swd"):
        assert real[key] < 0.2 * bad[key]
    for key in ("precision", "recall", "density", "coverage"):
        assert real[key] > 0.5 > 0.1 > bad[key]


def test_copies_of_training_images_are_found_out():
    copies = values(evaluated(digits("train")[:300]))
    new = values(evaluated(digits("test")[:300]))
    assert copies["memorisation"] < 0.01
    assert new["memorisation"] == pytest.approx(1, abs=0.05)
    assert copies["fd"] < 3  # to which distances are blind


def test_a_collapse_to_two_classes_is_seen_by_what_looks_for_it():
    from ganzoo.data.mnist import MNISTMini

    _, labels = MNISTMini("train").batch(torch.arange(2000))
    found = values(evaluated(digits("train")[labels < 2][:300]))
    assert found["class_kl"] == pytest.approx(1.6, abs=0.1)  # ln 5
    assert found["coverage"] < 0.3 and found["recall"] < 0.4
    assert found["precision"] > 0.8 and found["confident"] > 0.95


def test_equal_samples_have_equal_figures():
    one, two = (evaluated(digits("test")[:200]) for _ in range(2))
    assert one.figures == two.figures


def test_nothing_draws_from_the_callers_random_state():
    before = torch.get_rng_state()
    evaluated(digits("test")[:200])
    assert torch.equal(torch.get_rng_state(), before)


def test_what_a_light_reference_lacks_is_left_out_and_said():
    light = replace(mini_reference(), training=None, pixels=None)
    report = evaluate(
        Given(seed_0=digits()[:200]), InFeatures(classifier(), light), n=200, seeds=(0,)
    )
    assert tuple(report.figures) == (*LIGHT, "class_kl", "confident")
    assert any("memorisation and sliced Wasserstein are left out" in n for n in report.notes)


def test_an_extractor_without_classes_says_so(small):
    report = evaluate(
        Given(seed_0=pictures(5)), InFeatures(TinyLinear(), tiny_reference()), n=100, seeds=(0,)
    )
    assert tuple(report.figures) == (*LIGHT, "memorisation", "swd")
    assert "tiny-linear knows no classes: no class KL and no confident share" in report.notes


def test_classes_that_no_real_sample_has_give_no_divergence(small):
    reference = tiny_reference(TinyClasses())
    assert not reference.lacks_classes
    one_sided = replace(reference, shares=torch.tensor([0.0, 1.0], dtype=torch.float64))
    source = Given(seed_0=pictures(5))
    report = evaluate(source, InFeatures(TinyClasses(), one_sided), n=100, seeds=(0,))
    assert "class_kl" not in report.figures and "confident" in report.figures
    assert any("no class KL: some of tiny-classes's classes win no real" in n for n in report.notes)


def test_names_say_whose_features_and_fid_is_inceptions_alone():
    names = {key: BY_KEY[key].name("cnn-mnist") for key in BY_KEY}
    assert (names["fd"], names["kd"]) == ("FD (cnn-mnist)", "KD (cnn-mnist)")
    assert names["recall"] == "recall"
    assert BY_KEY["fd"].name("inception-v3") == "FID"
    assert BY_KEY["kd"].name("inception-v3") == "KID"
    assert "FID" not in {figure.name("timm:resnet18") for figure in FIGURES}


def test_a_figure_is_written_with_the_digits_that_mean_something():
    assert BY_KEY["fd"].text(3.14159) == "3.14"
    assert BY_KEY["kd"].text(-0.00012) == "-0.0001"


def test_figures_are_of_the_first_samples_where_pairs_are_searched(small, monkeypatch):
    """2,000 in use; here 40, so that it shows."""
    monkeypatch.setattr("ganzoo.measure.figures.NEIGHBOURS", 40)
    reference, extractor = tiny_reference(), TinyLinear()
    samples = pictures(5)
    whole = feature_figures(extract(extractor, [samples], "x", keep=40), reference)
    part = feature_figures(extract(extractor, [samples[:40]], "x"), reference)
    for key in ("kd", "precision", "recall", "density", "coverage", "memorisation"):
        assert whole[key] == part[key]
    assert whole["fd"] != part["fd"]


# --- Seeds, spread, floors --------------------------------------------------------------------


def of_seeds(floors: dict[str, dict[str, float]] | None = None, **options) -> Evaluation:
    source = Given(seed_3=pictures(5), seed_4=pictures(6), seed_5=pictures(7))
    reference = tiny_reference(TinyClasses()).with_anchors(100, floors or {})
    return evaluate(source, InFeatures(TinyClasses(), reference), n=100, seeds=(3, 4, 5), **options)


def test_several_seeds_give_mean_and_spread(small):
    report = of_seeds()
    for found in report.figures.values():
        assert len(found.values) == 3
        assert found.value == pytest.approx(statistics.mean(found.values))
        assert found.spread == pytest.approx(statistics.stdev(found.values))
    assert report.figures["fd"].spread > 0
    assert report.protocol == (
        "3 features of tiny-classes, against 120 test samples of pictures; n = 100, sampling "
        "seeds 3 to 5"
    )


def test_a_single_seed_has_no_spread(small):
    report = evaluate(
        Given(seed_7=pictures(5)), InFeatures(TinyLinear(), tiny_reference()), n=100, seeds=(7,)
    )
    assert report.figures["fd"].spread is None
    assert report.protocol.endswith("n = 100, sampling seed 7")


def test_floors_stand_beside_the_figures_in_one_order(small):
    floors = {"noise": {"fd": 9.0, "kd": 8.0}, "real": {"fd": 0.5}}
    report = of_seeds(floors=floors)
    assert list(report.figures["fd"].anchors) == ["real", "noise"]
    assert report.figures["fd"].floor == 0.5
    assert report.figures["kd"].floor is None
    assert report.figures["recall"].anchors == {}
    assert not any("anchors were not measured" in note for note in report.notes)
    assert "the anchors were not measured at 100 samples, and need the data set" in of_seeds().notes


def test_a_floor_of_fewer_samples_is_told(small):
    source = Given(seed_0=pictures(5, 200))
    reference = tiny_reference()
    for n in (100, 200):
        reference = reference.with_anchors(n, {"real": {"fd": 0.5}})
    report = evaluate(source, InFeatures(TinyLinear(), reference), n=200, seeds=(0,))
    assert "the floor uses 120 real training samples: there are no more" in report.notes
    enough = evaluate(source, InFeatures(TinyLinear(), reference), n=100, seeds=(0,))
    assert not any("the floor uses" in note for note in enough.notes)


def test_what_happens_is_told(small):
    said: list[str] = []
    of_seeds(tell=said.append)
    assert said == [f"given: 100 samples, seed {seed}" for seed in (3, 4, 5)]


def test_the_report_says_what_was_measured_with_what(small):
    report, reference = of_seeds(), tiny_reference(TinyClasses())
    assert (report.source, report.sha256, report.extractor) == ("given", None, "tiny-classes")
    assert report.extractor_sha256 == reference.about.extractor_sha256
    assert (report.data, report.data_hash) == ("pictures", reference.about.data_hash)
    assert (report.real, report.n, report.feature_dim) == (120, 100, 3)
    assert report.hardware.startswith("cpu")
    assert report.versions["torch"] == torch.__version__
    assert report.versions["torch-fidelity"] == metadata.version("torch-fidelity")
    assert report.seconds >= 0


def test_a_report_is_json(small):
    report = of_seeds(floors={"real": {"fd": 0.5}})
    data = json.loads(to_json(report.record()))
    assert data == json.loads(json.dumps(report.record()))
    assert list(data["figures"]) == list(report.figures)
    fd = data["figures"]["fd"]
    assert fd["name"] == "FD (tiny-classes)"
    assert fd["values"] == list(report.figures["fd"].values)
    assert (fd["value"], fd["spread"]) == (report.figures["fd"].value, report.figures["fd"].spread)
    assert (fd["floor"], fd["anchors"]) == (0.5, {"real": 0.5})
    assert data["figures"]["kd"]["floor"] is None
    assert data["protocol"] == report.protocol
    assert data["seeds"] == [3, 4, 5]
    assert data["notes"] == list(report.notes)


def test_a_figure_of_one_value_is_that_value():
    fd = Measurement(BY_KEY["fd"], (2.0,))
    assert (fd.value, fd.floor) == (2.0, None)


# --- What is refused --------------------------------------------------------------------------


def test_too_few_samples_for_the_features_are_refused():
    with pytest.raises(MetricError, match="64 samples are too few for 64 features of cnn-mnist"):
        evaluated(digits()[:64])
    check_count(Given(seed_0=digits()[:65]), classifier(), 65)


class TinyWide(TinyLinear):
    """Eight features of each picture."""

    name, feature_dim = "tiny-wide", 8

    def __init__(self) -> None:
        super().__init__()
        self.matrix = torch.nn.Parameter(torch.eye(16)[:, :8])


def test_too_few_real_samples_have_every_figure_but_the_frechet_distance(small):
    wide = TinyWide()
    few = InFeatures(wide, tiny_reference(wide, length=14))
    measured = evaluate(Given(seed_0=pictures(5)), few, n=100, seeds=(0,))
    assert {"kd", "precision", "coverage", "swd"} <= measured.figures.keys()
    assert "fd" not in measured.figures
    assert "FD is left out: 8 features need more real samples than 7;" in measured.notes[1]


def test_another_extractors_statistics_are_refused(small):
    with pytest.raises(MetricError, match="measured by tiny-linear, and samples by tiny-classes"):
        evaluate(
            Given(seed_0=pictures(5)),
            InFeatures(TinyClasses(), tiny_reference()),
            n=100,
            seeds=(0,),
        )


def test_samples_of_another_shape_are_refused_with_the_sources_name():
    with pytest.raises(MetricError, match=r"given: samples of shape \[1, 4, 4\], and those of"):
        evaluated(pictures(5))


# --- The real side ----------------------------------------------------------------------------


def test_the_floor_is_measured_where_the_data_set_is_and_kept(small):
    extractor = TinyLinear()
    method = in_features(extractor, Part("pictures"), 50)
    real, floors = method.real, method.anchors(50)
    assert list(floors) == ["real", "Gaussian", "mean image", "noise"]
    assert extractor.shown == 240 + 4 * 50
    again = TinyLinear()
    cached = in_features(again, Part("pictures"), 50).real
    same_floors = cached.anchors(50)
    assert (again.shown, same_floors) == (0, floors)
    assert cached.about == real.about
    others = in_features(again, Part("pictures"), 60).anchors(60)
    assert again.shown == 4 * 60
    assert others != floors


def test_without_the_data_set_the_packages_floor_serves(cache):
    method = in_features(classifier(), Part("mnist"), CHECKED)
    real, floors = method.real, method.anchors(CHECKED)
    assert floors["real"]["fd"] < floors["noise"]["fd"]
    assert in_features(classifier(), Part("mnist"), SAMPLES).anchors(SAMPLES)
    assert in_features(classifier(), Part("mnist"), 777).anchors(777) == {}
    assert real.training is None


def test_each_of_the_cores_image_sets_has_its_extractor():
    assert extractor_for(Part("ganzoo/mnist")) == extractor_for(MINI) == "cnn-mnist"
    assert extractor_for(Part("fashion-mnist")) == "cnn-fashion-mnist"
    with pytest.raises(
        UsageError, match="no extractor is made for 'ganzoo/ring'; name one with --"
    ):
        extractor_for(Part("ring"))
    with pytest.raises(UnknownNameError, match="no dataset 'mnits'; did you mean 'mnist'"):
        extractor_for(Part("mnits"))


# --- Folders of images ------------------------------------------------------------------------


def test_a_folders_figures_are_those_of_its_images(tmp_path):
    images = digits("test")[:300]
    folder = write_digits(tmp_path / "digits", images)
    source = FolderSource(folder, classifier(), MINI)
    found = evaluate(source, InFeatures(classifier(), mini_reference()), n=300)
    wanted = evaluated(images)
    assert found.seeds == ()
    assert found.protocol.endswith("n = 300")
    for key, value in values(wanted).items():
        assert found.figures[key].value == pytest.approx(value, rel=1e-4, abs=1e-6)
        assert found.figures[key].spread is None


def test_every_image_is_read_once_bit_by_bit(tmp_path):
    images = digits("test")[:9]
    write_images(images, tmp_path / "digits")
    source = FolderSource(tmp_path / "digits", classifier(), MINI)
    found = torch.cat(list(source.batches(9, seed=0)))
    assert {x.numpy().tobytes() for x in found} == {x.numpy().tobytes() for x in images}
    assert torch.equal(torch.cat(list(source.batches(9, seed=1))), found)
    assert torch.equal(torch.cat(list(source.batches(4, seed=0))), found[:4])


def test_the_first_images_of_a_sorted_folder_are_no_class_alone(tmp_path):
    """Half are black, in `a/`; what comes first must be a fair sample."""
    write_digits(tmp_path / "all" / "a", torch.full((50, 1, 28, 28), -1.0))
    write_digits(tmp_path / "all" / "b", torch.full((50, 1, 28, 28), 1.0))
    source = FolderSource(tmp_path / "all", classifier(), MINI)
    first = torch.cat(list(source.batches(20, seed=0)))
    assert 4 < (first[:, 0, 0, 0] > 0).sum() < 16
    assert source.size == 100


def test_images_come_by_batches(tmp_path, monkeypatch):
    monkeypatch.setattr("ganzoo.measure.image_folder.BATCH", 4)
    source = FolderSource(write_digits(tmp_path / "digits", digits()[:9]), classifier(), MINI)
    assert [len(piece) for piece in source.batches(9, seed=0)] == [4, 4, 1]
    assert [len(piece) for piece in source.batches(6, seed=0)] == [4, 2]


def test_an_extractor_of_any_size_takes_the_folders_own_in_colour(tmp_path):
    extractor = TinyLinear()
    extractor.sample_shape = None
    source = FolderSource(write_pictures(tmp_path / "photos", 5), extractor, Part("folder"))
    assert source.shape == (3, 12, 12)
    assert torch.cat(list(source.batches(5, seed=0))).shape == (5, 3, 12, 12)


def test_images_get_the_channels_of_what_they_should_resemble(tmp_path):
    """As Inception and timm's networks do, it takes any images."""
    extractor = TinyLinear()
    extractor.sample_shape = None
    folder = write_digits(tmp_path / "digits", digits()[:3])
    assert FolderSource(folder, extractor, MINI).shape == (1, 28, 28)
    anything = Part("folder", {"path": str(folder)})
    grey = Part("folder", {"path": str(folder), "channels": 1})
    assert FolderSource(folder, extractor, anything).shape == (3, 28, 28)
    assert FolderSource(folder, extractor, grey).shape == (1, 28, 28)


def test_bright_images_are_what_they_are(tmp_path):
    """Bytes have a known range: images without one dark pixel do not seem to lie in [0, 1]."""
    bright = digits()[:200].clamp(min=0.1)
    source = FolderSource(write_digits(tmp_path / "digits", bright), classifier(), MINI)
    assert (
        evaluate(source, InFeatures(classifier(), mini_reference()), n=200).figures["fd"].value > 1
    )


@pytest.mark.parametrize("mode", ["zero to one", "8 bits in 16"])
def test_files_that_hold_another_range_are_refused(tmp_path, mode):
    folder = tmp_path / "digits"
    folder.mkdir()
    for number, image in enumerate(digits()[:70]):
        pixels = image[0].add(1).mul(127.5).round().numpy().astype("uint16")
        made = pixels if mode == "8 bits in 16" else (pixels > 127).astype("uint8")
        Image.fromarray(made).save(folder / f"{number}.png")
    source = FolderSource(folder, classifier(), MINI)
    with pytest.raises(
        MetricError, match=r"digits: no pixel is above 1 of 255, all images are black; if"
    ):
        evaluate(source, InFeatures(classifier(), mini_reference()), n=70)


def test_images_of_another_size_than_the_real_ones_are_refused(tmp_path):
    """Whatever the extractor makes of them: statistics of 28 px say nothing of 12 px."""
    extractor = TinyLinear()
    extractor.sample_shape = None
    source = FolderSource(write_pictures(tmp_path / "photos", 5), extractor, MINI)
    real = replace(mini_reference(), training=None, pixels=None)
    about = replace(
        real.about, extractor=extractor.name, extractor_sha256=extractor_hash(extractor)
    )
    with pytest.raises(MetricError, match=r"samples of shape \[., 12, 12\], and those of .*28, 28"):
        evaluate(source, InFeatures(extractor, replace(real, about=about)), n=5)


def test_what_the_kernel_distance_leaves_out_is_said(small, monkeypatch):
    for module in ("features", "methods"):
        monkeypatch.setattr(f"ganzoo.measure.{module}.KEPT", 100)
    source = Given(seed_0=pictures(5, 200))
    notes = evaluate(source, InFeatures(TinyLinear(), tiny_reference()), n=200, seeds=(0,)).notes
    assert "the kernel distance uses the first 100 samples" in notes


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("fd", 12.345, "12.35"),
        ("fd", 0.0034, "0.003"),
        ("fd", 0.0, "0.00"),
        ("kd", -3e-7, "-0.0000003"),
    ],
)
def test_a_figure_has_the_digits_that_mean_something(key, value, text):
    assert BY_KEY[key].text(value) == text


def test_colour_images_are_shown_in_grey_to_an_extractor_of_grey(tmp_path):
    (tmp_path / "photos").mkdir()
    noise(0, (28, 28)).save(tmp_path / "photos" / "one.png")
    source = FolderSource(tmp_path / "photos", classifier(), MINI)
    assert torch.cat(list(source.batches(1, seed=0))).shape == (1, 1, 28, 28)


def test_hidden_files_and_others_than_images_are_passed_over(tmp_path):
    folder = write_digits(tmp_path / "digits", digits()[:3])
    write_digits(folder / "more", digits()[3:5])
    (folder / "none.png").mkdir()
    for name in ("notes.txt", ".hidden.png", ".DS_Store", "more/.DS_Store", "more/._00000.png"):
        (folder / name).write_bytes(b"no image")
    source = FolderSource(folder, classifier(), MINI)
    assert source.size == 5
    assert len(torch.cat(list(source.batches(5, seed=0)))) == 5


@pytest.mark.parametrize(
    ("count", "text"), [(1, "holds one image, and"), (5, "holds 5 images, an")]
)
def test_a_folder_of_too_few_images_asks_for_more_of_them(tmp_path, count, text):
    source = FolderSource(write_digits(tmp_path / "few", digits()[:count]), classifier(), MINI)
    with pytest.raises(MetricError, match=f"few {text}.*; add images"):
        check_count(source, classifier(), count)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_image_is_named(tmp_path, name):
    make, reason = BROKEN[name]
    folder = write_digits(tmp_path / "digits", digits()[:2])
    (folder / name).write_bytes(make())
    with pytest.raises(MetricError, match=name) as refused:
        list(FolderSource(folder, classifier(), MINI).batches(3, seed=0))
    text = str(refused.value)
    assert f"{reason}; remove it, or make it again" in text or "pixels, and 28x28" in text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        ((12, 12), "odd.png: 12x12 pixels, and 28x28 are measured; a resized image would be anoth"),
        ((28, 27), "odd.png: 28x27 pixels, and 28x28 are measured; a resized image would be anoth"),
    ],
)
def test_an_image_of_another_size_is_refused(tmp_path, size, text):
    folder = write_digits(tmp_path / "digits", digits()[:2])
    noise(0, size).save(folder / "odd.png")
    with pytest.raises(MetricError, match=text):
        list(FolderSource(folder, classifier(), MINI).batches(3, seed=0))


def test_pictures_that_cannot_be_read_are_named_below_the_figures(tmp_path):
    folder = write_digits(tmp_path / "digits", digits()[:70])
    for name in ("a.heic", "b.heic", "c.nef"):
        (folder / name).write_bytes(b"x")
    source = FolderSource(folder, classifier(), MINI)
    assert source.size == 70
    heic, raw = source.notes
    assert heic.startswith("2 of 73 images are left out: a.heic and 1 more (HEIC; pip install")
    assert raw.startswith("1 of 73 images are left out: c.nef (a camera's raw file; export it as")


def test_folders_that_give_nothing_are_refused(tmp_path):
    with pytest.raises(MetricError, match=f"{tmp_path} contains no images"):
        FolderSource(tmp_path, classifier(), MINI)
    for name in (".DS_Store", "a.heic", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(
        MetricError, match="no images in a format that is .* holds a.heic and 1 more"
    ):
        FolderSource(tmp_path, classifier(), MINI)
    with pytest.raises(MetricError, match="nowhere cannot be read: No such file"):
        FolderSource(tmp_path / "nowhere", classifier(), MINI)


def test_more_images_than_there_are_are_refused(tmp_path):
    source = FolderSource(write_digits(tmp_path / "digits", digits()[:70]), classifier(), MINI)
    with pytest.raises(MetricError, match="digits contains 70 images, 71 were requested"):
        evaluate(source, InFeatures(classifier(), mini_reference()), n=71)


# --- Models, and which is which ---------------------------------------------------------------


def test_a_models_samples_are_those_that_it_draws():
    source = ModelSource("vanilla-mnist")
    assert (source.name, source.data.name, source.size) == ("vanilla-mnist", "ganzoo/mnist", None)
    assert source.shape == (1, 28, 28)
    assert source.sha256 == source.model.card.require_config().files["model.safetensors"].sha256
    found = torch.cat(list(source.batches(70, seed=3)))
    assert_close(found, source.model.sample(70, seed=3), atol=1e-5, rtol=0)


def test_a_folder_is_one_of_images_unless_it_is_a_model_or_a_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("images", "vanilla-mnist", "model", "run", "seeds"):
        Path(name).mkdir()
    Path("model/config.json").touch()
    Path("run/export").mkdir()
    Path("seeds/seeds.json").touch()
    for what in ("./images", "images/", f"{tmp_path}/images", Path("images")):
        assert is_image_folder(catalogue().as_path(what))
    for what in ("images", "vanilla-mnist", "./model", "./run", "./seeds", "./nowhere", "hf-hub:a"):
        assert not is_image_folder(catalogue().as_path(what))


def test_a_qualified_name_is_a_name_even_where_a_folder_of_that_path_lies(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ganzoo/vanilla-mnist").mkdir(parents=True)
    assert not is_image_folder(catalogue().as_path("ganzoo/vanilla-mnist"))
    assert is_image_folder(catalogue().as_path("./ganzoo/vanilla-mnist"))


def test_a_model_that_is_not_there_is_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'vanilla-mnist'"):
        ModelSource("vanila-mnist")
    with pytest.raises(CardError, match="no folder"):
        ModelSource("./nowhere")
