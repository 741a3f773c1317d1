"""Statistics of real samples as files: the same bits again, and never another extractor's."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from ganzoo.data.devices import as_bytes, as_floats
from ganzoo.errors import MetricError, WeightsError
from ganzoo.extractors.shipped import FOLDER, open_folder, read_extractor_config
from ganzoo.measure.anchors import ANCHORS
from ganzoo.measure.evaluate import CHECKED, SAMPLES
from ganzoo.measure.features import extract
from ganzoo.measure.figures import feature_figures
from ganzoo.measure.references import (
    HEAVY,
    PACKAGE,
    extractor_hash,
    package_file,
    read_reference,
)
from ganzoo.specs import write_record
from ganzoo.weights import tensor_bytes
from measuring import (
    TinyClasses,
    TinyLinear,
    TinyPictures,
    measuring_plugin,
    mini_reference,
    same,
    tiny_reference,
)


@pytest.fixture
def reference(world):
    world(measuring_plugin())
    return tiny_reference(TinyClasses())


@pytest.fixture
def file(reference, tmp_path):
    """A whole reference on disk, to damage."""
    reference.save(tmp_path / "real.safetensors")
    return tmp_path / "real.safetensors"


def rewritten(file, about=None, **tensors):
    """The file with another text about itself, and other tensors; None takes one out."""
    kept = {name: t for name, t in {**load_file(file), **tensors}.items() if t is not None}
    if about is None:
        about = json.loads(about_text(file))
        about["tensors"] = ""  # what is wrong with them is to be found by looking
    file.write_bytes(tensor_bytes(kept, about))
    return file


def about_text(file):
    with safe_open(file, "pt") as opened:
        return opened.metadata()["ganzoo"]


def about_of(reference, **keys):
    return {**write_record(reference.about), **keys}


# --- Round trips ------------------------------------------------------------------------------


def test_a_whole_one_comes_back_bit_by_bit(reference, file):
    assert same(read_reference(file), reference)
    assert reference.shares is not None and reference.pixels is not None


def test_not_one_bit_of_a_covariance_is_lost(tmp_path):
    """Of 4,096 values, some would not survive being divided by n - 1 and multiplied again."""
    mini_reference().save(tmp_path / "real.safetensors")
    assert same(read_reference(tmp_path / "real.safetensors"), mini_reference())


def test_a_light_one_leaves_out_what_only_the_data_set_gives(reference, tmp_path):
    reference.save(tmp_path / "light.safetensors", light=True)
    found = read_reference(tmp_path / "light.safetensors")
    assert same(found, replace(reference, training=None, pixels=None))
    assert not set(HEAVY) & load_file(tmp_path / "light.safetensors").keys()


def test_one_without_classes_has_no_shares(world, tmp_path):
    world(measuring_plugin())
    reference = tiny_reference()
    reference.save(tmp_path / "one.safetensors")
    assert reference.shares is None
    assert same(read_reference(tmp_path / "one.safetensors"), reference)


def test_equal_ones_have_equal_bytes(reference, tmp_path):
    """Written twice, made twice, or read and written again."""
    read = reference
    written = set()
    for number, one in enumerate((reference, tiny_reference(TinyClasses()), read)):
        one.save(tmp_path / f"{number}")
        written.add((tmp_path / f"{number}").read_bytes())
        read = read_reference(tmp_path / f"{number}")
    read.save(tmp_path / "again")
    written.add((tmp_path / "again").read_bytes())
    assert len(written) == 1


def test_features_are_held_in_float16(reference, file):
    tensors = load_file(file)
    assert tensors["features"].dtype == tensors["training"].dtype == torch.float16
    assert tensors["mean"].dtype == tensors["covariance"].dtype == torch.float64
    assert tensors["pixels"].dtype == torch.uint8
    found = read_reference(file)
    assert found.features.dtype == found.training.dtype == torch.float32
    torch.testing.assert_close(
        found.features, TinyClasses()(reference.pixels).detach(), atol=0.02, rtol=1e-2
    )


def test_figures_are_the_same_from_memory_and_from_a_file(reference, file):
    seen = extract(TinyClasses(), [TinyPictures(100, seed=9).images], "x")
    assert feature_figures(seen, read_reference(file)) == feature_figures(seen, reference)


def test_bytes_become_what_data_sets_give_and_back():
    every = torch.arange(256).byte()
    assert torch.equal(as_floats(every), every.float() / 127.5 - 1)
    assert torch.equal(as_bytes(as_floats(every)), every)
    assert as_bytes(torch.tensor([-1.1, 1.1])).tolist() == [0, 255]


def test_anchors_are_added_by_their_number_of_samples(reference, tmp_path):
    rows = {"real": {"fd": 0.25}, "noise": {"fd": 90.0}}
    more = reference.with_anchors(100, rows).with_anchors(50, {"real": {"fd": 0.5}})
    more.save(tmp_path / "one")
    found = read_reference(tmp_path / "one")
    assert found.anchors(100) == rows
    assert found.anchors(50) == {"real": {"fd": 0.5}}
    assert found.anchors(70) == reference.anchors(100) == {}


# --- What is refused --------------------------------------------------------------------------


def test_another_extractors_statistics_are_refused_by_name(reference):
    assert reference.require(TinyClasses()) is reference
    with pytest.raises(
        MetricError, match="measured by tiny-classes, and samples by tiny-linear; p"
    ):
        reference.require(TinyLinear())
    with pytest.raises(MetricError, match=r"x.safetensors: .* pass --extractor tiny-classes$"):
        reference.require(TinyLinear(), "x.safetensors")


def test_another_versions_statistics_are_refused_by_name(reference):
    with pytest.raises(MetricError, match="by another version of tiny-classes .*; measure them ag"):
        reference.require(TinyClasses(seed=1))


def test_an_extractors_hash_is_of_its_weights_alone():
    one = TinyLinear()
    assert extractor_hash(one) == extractor_hash(TinyClasses().train())
    with torch.no_grad():
        one.matrix[0, 0] += 1e-7
    assert extractor_hash(one) != extractor_hash(TinyClasses())
    one.register_buffer("more", torch.tensor(True))
    assert len(extractor_hash(one)) == 64


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(MetricError, match="nowhere: there is no such file; --save-reference write"):
        read_reference(tmp_path / "nowhere")


@pytest.mark.parametrize("keep", [0, 5, 200, -1])
def test_a_torn_file_is_refused(file, keep):
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(WeightsError, match="not a complete safetensors file"):
        read_reference(file)


@pytest.mark.parametrize(
    ("about", "text"),
    [
        ({"ganzoo_reference": 3, "more": 1}, "ganzoo_reference 3, this ganzoo reads 2; upgrade"),
        ({"ganzoo_reference": 0}, "ganzoo_reference must be a whole number from 1, found 0"),
        ({"format": 1, "part": "tiny/tiny"}, "the key 'ganzoo_reference' is missing"),
        ([1], "expected an object with the key 'ganzoo_reference'"),
    ],
)
def test_another_kind_of_file_or_version_is_told_before_its_keys(file, about, text):
    with pytest.raises(MetricError, match=f"real.safetensors: .*{text}"):
        read_reference(rewritten(file, about))


def test_a_file_without_a_word_about_itself_is_refused(file):
    from safetensors.torch import save_file

    save_file(load_file(file), file)
    with pytest.raises(MetricError, match=r"expected an object .*\(the file must hold statistics"):
        read_reference(file)


def test_an_unknown_key_is_named(reference, file):
    with pytest.raises(MetricError, match="unknown key 'nearset'; did you mean 'nearest'"):
        read_reference(rewritten(file, about_of(reference, nearset=1)))


@pytest.mark.parametrize("name", ["mean", "covariance", "features"])
def test_a_missing_tensor_is_named(file, name):
    with pytest.raises(MetricError, match=f"'{name}' is missing; measure them again"):
        read_reference(rewritten(file, **{name: None}))


@pytest.mark.parametrize(
    ("tensors", "text"),
    [
        ({"features": torch.zeros(9, 4)}, r"'features' holds rows of \[4\], \[3\] belong there"),
        ({"training": torch.zeros(9)}, r"'training' holds rows of \[\], \[3\] belong"),
        ({"pixels": torch.zeros(9, 1, 5, 4).byte()}, r"'pixels' holds rows of \[1, 5, 4\]"),
        ({"covariance": torch.zeros(4, 4).double()}, r"mean.* covariance"),
        (
            {"covariance": torch.full((3, 3), float("nan"))},
            "'covariance' holds NaN or infinity; measure them again",
        ),
        ({"covariance": torch.arange(9.0).view(3, 3)}, "a covariance is symmetric"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(file, tensors, text):
    with pytest.raises(MetricError, match=text):
        read_reference(rewritten(file, **tensors))


def test_other_tensors_than_were_written_are_refused(reference, file):
    """Halves of nothing are still tensors, and would give figures."""
    reference.save(file)
    about = json.loads(about_text(file))
    features = reference.features.half()
    features[: len(features) // 2] = 0
    with pytest.raises(
        MetricError, match=r"written with sha256 .*, and now have .* the file is damaged"
    ):
        read_reference(rewritten(file, about, features=features))


def test_a_file_of_the_first_version_is_read(reference, file):
    """It knew no hash, no halves and no number of training samples."""
    about = json.loads(about_text(file)) | {"ganzoo_reference": 1}
    for key in ("tensors", "halves", "training"):
        del about[key]
    assert read_reference(rewritten(file, about)).about.halves is False


def test_a_distance_that_would_be_divided_by_is_above_0(reference, file):
    with pytest.raises(MetricError, match=r"nearest must be above 0, found 0\.0"):
        read_reference(rewritten(file, about_of(reference, nearest=0.0)))


# --- The package's ----------------------------------------------------------------------------


SHIPPED = sorted(path.name for path in FOLDER.iterdir())


@pytest.mark.parametrize("name", SHIPPED)
def test_the_package_has_statistics_for_each_of_its_extractors(name):
    data = read_extractor_config(FOLDER / name / "config.json").data
    found = read_reference(package_file(name, data.name.rpartition("/")[2]))
    extractor = open_folder(FOLDER / name)
    assert found.require(extractor) is found
    assert found.about.data == data
    assert found.about.sample_shape == extractor.sample_shape
    assert (found.about.n, found.moments.n) == (10_000, 10_000)
    assert found.features.shape == (2000, extractor.feature_dim)
    assert (found.training, found.pixels) == (None, None)
    assert (found.shares is None) == (extractor.num_classes is None)
    if found.shares is not None:
        assert found.shares.sum() == pytest.approx(1)
        assert found.shares.min() > 0.08
    torch.testing.assert_close(
        found.features.double().mean(0), found.moments.mean, atol=0.15, rtol=0
    )


@pytest.mark.parametrize("name", SHIPPED)
def test_the_packages_anchors_stand_in_order(name):
    data = read_extractor_config(FOLDER / name / "config.json").data
    found = read_reference(package_file(name, data.name.rpartition("/")[2]))
    assert found.about.anchors.keys() == {str(CHECKED), str(SAMPLES)}
    for n in (CHECKED, SAMPLES):
        rows = found.anchors(n)
        assert set(rows) == set(ANCHORS)
        assert 0 < rows["real"]["fd"] < rows["Gaussian"]["fd"] < rows["noise"]["fd"]
        assert rows["real"]["recall"] > rows["Gaussian"]["recall"]
        assert rows["real"]["memorisation"] == 1.0
    assert found.anchors(SAMPLES)["real"]["fd"] < found.anchors(CHECKED)["real"]["fd"]


def test_the_packages_statistics_are_small_and_no_others_lie_there():
    files = sorted(PACKAGE.iterdir())
    assert len(files) == len(SHIPPED)
    assert all(200_000 < file.stat().st_size < 400_000 for file in files)


def test_the_packages_statistics_are_of_the_same_digits_as_mnist_minis():
    """mnist-mini's test digits are some of MNIST's, so their means lie near each other."""
    found = read_reference(package_file("cnn-mnist", "mnist"))
    mini = mini_reference()
    assert mini.about.extractor_sha256 == found.about.extractor_sha256
    torch.testing.assert_close(mini.moments.mean, found.moments.mean, atol=0.2, rtol=0)
    assert mini.about.nearest > found.about.nearest  # from fewer training samples
