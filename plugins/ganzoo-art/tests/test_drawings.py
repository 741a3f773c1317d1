"""The data sets: shapes, labels, splits without leaks, refusals."""

from __future__ import annotations

import json
import re
import tomllib
import zipfile
from functools import cache
from pathlib import Path

import pytest
import torch
from ganzoo_art.letters import FOLDER, LETTERS, AlphabetWriter, Letters
from ganzoo_art.portraits import Faces, PixelFaces
from ganzoo_art.sheets import DATA, ArtError, lot
from PIL import Image
from torch import Tensor
from torch.testing import assert_close
from torchvision.transforms.functional import pil_to_tensor

import ganzoo
from ganzoo.measure.real_statistics import splits
from ganzoo.specs import Part
from ganzoo.views import Pictures

ROOT = Path(__file__).parents[1]
SPLITS = ("train", "test")


@cache
def opened(kind: type, split: str = "train", **arguments):
    """A data set, opened once; lists of attributes are tuples here."""
    return kind(split=split, **arguments)


def cell(name: str, sheet: int, row: int, column: int, side: int, mode: str) -> Tensor:
    """A cell of a sheet, cut out of the picture: uint8 [C, side, side]."""
    with Image.open(DATA / name / f"sheet-{sheet:02d}.webp") as image:
        place = (side * column, side * row, side * (column + 1), side * (row + 1))
        return pil_to_tensor(image.crop(place).convert(mode))


def rows_of(data: ganzoo.Dataset) -> list[bytes]:
    return [drawing.numpy().tobytes() for drawing in data.drawings]


# --- What a batch holds -----------------------------------------------------------------------

SHAPES = [
    (Letters, {}, (1, 32, 32), 26),
    (Letters, {"size": 16}, (1, 16, 16), 26),
    (Letters, {"view": "alphabet"}, (26, 32, 32), None),
    (Letters, {"view": "alphabet", "size": 16}, (26, 16, 16), None),
    (PixelFaces, {}, (3, 16, 16), None),
    (PixelFaces, {"size": 32, "attribute": "hair"}, (3, 32, 32), 45),
    (Faces, {}, (3, 64, 64), None),
    (Faces, {"size": 32, "attribute": "glasses"}, (3, 32, 32), 6),
]


@pytest.mark.parametrize(("kind", "arguments", "shape", "classes"), SHAPES)
def test_samples_and_labels(kind, arguments, shape, classes):
    data = opened(kind, "test", **arguments)
    samples, labels = data.batch(torch.tensor([5, 0, 5]))
    assert data.sample_shape == shape and samples.shape == (3, *shape)
    assert samples.dtype == torch.float32
    assert samples.min() >= -1 and samples.max() <= 1 and samples.min() < samples.max()
    assert_close(samples[0], samples[2], rtol=0, atol=0)
    assert data.num_classes == classes
    if classes is None:
        assert labels is None and data.class_names is None
    else:
        assert labels.dtype == torch.int64 and len(data.class_names) == classes
        assert data.labels.max() < classes


def test_black_and_white_are_the_ends():
    samples, _ = opened(Letters, "test").batch(torch.arange(26))
    assert samples.min() == -1 and samples.max() == 1


@pytest.mark.parametrize(("kind", "total"), [(Letters, 45_734), (PixelFaces, 60_000)])
def test_both_splits_are_all(kind, total):
    sizes = [len(opened(kind, split)) for split in SPLITS]
    assert sum(sizes) == total
    assert sizes[1] / total == pytest.approx(0.1, abs=0.005)


