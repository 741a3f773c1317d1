"""Text as data, as samples and as files."""

from __future__ import annotations

import pytest
import torch
from ganzoo_text.alphabet import TextError, texts
from ganzoo_text.corpus import Surnames, TextFile
from ganzoo_text.networks import GumbelGenerator, TextCritic, TextGenerator
from ganzoo_text.writing import TextWriter
from torch.testing import assert_close

import ganzoo
from ganzoo.views import Text

LINES = [f"{first}{second}" for first in "abcdefgh" for second in ("an", "elle", "ix", "omar")]


@pytest.fixture
def names(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("\n".join(LINES) + "\n\n", encoding="utf-8")
    return path


def all_texts(data):
    return texts(data.batch(torch.arange(len(data)))[0], data.legend)


def test_lines_come_back_as_they_were(names):
    train, test = TextFile(str(names)), TextFile(str(names), split="test")
    assert sorted([*all_texts(train), *all_texts(test)]) == sorted(LINES)
    assert train.alphabet == test.alphabet == "\n" + "".join(sorted(set("".join(LINES))))
    samples, labels = train.batch(torch.tensor([3, 0]))
    assert samples.shape == (2, *train.sample_shape) and labels is None
    assert_close(samples.sum(1), torch.ones(2, train.length))


def test_equal_lines_are_in_one_split(tmp_path):
    (tmp_path / "twice.txt").write_text("\n".join([*LINES, *LINES]), encoding="utf-8")
    both = [
        set(all_texts(TextFile(str(tmp_path / "twice.txt"), split=s))) for s in ("train", "test")
    ]
    assert not both[0] & both[1] and both[0] | both[1] == set(LINES)


def test_a_file_of_two_lines_has_one_in_each_split(tmp_path):
    (tmp_path / "two.txt").write_text("ada\nbo\n", encoding="utf-8")
    lines = [all_texts(TextFile(str(tmp_path / "two.txt"), split=s)) for s in ("train", "test")]
    assert sorted(lines) == [["ada"], ["bo"]]


def test_longer_lines_are_cut_and_that_is_said(names):
    data = TextFile(str(names), length=3)
    assert "(16 longer ones are cut, the longest has 5)" in data.summary
    assert {len(line) for line in all_texts(data)} == {3}


def test_windows_begin_at_words_and_splits_share_nothing(tmp_path):
    words = " ".join(f"w{number:04d}" for number in range(2_000))
    (tmp_path / "running.txt").write_text(words.replace(" ", "\n  "), encoding="utf-8")
    train, test = (
        TextFile(str(tmp_path / "running.txt"), length=11, windows=True, split=split)
        for split in ("train", "test")
    )
    windows = all_texts(train)
    assert all(window[0] == "w" and window[5] == " " for window in windows)
    assert not set(" ".join(windows).split()) & set(" ".join(all_texts(test)).split())


@pytest.mark.parametrize(
    ("content", "options", "text"),
    [
        (b"", {}, "is empty"),
        (b"aaaa\naaa\n", {}, "has one character, 'a'"),
        (b"only this\n", {}, "has one line; pass --set data.arguments.windows=true"),
        (b"caf\xe9\nth\xe9\n", {}, r"is not UTF-8 text \(byte 3 is 0xe9\)"),
        (b"ab\nba\n", {"length": 1}, "length is 2 characters or more, found 1"),
        (b"ab\nba\n", {"split": "val"}, "split is 'train' or 'test'"),
        (b"ab cd\nba\n", {"windows": True}, "has 8 characters, and windows of 32 take twice"),
        (b"ab\nxy\n", {"alphabet": "\nab"}, "2 characters that the alphabet of 3 lacks: 'x' 'y'"),
        (b"ab\nba\n", {"alphabet": "aab"}, "an alphabet is two characters or more, each once"),
    ],
)
def test_text_that_cannot_be_used_gets_one_line(tmp_path, content, options, text):
    (tmp_path / "bad.txt").write_bytes(content)
    with pytest.raises(TextError, match=text) as error:
        TextFile(str(tmp_path / "bad.txt"), **options)
    assert "\n" not in str(error.value)


def test_a_missing_file_gets_one_line(tmp_path):
    with pytest.raises(TextError, match="cannot be read: No such file"):
        TextFile(str(tmp_path / "none.txt"))


def test_a_path_after_the_name_opens_a_file(names):
    data = ganzoo.datasets.load(f"text:{names}", split="test")
    assert data.kind == "text" and set(all_texts(data)) < set(LINES)


def test_surnames_are_split_by_name():
    train, test = Surnames(), Surnames("test")
    assert (len(train), len(test), train.sample_shape) == (79_883, 8_916, (27, 13))
    assert len({*all_texts(train), *all_texts(test)}) == 88_799


def test_samples_are_distributions_in_training_and_letters_when_drawn():
    soft = TextGenerator((5, 4), 3, 8, 1)(torch.randn(6, 3))
    assert_close(soft.sum(1), torch.ones(6, 4))
    network = GumbelGenerator((5, 4), 3, 8, 1, temperature=0.5)
    assert_close(network(torch.randn(6, 3)).sum(1), torch.ones(6, 4))
    drawn = network.eval()(torch.randn(6, 3))
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    assert TextCritic((5, 4), 8, 1)(drawn).shape == (6,)


def test_training_draws_letters_with_the_generators_probabilities():
    torch.default_generator.manual_seed(0)
    network = GumbelGenerator((3, 2), 2, 8, 1, temperature=0.01)
    latents = torch.randn(1, 2)
    shares = network(latents.expand(20_000, -1)).mean(0)
    assert_close(shares, network.logits(latents)[0].softmax(0), atol=0.015, rtol=0)


def test_in_use_a_text_is_a_function_of_its_latent():
    network = GumbelGenerator((3, 2), 2, 8, 1).eval()
    latents = torch.randn(4, 2)
    assert torch.equal(network(latents), network(latents))
    assert torch.equal(network(latents).argmax(1), network.logits(latents).argmax(1))


def test_a_lower_temperature_is_nearer_to_letters():
    network = GumbelGenerator((5, 4), 3, 8, 1)
    highest = []
    for network.temperature in (2.0, 0.1):
        torch.default_generator.manual_seed(0)
        highest.append(network(torch.zeros(64, 3)).amax(1).mean())
    assert highest[0] < 0.5 and highest[1] > 0.9


def test_shapes_that_are_no_text_are_refused():
    with pytest.raises(ValueError, match=r"sample_shape is \[characters, length\]"):
        TextGenerator((3, 8, 8))
    with pytest.raises(ValueError, match="temperature must be above 0"):
        GumbelGenerator(temperature=0.0)


def test_the_writer_writes_lines_whole(names, tmp_path):
    data, writer = TextFile(str(names)), TextWriter()
    samples = data.batch(torch.arange(5))[0]
    (file,) = writer.write(samples, tmp_path / "new" / "out.txt", data.legend)
    assert file.read_text(encoding="utf-8").splitlines() == all_texts(data)[:5]
    assert writer.write(samples, tmp_path / "folder", data.legend)[0].name == "samples.txt"
    assert [*tmp_path.rglob("*.part*")] == [] and len([*file.parent.iterdir()]) == 1
    with pytest.raises(TextError, match=r"text is written as \.txt, \.npy, or into a folder"):
        writer.write(samples, tmp_path / "out.png", data.legend)
    with pytest.raises(TextError, match="beside an alphabet of"):
        writer.lines(samples, {"alphabet": "ab"})


def test_characters_that_would_steer_a_terminal_are_replaced():
    legend = {"alphabet": "\x1ba"}
    samples = torch.eye(2)[None]
    assert TextWriter().lines(samples, legend) == ["\N{REPLACEMENT CHARACTER}a"]


def test_pictures_of_text_are_of_one_size(names):
    data = TextFile(str(names))
    pictures = TextWriter().pictures(data.batch(torch.arange(4))[0], data.legend)
    assert pictures.dtype == torch.uint8 and pictures.shape[:3] == (4, 1, 64)
    assert (pictures.flatten(1).amin(1) < 100).all(), "each has ink"


def test_a_page_shows_text_in_the_letters_of_lines():
    view = TextWriter().view((3, 5), {"alphabet": "\n\x1ba"})
    assert view == Text(("\N{REPLACEMENT CHARACTER}",) * 2 + ("a",), end=0)
    assert TextWriter().view((2, 5), {"alphabet": "ab"}) == Text(("a", "b"))
    assert TextWriter().view((2, 5), {"alphabet": "abc"}) is None
    assert ganzoo.load("gumbel-surnames").view.end == 0


def test_text_in_another_alphabet_is_not_compared(tmp_path):
    (tmp_path / "other.txt").write_text("Émile\nanna\nberta\nzoe\n", encoding="utf-8")
    with pytest.raises(TextError, match="1 character that the alphabet of 27 lacks: 'É'"):
        ganzoo.evaluate("gumbel-surnames", data=f"text:{tmp_path / 'other.txt'}", n=64)


def test_lines_of_a_published_model_are_those_of_its_seed():
    model = ganzoo.load("gumbel-surnames")
    assert model.lines(5, seed=0) == model.lines(8, seed=0)[:5]
    assert all(line.isalpha() and line.islower() for line in model.lines(64, seed=1))
