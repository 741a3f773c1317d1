"""The page's own arithmetic in a browser, against torch and ganzoo."""

from __future__ import annotations

import io

import pytest
import torch
from ganzoo_web.pages.walls import laid_out
from torch.testing import assert_close

import ganzoo
from ganzoo import latent

ABOUT = "const { %s } = await import(args[0] + '%s.js');"


@pytest.fixture
def calls(visitor, modules):
    """Call a function of a module: `calls("random", "derived", "return ...", ...)`."""
    visitor.browser.get(modules)

    def call(module: str, names: str, body: str, *arguments):
        return visitor.awaits(ABOUT % (names, module) + body, modules, *arguments)

    return call


def test_a_seed_draws_torchs_latents(calls):
    """For every size of block: in groups of 16, with a rest, and of the least size."""
    body = """
      return args[1].map(([seed, width, index]) => {
        const draws = new Draws({ width, law: args[2], classes: null });
        return [...draws.latent(seed, index)];
      });"""
    wanted = [(0, 100, 0), (7, 100, 63), (123456789012, 128, 64), (3, 1, 5), (3, 2, 200)]
    for law in ("normal", "uniform"):
        for (seed, width, index), drawn in zip(
            wanted, calls("draws", "Draws", body, wanted, law), strict=True
        ):
            model = model_of(width, law)
            expected = model.latents(1, seed=seed, start=index)[0]
            assert_close(torch.tensor(drawn), expected, rtol=0, atol=1e-6)


def model_of(width: int, law: str) -> ganzoo.Model:
    """A model whose latents have a width and follow a law."""
    name = {"normal": "dcgan", "uniform": "infogan"}[law]
    generator = ganzoo.create_generator(name, latent_dim=width)
    return ganzoo.Model(generator, ganzoo.card("dcgan-mnist"), torch.device("cpu"))


@pytest.mark.parametrize("shares", [[], [0.25] * 4, [0.5, 0.0, 0.3, 0.2]])
def test_a_seed_draws_ganzoos_classes(calls, shares):
    body = """
      const draws = new Draws({ width: 1, law: "normal", classes: { count: 4, shares: args[1] } });
      return [...draws.labels(5, 0), ...draws.labels(5, 1)];"""
    expected = drawn_labels(4, 128, seed=5, shares=tuple(shares))
    assert calls("draws", "Draws", body, shares) == expected


def drawn_labels(count: int, n: int, *, seed: int, shares: tuple[float, ...]) -> list[int]:
    from ganzoo.sampling import drawn_labels

    return drawn_labels(count, n, seed=seed, shares=shares).tolist()


@pytest.mark.parametrize("truncation", [0.1, 0.7, 1.4])
def test_latents_are_cut_as_ganzoo_cuts_them(calls, truncation):
    from ganzoo.truncation import cut_normal

    values = torch.cat([torch.linspace(-5, 5, 101), torch.randn(50, generator=rng())])
    body = "return [...cutNormal(Float32Array.from(args[1]), args[2])];"
    cut = calls("steering", "cutNormal", body, values.tolist(), truncation)
    assert_close(torch.tensor(cut), cut_normal(values, 2 * truncation), rtol=0, atol=1e-6)