# --- Where a sample comes from ----------------------------------------------------------------


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("place", [0, 77, -1])
def test_a_letter_is_the_cell_of_its_font(split, place):
    data, all_fonts = opened(Letters, split), json.loads((FOLDER / "fonts.json").read_text())
    number = all_fonts["fonts"].index(data.fonts[place])
    for letter in (0, 17, 25):
        row = (place % len(data.fonts)) * 26 + letter
        wanted = cell("letters", number // 444, number % 444, letter, 32, "L")
        assert_close(data.drawings[row], wanted, rtol=0, atol=0)
        assert data.batch(torch.tensor([row]))[1].item() == letter
        assert data.class_names[letter] == LETTERS[letter] == chr(ord("A") + letter)


@pytest.mark.parametrize(
    ("kind", "name", "total", "side", "down", "across"),
    [(PixelFaces, "pixel-faces", 60_000, 16, 100, 100), (Faces, "faces", 24_000, 64, 40, 50)],
)
def test_a_portrait_is_the_cell_of_its_number(kind, name, total, side, down, across):
    """The test split's first and last: their numbers follow from the rule alone."""
    data = opened(kind, "test")
    chosen = [row for row in range(total) if lot(f"{name} {row}") < 0.1]
    for place in (0, -1):
        sheet, rest = divmod(chosen[place], down * across)
        wanted = cell(name, sheet, *divmod(rest, across), side, "RGB")
        assert_close(data.drawings[place], wanted, rtol=0, atol=0)


@pytest.mark.parametrize(("kind", "split"), [(PixelFaces, "train"), (Faces, "test")])
def test_labels_are_of_the_same_portrait(kind, split):
    """The background is in every portrait's corner."""
    data = opened(kind, split, attribute="primaryBackgroundColor")
    colours = torch.tensor([list(bytes.fromhex(name[1:])) for name in data.class_names])
    assert (data.drawings[:, :, 0, 0] == colours[data.labels]).all()


def test_an_alphabet_is_its_letters():
    letters, whole = opened(Letters, "test"), opened(Letters, "test", view="alphabet")
    assert letters.fonts == whole.fonts and len(whole) == len(whole.fonts)
    one, _ = whole.batch(torch.tensor([3]))
    several, _ = letters.batch(torch.arange(3 * 26, 4 * 26))
    assert_close(one[0], several[:, 0], rtol=0, atol=0)


def test_a_page_shows_an_alphabet_in_rows():
    assert AlphabetWriter().view((26, 32, 32), {}) == Pictures(7)


def test_smaller_ones_are_means_and_larger_ones_repeat():
    small, own = opened(Faces, "test", size=32).drawings[:50], opened(Faces, "test").drawings[:50]
    means = torch.nn.functional.avg_pool2d(own.float(), 2)
    assert (small.float() - means).abs().max() <= 0.5
    large, own = opened(PixelFaces, "test", size=32), opened(PixelFaces, "test")
    doubled = own.drawings.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert torch.equal(large.drawings, doubled)


# --- Attributes -------------------------------------------------------------------------------


def test_conditions_are_one_value_of_each_attribute():
    asked = ("hair", "hatColor")
    data = opened(PixelFaces, "test", attributes=asked)
    _, conditions = data.batch(torch.arange(100))
    assert data.num_classes is None
    assert data.condition_shape == (45 + 8,) and conditions.shape == (100, 53)
    assert conditions.dtype == torch.float32
    assert (conditions[:, :45].sum(1) == 1).all() and (conditions[:, 45:].sum(1) == 1).all()
    assert data.condition_names[0] == "hair=long01" and data.condition_names[-1] == "hatColor=none"
    labels = opened(PixelFaces, "test", attribute="hair").labels[:100]
    assert torch.equal(conditions[:, :45].argmax(1), labels)


@pytest.mark.parametrize("thing", ["accessories", "glasses", "hat"])
def test_the_colour_of_what_is_absent_is_none(thing):
    things = PixelFaces("test", attribute=thing)
    colours = PixelFaces("test", attribute=f"{thing}Color")
    absent = things.labels == things.class_names.index("none")
    assert torch.equal(absent, colours.labels == colours.class_names.index("none"))
    assert 0 < absent.sum() < len(absent)


def test_what_is_always_alike_is_no_attribute():
    assert len(opened(PixelFaces, "test").values) == 17
    assert len(opened(Faces, "test").values) == 10 and "base" not in opened(Faces, "test").values


# --- Splits -----------------------------------------------------------------------------------


def test_the_measuring_side_finds_the_splits():
    train, test = splits(Part("ganzoo-art/letters", {"size": 16}))
    assert len(train) == 41_132 and len(test) == 4_602


def test_no_family_is_in_both_splits():
    names = [
        {re.match(r"\d*[^-\d]*", font).group() for font in opened(Letters, split).fonts}
        for split in SPLITS
    ]
    assert names[0].isdisjoint(names[1])


def test_no_letter_is_in_both_splits():
    ours, theirs = (set(rows_of(opened(Letters, split))) for split in SPLITS)
    assert ours.isdisjoint(theirs)


def test_no_alphabet_is_nearly_in_both_splits():
    """Squared distance by the lighter one's squared norm, as families were joined."""
    train, test = (
        opened(Letters, split, view="alphabet").drawings.flatten(1).float() / 255
        for split in SPLITS
    )
    ours, theirs = train.square().sum(1), test.square().sum(1)
    apart = ours[:, None] + theirs - 2 * train @ test.T
    assert (apart / torch.minimum(ours[:, None], theirs)).min() > 0.06


@pytest.mark.parametrize(("kind", "equal"), [(PixelFaces, 0), (Faces, 1)])
def test_no_portrait_is_in_both_splits(kind, equal):
    ours, theirs = (rows_of(opened(kind, split)) for split in SPLITS)
    assert set(ours).isdisjoint(theirs)
    assert len(ours) + len(theirs) - len({*ours, *theirs}) == equal


def test_fonts_without_letters_are_left_out():
    left_out = json.loads((FOLDER / "families.json").read_text())["without_letters"]
    used = {font for split in SPLITS for font in opened(Letters, split).fonts}
    everything = json.loads((FOLDER / "fonts.json").read_text())["fonts"]
    assert used | set(left_out) == set(everything) and used.isdisjoint(left_out)


# --- Refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "arguments", "said"),
    [
        (Letters, {"split": "validation"}, "split is 'train' or 'test', found 'validation'"),
        (Letters, {"size": 64}, "letters has no drawings of size 64; there are those of 32 and 16"),
        (Letters, {"view": "style"}, "view is 'letter' or 'alphabet', found 'style'"),
        (PixelFaces, {"size": 64}, "pixel-faces has no drawings of size 64; .* 16 and 32"),
        (Faces, {"size": 16}, "faces has no drawings of size 16; .* 64 and 32"),
        (Faces, {"split": ""}, "split is 'train' or 'test', found ''"),
        (Faces, {"attribute": "hat"}, "faces has no attribute 'hat'; there are earrings, eyebrows"),
        (PixelFaces, {"attributes": ["hat", "nose"]}, "no attribute 'nose'; there are accessories"),
        (PixelFaces, {"attributes": "hat"}, "attributes is a list of names, found 'hat'"),
        (PixelFaces, {"attributes": []}, r"attributes is a list of names, found \[\]"),
        (PixelFaces, {"attributes": ["hat", "hat"]}, "attributes names one twice: hat, hat"),
        (Faces, {"attribute": "hair", "attributes": ["eyes"]}, "name one of the two"),
    ],
)
def test_what_there_is_not_is_refused_in_a_line(kind, arguments, said):
    with pytest.raises(ArtError, match=said) as caught:
        kind(**arguments)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, ganzoo.GanzooError)


