"""Run with `python -m pytest` in this example's folder, installed or not."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from ganzoo_halves.game import Pix2Pix
from ganzoo_halves.halves import HALF, SIDE, Halves
from ganzoo_halves.networks import Continuing, Judging

import ganzoo


def test_the_hooks_need_no_torch():
    code = "import sys, ganzoo_halves; sys.exit('torch' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_the_condition_is_the_left_half():
    digits, halves = Halves().batch(torch.tensor([5, 0, 5]))
    assert digits.shape == (3, *Halves.sample_shape)
    assert halves.shape == (3, *Halves.condition_shape)
    assert torch.equal(halves, digits[..., :HALF])
    assert torch.equal(halves[0], halves[2])
    assert (len(Halves()), len(Halves("test"))) == (2_000, 1_000)


def test_the_generator_keeps_the_left_half_and_makes_the_right():
    net, (_, halves) = Continuing().eval(), Halves().batch(torch.arange(2))
    latents = net.sample_latents(2, rng=torch.Generator().manual_seed(0))
    made = net(latents, halves)
    assert made.shape == (2, 1, SIDE, SIDE)
    assert torch.equal(made[..., :HALF], halves)
    assert not torch.equal(made, net(latents, halves.roll(1, 0)))
    assert made.abs().max() <= 1


def test_the_discriminator_judges_patches_beside_the_condition():
    net, (digits, halves) = Judging(), Halves().batch(torch.arange(4))
    scores = net(digits, halves)
    assert scores.shape == (4, 49)
    torch.testing.assert_close(scores[:1], net(digits[:1], halves[:1]))
    assert not torch.equal(scores, net(digits, halves.roll(1, 0)))


class TestGame:
    def round(self, labels=True):
        real = torch.tensor([[[[0.5, 1.0]]], [[[0.0, 0.0]]]])
        return SimpleNamespace(
            real=real,
            fake=torch.zeros_like(real),
            labels=torch.zeros(2, 1) if labels else None,
            discriminator=lambda samples: samples.flatten(1).sum(1),
            turn=0,
            log=lambda name, values: None,
        )

    def test_the_generator_is_drawn_to_the_answer(self):
        terms = Pix2Pix(nearness=10.0).generator(self.round())
        assert terms["nearness"].tolist() == [7.5, 0.0]
        torch.testing.assert_close(terms["adversarial"], torch.full((2,), 2.0).log())

    def test_without_conditions_it_says_so(self):
        with pytest.raises(ganzoo.GanzooError, match="pix2pix needs conditions"):
            Pix2Pix().discriminator(self.round(labels=False))