def test_blends_go_the_way_of_walks(calls):
    start, end = torch.randn(2, 20, generator=rng())
    pairs = [[start, end], [start, 2 * start], [start, -start]]
    body = """
      return args[1].map(([a, b]) => [0, 0.3, 1].map((share) =>
        [...slerp(Float32Array.from(a), Float32Array.from(b), share)]));"""
    asked = [[a.tolist(), b.tolist()] for a, b in pairs]
    for (a, b), ways in zip(pairs, calls("steering", "slerp", body, asked), strict=True):
        expected = latent.slerp(a, b, torch.tensor([0, 0.3, 1]))
        assert_close(torch.tensor(ways), expected, rtol=0, atol=1e-5)


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_an_address_keeps_the_state_and_forgives_nonsense(calls):
    body = """
      const about = {
        latents: { classes: { count: 3 } }, directions: [{ name: "smile" }],
        conditions: { count: 8 },
      };
      const states = args[1].map((hash) => read(hash, about));
      return states.map((state) => [write(state), state]);"""
    good = "seed=7&picture=3&class=2&truncation=0.5&other=7.9&blend=0.25&by.smile=-1.5&given=5"
    good += "&is.hair=long03&word=ABBA"
    bad = "seed=-1&picture=99&class=3&truncation=x&other=y&blend=7&by.smile=nan&given=9"
    bad += "&is.hair=long%3D03"
    (kept, _), (_, forgiven) = calls("address", "read, write", body, [good, bad])
    assert kept == good
    assert forgiven == {
        "seed": 0,
        "index": 63,
        "label": None,
        "truncation": 1,
        "amounts": {},
        "other": {"seed": 0, "index": 1},
        "share": 1,
        "word": None,
        "given": 7,
        "wishes": {"hair": "long=03"},
    }


def test_words_are_spelt_with_the_classes_that_are_there(calls):
    body = """
      const letters = [..."ABCDLNOW"];
      return [
        drawsCharacters({ classes: { names: letters } }),
        drawsCharacters({ classes: { names: ["zero", "one"] } }),
        drawsCharacters({ classes: null }),
        ["a", "B", "é", " "].map((letter) => classOf(letter, letters)),
        firstWord("dcgan-wall", letters), firstWord("xyz", letters),
      ];"""
    found = calls("word", "drawsCharacters, classOf, firstWord", body)
    assert found == [True, False, False, [0, 1, None, None], "dcan wall", "ABCDLNOW"]


def test_text_is_the_likeliest_letters_up_to_the_end(calls):
    """As ganzoo-text reads it; a view without an end has none."""
    body = """
      const view = { characters: ["-", "a", "b"], end: args[2] };
      return textOf(Float32Array.from(args[1].flat()), [3, 4], view);"""
    sample = [[0.1, 0.2, 0.9, 0.1], [0.8, 0.3, 0.0, 0.6], [0.1, 0.5, 0.1, 0.3]]
    assert calls("textview", "textOf", body, sample, 0) == "ab"
    assert calls("textview", "textOf", body, sample, None) == "ab-a"


def test_notes_are_runs_of_one_pitch(calls):
    body = """
      const shape = [1, 5, 3], view = { threshold: 0.5, lowest: 60, voices: args[2] };
      const sample = Float32Array.from(args[1].flat());
      return notesOf(sounding(sample, shape, view), shape, view);"""
    roll = [[0, 0.5, 0], [0, 0.9, 0.8], [0, 0, 0], [1, 0, 0], [0.9, 0.7, 0]]
    note = {"track": 0, "pitch": 61, "step": 0, "length": 2}
    found = calls("roll", "notesOf, sounding", body, roll, False)
    assert found == [
        note,
        {**note, "pitch": 62, "step": 1, "length": 1},
        {**note, "pitch": 60, "step": 3},
        {**note, "step": 4, "length": 1},
    ]
    alone = calls("roll", "notesOf, sounding", body, roll, True)
    assert [(one["pitch"], one["length"]) for one in alone] == [(61, 2), (60, 2)]


def test_a_midi_file_has_the_notes_at_their_times(calls):
    mido = pytest.importorskip("mido", reason="mido is not installed")
    body = """
      const pace = { stepsPerBeat: 2, beatsPerMinute: 90 };
      return [...midiOf(args[1], ["violin", "bass"], pace)];"""
    first = {"track": 0, "pitch": 60, "step": 0, "length": 2}
    notes = [first, {**first, "step": 2, "length": 300}, {**first, "track": 1, "pitch": 40}]
    file = mido.MidiFile(file=io.BytesIO(bytes(calls("midi", "midiOf", body, notes))))
    assert file.type == 1 and [track.name for track in file.tracks[1:]] == ["violin", "bass"]
    assert mido.tempo2bpm(file.tracks[0][0].tempo) == pytest.approx(90, abs=0.01)
    times = [(m.type, m.note, m.time) for m in file.tracks[1] if not m.is_meta]
    beat = file.ticks_per_beat
    assert times == [
        ("note_on", 60, 0),
        ("note_off", 60, beat),
        ("note_on", 60, 0),
        ("note_off", 60, 150 * beat),
    ]


