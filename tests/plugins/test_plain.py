"""What parts are given in Python becomes what config.json holds, or is refused before training."""

from __future__ import annotations

import enum
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import ganzoo
from ganzoo.errors import ConfigError
from ganzoo.specs import Part, write_record
from ganzoo.specs.reading import to_json
from ganzoo.weights import save_weights
from short_runs import config, play
from tiny import TinyGenerator, tiny_plugin


class Rise(enum.Enum):
    """How a network begins; its values are what JSON holds."""

    FLAT = "flat"
    STEEP = ("steep", 2)


class Choosy(TinyGenerator):
    """Takes a member of an enumeration by its value, a path, and a shape as any sequence."""

    def __init__(self, sample_shape=(2,), rise="flat", notes="", latent_dim=4):
        super().__init__(sample_shape, latent_dim)
        self.rise, self.notes = Rise(rise), Path(notes)


@pytest.fixture(autouse=True)
def zoo(world, monkeypatch):
    monkeypatch.setattr("tiny.Choosy", Choosy, raising=False)
    return world(tiny_plugin(ganzoo_generators={"choosy": "tiny:Choosy"}))


GIVEN = {"sample_shape": (2,), "rise": Rise.FLAT, "notes": Path("notes/mine")}
PLAIN = {"sample_shape": [2], "rise": "flat", "notes": "notes/mine"}


@pytest.mark.parametrize("late", [False, True])
def test_what_was_given_in_python_trains_and_is_loaded_again(tmp_path, late):
    """`late`: put into a config that was resolved before, as code does."""
    made = config(generator=("choosy", {} if late else GIVEN))
    if late:
        made = replace(made, generator=Part(made.generator.name, GIVEN))
    assert play(made, tmp_path / "run").kind == "finished"
    model = ganzoo.load(tmp_path / "run")
    assert dict(model.card.config.generator.arguments) == PLAIN
    assert model.generator.rise is Rise.FLAT
    assert model.sample(2, seed=0).shape == (2, 2)
    assert play(made, tmp_path / "run").kind == "already finished"


def test_the_arguments_beside_weights_are_plain(tmp_path):
    network = Choosy()
    records = [
        save_weights(tmp_path / "weights", network, Part("choosy", given))
        for given in (GIVEN, PLAIN)
    ]
    assert records[0] == records[1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            torch.zeros(2),
            r"generator\.arguments\.latent_dim is a Tensor, which config\.json cannot",
        ),
        ({1, 2}, r"generator\.arguments\.latent_dim is a set"),
        ([1, {"deep": print}], r"generator\.arguments\.latent_dim\[1\]\.deep is a builtin_fun"),
        ({1: 2}, r"generator\.arguments\.latent_dim: 1 is not text"),
        (TinyGenerator, r"generator\.arguments\.latent_dim is a ABCMeta"),
    ],
)
def test_what_json_has_nothing_for_is_refused_before_training(tmp_path, value, text):
    made = config(generator="choosy")
    made = replace(made, generator=Part(made.generator.name, {"latent_dim": value}))
    with pytest.raises(ConfigError, match=text) as raised:
        play(made, tmp_path / "run")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_values_become_what_json_has():
    given = {"a": (1, 2.5), "b": Rise.STEEP, "c": Path("x/y"), "d": [None, True], "e": {"f": "g"}}
    plain = {"a": [1, 2.5], "b": ["steep", 2], "c": "x/y", "d": [None, True], "e": {"f": "g"}}
    assert write_record(given) == plain
    assert to_json(write_record(given)) == to_json(plain)
