"""SeqGAN's oracle test: its text, its measure, and the protocol that trains on it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from ganzoo_text.alphabet import TextError
from ganzoo_text.corpus import Surnames
from ganzoo_text.oracle import Oracle, OracleNLL, OracleText

from ganzoo import Dataset, Discriminator, FigureInput, Generator
from ganzoo.bench.jobs import jobs_of
from ganzoo.bench.protocols import find
from ganzoo.build import build
from ganzoo.cards import catalogue
from ganzoo.engine.config import resolve


def test_the_likelihoods_of_all_texts_of_an_oracle_add_up_to_1():
    oracle = Oracle(4, seed=0)
    texts = torch.cartesian_prod(torch.arange(4), torch.arange(4), torch.arange(4))
    assert float((-3 * oracle.nll(texts)).exp().sum()) == pytest.approx(1, abs=1e-4)


def test_both_splits_are_texts_of_one_oracle():
    train, test = OracleText(20, 6, 300), OracleText(20, 6, 300, split="test")
    rows = torch.arange(300)
    assert not torch.equal(train.batch(rows)[0], test.batch(rows)[0])
    assert all(map(torch.equal, train.oracle.parameters(), test.oracle.parameters()))
    assert torch.equal(train.batch(rows)[0], OracleText(20, 6, 300).batch(rows)[0])
    assert len(set(train.legend["alphabet"])) == 20


def test_its_own_texts_are_likelier_than_noise():
    data = OracleText(20, 6, 500)
    values = {
        "own": data.batch(torch.arange(500))[0],
        "noise": torch.rand(500, 20, 6, generator=torch.Generator().manual_seed(0)),
    }
    nll = {
        name: OracleNLL().measure(
            FigureInput(500, 0, lambda some=some: iter(some.split(100)), {"real": data}.get)
        )
        for name, some in values.items()
    }
    assert nll["own"] == pytest.approx(float(data.oracle.nll(data._texts).mean()), abs=1e-5)
    assert nll["noise"] > nll["own"] + 1
    assert OracleNLL().applies_to(data) and not OracleNLL().applies_to(Surnames("test"))


@pytest.mark.parametrize("wrong", [{"vocabulary": 1}, {"length": 1}, {"texts": 1}])
def test_an_oracle_that_cannot_write_is_refused(wrong):
    with pytest.raises(TextError, match="an oracle has 2 to 20,000 symbols and writes 2 texts or"):
        OracleText(**wrong)


def test_the_protocol_is_whole():
    protocol = find(catalogue().manager, "ganzoo-text/oracle")
    jobs = jobs_of(protocol, Path("out"), seeds=1)
    configs = [resolve(job.raw, str(job)) for job in jobs]
    assert "paper" in protocol.budget
    parts = {repr(config.recipe.data): config.recipe.data for config in configs}
    shapes = {key: build(Dataset, part).sample_shape for key, part in parts.items()}
    for config in configs:
        shape = shapes[repr(config.recipe.data)]
        assert build(Generator, config.generator).sample_shape == shape
        assert build(Discriminator, config.discriminator).sample_shape == shape
    assert {"text-recurrent", "text-gumbel"} == {
        config.generator.name.rpartition("/")[2] for config in configs
    }