def test_a_hole_is_what_a_data_set_would_hide(calls):
    """The condition is that of ganzoo-translate, and colours come back to the byte."""
    rng = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (4, 6, 5), dtype=torch.uint8, generator=rng)
    pixels[3] = torch.where(pixels[3] < 64, 0, 255)
    body = """
      const image = { data: Uint8ClampedArray.from(args[1]), width: 5, height: 6 };
      const { colours, missing } = pictureOf(image, args[2]);
      return [...conditionOf(colours, missing, 0)];"""
    for channels in (1, 3):
        given = pixels.permute(1, 2, 0).flatten().tolist()
        made = calls("hole", "pictureOf, conditionOf", body, given, channels)
        expected = hidden(pixels.float().div(127.5).sub(1)[None], channels)
        assert_close(torch.tensor(made).view_as(expected[0]), expected[0], rtol=0, atol=0.005)


def hidden(pictures: torch.Tensor, channels: int) -> torch.Tensor:
    """What `pairs` makes of pictures with transparent pixels."""
    from ganzoo_translate.pairs import Pairs

    from ganzoo.condition_pictures import pictures_given

    def read(shape: tuple[int, ...]) -> torch.Tensor:
        return pictures_given(pictures, shape)

    shape = (channels, *pictures.shape[2:])
    given = ganzoo.OwnPictures(shape, (channels + 1, *shape[1:]), read, {})
    return Pairs.conditions_of(given, transform="mask")


def test_a_stroke_covers_what_is_near_its_line(calls):
    body = """
      const mask = new Uint8Array(48).fill(args[1]);
      stroke(mask, [6, 8], { x: 1, y: 1 }, { x: 6, y: 1 }, 1.2, 1 - args[1]);
      return [...mask];"""
    painted = torch.tensor(calls("hole", "stroke", body, 0)).view(6, 8)
    assert painted.nonzero()[:, 0].unique().tolist() == [0, 1]
    assert painted[:2, 1:6].all() and not painted[:, 7:].any()
    assert (torch.tensor(calls("hole", "stroke", body, 1)).view(6, 8) == 1 - painted).all()


def test_channels_that_are_pictures_stand_in_rows(calls):
    """As the wall of Python lays them out."""
    body = """
      const { shape, lay } = layoutOf([5, 2, 3], { columns: 2 });
      return [shape, [...lay(Float32Array.from(args[1]))]];"""
    alphabet = torch.rand(1, 5, 2, 3, generator=rng())
    shape, values = calls("pictures", "layoutOf", body, alphabet.flatten().tolist())
    expected = laid_out(alphabet, 2)
    assert shape == [1, 6, 6] == [*expected.shape[1:]]
    assert_close(torch.tensor(values).view_as(expected), expected)


@pytest.mark.parametrize("pitch", [45, 69, 84])
def test_a_note_sounds_at_its_pitch_and_ends(calls, pitch):
    """Rendered without a loudspeaker: MIDI's 69 is A at 440 Hz."""
    body = """
      const audio = new OfflineAudioContext(1, 44100, 44100);
      const player = Object.assign(new Player({}), { audio, out: audio.destination });
      player.play({ track: 0, pitch: args[1] }, 0, 0.5);
      return [...(await audio.startRendering()).getChannelData(0)];"""
    sound = torch.tensor(calls("sound", "Player", body, pitch))
    spectrum = torch.fft.rfft(sound[2205:18589] * torch.hann_window(16384)).abs()
    heard = float(spectrum.argmax()) * 44100 / 16384
    assert heard == pytest.approx(440 * 2 ** ((pitch - 69) / 12), abs=2.7)
    assert sound[:22050].abs().max() > 0.1 > 1e-3 > sound[35000:].abs().max()
