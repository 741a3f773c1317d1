"""The page's own arithmetic in a browser, against torch and ganzoo."""

from __future__ import annotations

import pytest
import torch
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
      const about = { latents: { classes: { count: 3 } }, directions: [{ name: "smile" }] };
      const states = args[1].map((hash) => read(hash, about));
      return states.map((state) => [write(state), state]);"""
    good = "seed=7&picture=3&class=2&truncation=0.5&other=7.9&blend=0.25&by.smile=-1.5&word=ABBA"
    bad = "seed=-1&picture=99&class=3&truncation=x&other=y&blend=7&by.smile=nan&by.frown=1"
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