def test_a_missing_sheet_is_named(tmp_path, monkeypatch):
    (tmp_path / "letters").mkdir()
    monkeypatch.setattr("ganzoo_art.letters.FOLDER", tmp_path / "letters")
    for name in ("fonts.json", "families.json", "sheet-00.webp"):
        (tmp_path / "letters" / name).write_bytes((DATA / "letters" / name).read_bytes())
    with pytest.raises(ArtError, match="lacks sheets of 34632 drawings; install ganzoo-art again"):
        Letters()


# --- Content, devices, writing ----------------------------------------------------------------


def test_the_hash_names_content_and_what_is_told():
    kinds = [
        PixelFaces("test"),
        PixelFaces("test", attribute="hair"),
        PixelFaces("test", attribute="mouth"),
        PixelFaces("test", size=32),
        PixelFaces("train"),
    ]
    assert len({data.content_hash() for data in kinds}) == 5
    assert PixelFaces("test").content_hash() == kinds[0].content_hash()


def test_they_are_always_here():
    assert Letters.is_here() and PixelFaces.is_here() and Faces.is_here()


def test_moving_to_the_cpu_changes_nothing():
    data = PixelFaces("test", attribute="hair")
    before = data.batch(torch.arange(4))
    data.to(torch.device("cpu"))
    for one, other in zip(before, data.batch(torch.arange(4)), strict=True):
        assert torch.equal(one, other)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_moving_to_a_gpu_moves_all():
    data = PixelFaces("test", attribute="hair")
    data.to(torch.device("cuda"))
    samples, labels = data.batch(torch.arange(4))
    assert samples.is_cuda and labels.is_cuda


def test_alphabets_are_written_as_lines(tmp_path):
    data = opened(Letters, "test", view="alphabet")
    samples, _ = data.batch(torch.arange(3))
    assert data.kind == "alphabet"
    writer = AlphabetWriter()
    assert writer.pictures(samples, {}).shape == (3, 1, 32, 26 * 32)
    (file,) = writer.write(samples, tmp_path / "deep" / "wall.png", {})
    (inside,) = writer.write(samples, tmp_path / "folder", {})
    assert inside == tmp_path / "folder" / "alphabets.png"
    with Image.open(file) as image:
        assert image.size == (26 * 32, 3 * 32)
        second_b = pil_to_tensor(image.crop((32, 32, 64, 64)))
    assert torch.equal(second_b[0], data.drawings[1, 1])
    assert sorted(path.name for path in file.parent.iterdir()) == ["wall.png"]
    with pytest.raises(ArtError, match="are written as .png, .webp, or into a folder"):
        writer.write(samples, tmp_path / "wall.csv", {})


# --- What is shipped --------------------------------------------------------------------------


def test_no_file_is_large_and_the_notice_names_every_set():
    assert max(file.stat().st_size for file in DATA.rglob("*.*")) < 12 * 2**20
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for folder in DATA.iterdir():
        assert f"\n{folder.name}\n" in notice
    assert "Lisa Wischofsky, CC BY 4.0" in notice
    assert "Wischofsky, CC BY 4.0" in Faces.attribution
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "NOTICE" in project["license-files"]


@pytest.mark.slow
def test_the_wheel_carries_the_sheets_and_the_notice(tmp_path):
    from hatchling.builders.wheel import WheelBuilder

    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {f"ganzoo_art/data/{f.relative_to(DATA)}" for f in DATA.rglob("*.*")}
    assert wanted <= names and len(wanted) == 28
    assert any(name.endswith("licenses/NOTICE") for name in names)
