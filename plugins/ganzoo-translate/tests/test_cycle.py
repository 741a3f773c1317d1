"""CycleGAN: its history, its terms, and a run that is interrupted."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from ganzoo_translate.cycle import CycleGAN
from ganzoo_translate.errors import TranslateError
from ganzoo_translate.patches import PatchDiscriminator
from ganzoo_translate.residual import Block, CycleTranslator, Residual
from torch import Tensor, nn

import ganzoo
from ganzoo import Discriminator, Player
from ganzoo.weights import read_tensors


def shown(loss: CycleGAN, values: list[float], rng: torch.Generator) -> list[float]:
    """What a history gives for fakes of these values; both kinds are the same."""

    def uniform(*shape: int, shared: bool = False) -> Tensor:
        return torch.rand(*shape, generator=rng)

    fakes = torch.tensor(values)[:, None, None, None]
    round = SimpleNamespace(uniform=uniform)
    targets, inputs = loss._from_history(round, fakes, fakes)
    assert torch.equal(targets, inputs)
    return targets.flatten().tolist()


def test_the_first_fakes_are_shown_as_they_are_and_older_ones_later():
    loss, rng = CycleGAN([1, 1, 1], [1, 1, 1], history=4), torch.Generator().manual_seed(0)
    assert shown(loss, [1.0, 1.0, 1.0], rng) == [1.0, 1.0, 1.0]
    assert int(loss.held) == 3
    later = torch.tensor([shown(loss, [-1.0, -1.0], rng) for _ in range(40)])
    assert (later[:8] == 1).any()
    assert (later[-8:] == -1).all()
    assert loss.old_targets.flatten().tolist() == [0, 0, 0, 0]


def test_half_of_what_is_shown_is_old():
    loss, rng = CycleGAN([1, 1, 1], [1, 1, 1], history=50), torch.Generator().manual_seed(0)
    values = torch.linspace(-1, 1, 256)
    new = 0
    for turn in range(400):
        value = float(values[turn % 256])
        new += (
            sum(abs(one - value) < 1e-6 for one in shown(loss, [value] * 2, rng))
            if turn > 99
            else 0
        )
    assert 0.42 < new / 600 < 0.58


def test_without_a_history_all_is_new():
    loss = CycleGAN([1, 1, 1], [1, 1, 1], history=0)
    assert shown(loss, [0.5, -0.5], torch.Generator()) == [0.5, -0.5]


class Linear(Discriminator):
    """Scores 2 t + 3 x of the sums over targets and inputs, in one patch each."""

    sample_shape = condition_shape = (1, 2, 2)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        assert labels is not None
        return torch.stack([2 * samples.flatten(1).sum(1), 3 * labels.flatten(1).sum(1)], 1)


@pytest.mark.parametrize("which", ["r1", "r2"])
def test_penalties_are_those_of_both_judges(which):
    """|grad|^2 is 4 pixels of 2^2 and 4 of 3^2; gamma / 2 and the interval weigh it."""
    loss = CycleGAN([1, 2, 2], [1, 2, 2], history=0, penalty_interval=8, **{f"{which}_gamma": 0.5})
    pictures = torch.zeros(3, 1, 2, 2)
    for due in (True, False):
        round = SimpleNamespace(
            real=pictures,
            fake=pictures,
            labels=pictures,
            discriminator=Player(Linear(), pictures),
            generator=Player(CycleTranslator([1, 16, 16], 16, 1, width=4, blocks=1)),
            log=lambda name, values: None,
            due=lambda every, due=due: due and every == 8,
        )
        round.generator.module.back = nn.Identity()
        terms = loss.discriminator(round)
        assert terms.keys() == {"real", "fake", *([which] if due else [])}
        if due:
            torch.testing.assert_close(terms[which], torch.full((3,), 8 * 0.25 * 52))
    assert loss.double_backward


def test_without_norms_colours_pass_and_blocks_begin_as_nothing():
    """Instance norm takes a picture's mean away, and a plain ground loses its colour."""
    network = Residual(1, 1, 4, 2, "none")
    for block in (layer for layer in network.layers if isinstance(layer, Block)):
        maps = torch.randn(2, 16, 4, 4)
        torch.testing.assert_close(block(maps), maps + block.layers[-1].bias.view(1, -1, 1, 1))
    picture = torch.randn(1, 1, 16, 16) / 3
    changes = {}
    for norm in ("none", "instance"):
        dark, bright = Residual(1, 1, 4, 2, norm)(torch.cat([picture, picture + 0.5]))
        changes[norm] = (bright - dark).abs().max().item()
    assert changes["instance"] < 1e-4 < changes["none"]


def test_another_generator_is_refused():
    round = SimpleNamespace(
        generator=SimpleNamespace(module=nn.Identity()), labels=torch.zeros(1, 1, 1, 1)
    )
    with pytest.raises(TranslateError, match="cyclegan needs a generator for both directions"):
        CycleGAN([1, 1, 1], [1, 1, 1]).generator(round)


def test_a_judge_of_pairs_is_refused():
    shape = {"condition_shape": [1, 16, 16], "size": 16, "channels": 1, "width": 4}
    pictures = torch.zeros(1, 1, 16, 16)
    round = SimpleNamespace(
        real=pictures,
        labels=pictures,
        generator=SimpleNamespace(module=CycleTranslator(**shape, blocks=1)),
        discriminator=SimpleNamespace(module=PatchDiscriminator(**shape)),
    )
    with pytest.raises(TranslateError, match="found patch, .*; take the discriminator two-patches"):
        CycleGAN([1, 16, 16], [1, 16, 16]).discriminator(round)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"cycle": -1.0}, "cycle must be 0 or more, found -1.0"),
        ({"history": 1.5}, "history is a number of pictures, found 1.5"),
        ({"condition_shape": [3, 1, 1]}, "identity needs inputs and targets of one shape"),
    ],
)
def test_what_does_not_fit_is_said(arguments, said):
    with pytest.raises(TranslateError, match=said):
        CycleGAN(**{"sample_shape": [1, 1, 1], "condition_shape": [1, 1, 1], **arguments})


def test_a_run_that_stopped_half_way_is_the_run_that_did_not(tmp_path):
    """The history included; sizes, channels and conditions are filled from the data."""
    mini = {"name": "mnist-mini", "arguments": {"size": 16}}
    wish = {
        "generator": "cycle",
        "discriminator": "two-patches",
        "loss": "cyclegan",
        "data": "unpaired",
        "batch": 4,
        "set": {
            "data.arguments": {"inputs": mini, "targets": mini},
            "generator.arguments": {"width": 4, "blocks": 1},
            "discriminator.arguments": {"width": 4},
            "loss.arguments": {"history": 6},
        },
    }
    for out, stops in (("whole", [24]), ("halves", [12, 24])):
        for images in stops:
            ganzoo.train(**wish, images=images, out=tmp_path / out)
    whole, halves = (
        {
            file.name: read_tensors(file)
            for file in sorted((tmp_path / out / "checkpoints").glob("*24*/*.safetensors"))
        }
        for out in ("whole", "halves")
    )
    assert whole.keys() == halves.keys() and whole
    names = [name for tensors in whole.values() for name in tensors]
    assert any("old_targets" in name for name in names)
    for file, tensors in whole.items():
        assert all(torch.equal(halves[file][name], value) for name, value in tensors.items())
