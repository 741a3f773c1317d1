"""Figures of text: by hand for small texts, and the right way up for names."""

from __future__ import annotations

import math

import pytest
import torch
from ganzoo_text.alphabet import texts
from ganzoo_text.corpus import Surnames
from ganzoo_text.figures import JS4, NewAndLikely, Novelty, SelfBLEU, TrueWords, likely_text
from ganzoo_text.ngrams import LikelyText, jensen_shannon, ngrams, self_bleu, shares

from ganzoo import FigureInput


def test_n_grams_end_with_the_line():
    assert [*ngrams("anna", 4)] == ["anna", "nna\n"]
    assert [*ngrams("a", 4)] == ["a\n\n\n"]


def test_the_divergence_is_0_of_equals_and_1_of_strangers():
    ours = shares(["ab", "ab", "cd"], 2)
    assert ours == {"ab": 2 / 6, "b\n": 2 / 6, "cd": 1 / 6, "d\n": 1 / 6}
    assert jensen_shannon(ours, ours) == 0
    assert jensen_shannon(ours, shares(["xy"], 2)) == pytest.approx(1)
    # p = (1/2, 1/2), q = (1, 0): (log2(2/3) + log2(2) + 2 log2(4/3)) / 4
    by_hand = (math.log2(2 / 3) + math.log2(2) + 2 * math.log2(4 / 3)) / 4
    assert jensen_shannon({"a": 0.5, "b": 0.5}, {"a": 1.0}) == pytest.approx(by_hand)


def test_self_bleu_is_1_of_copies_and_lower_of_others():
    assert self_bleu(["maria"] * 3) == pytest.approx(1)
    assert self_bleu(["maria", "joszef", "duncan"]) < 0.5


def test_probabilities_of_the_next_character_add_up_to_1():
    model = LikelyText(["anna", "hanna", "nan"], order=2)
    letters = "ahn\n"
    for context in ("", "a", "an", "zz"):
        total = sum(model._probability(context, letter) for letter in letters)
        assert total + model._probability(context, "?") == pytest.approx(1)
    assert model.score("anna") > model.score("hhhh") > model.score("????")


@pytest.fixture(scope="module")
def surnames():
    return Surnames("train"), Surnames("test")


def drawn(samples, training, real):
    values = {"samples": samples, "training": training, "real": real}
    return FigureInput(len(samples), 0, lambda: iter([samples]), values.__getitem__)


def test_held_out_names_are_new_likely_and_varied(surnames):
    training, real = surnames
    held_out = drawn(real.batch(torch.arange(0, len(real), 6))[0], training, real)
    assert Novelty().measure(held_out) == 100
    assert TrueWords().measure(held_out) == 100
    assert 92 < NewAndLikely().measure(held_out) < 98
    assert 0.5 < SelfBLEU().measure(held_out) < 0.9
    assert JS4().measure(held_out) < 0.4


def test_noise_is_worse_in_every_figure(surnames):
    training, real = surnames
    noise = torch.rand(1_000, 27, 13, generator=torch.Generator().manual_seed(0))
    noise = drawn(noise, training, real)
    assert JS4().measure(noise) > 0.9
    assert NewAndLikely().measure(noise) < 1
    assert TrueWords().measure(noise) < 30


def test_a_word_that_people_can_say_is_likelier(surnames):
    model, least = likely_text(surnames[0])
    assert all(model.score(name) > least for name in ("marston", "kelbrand", "bellino"))
    assert all(model.score(name) < least for name in ("xqzpt", "grnwld", "aaaaaa"))


def test_figures_apply_to_text_alone():
    assert JS4().applies_to(Surnames("test"))
    from ganzoo.datasets import load

    assert not JS4().applies_to(load("mnist-mini"))
    assert texts(Surnames("test").batch(torch.tensor([0]))[0], Surnames("test").legend) == ["aakre"]
