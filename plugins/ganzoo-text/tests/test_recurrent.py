"""Text that is written character after character, and maximum likelihood before a game."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from ganzoo_text.alphabet import TextError
from ganzoo_text.likelihood import LikelihoodFirst
from ganzoo_text.networks import TextCritic, TextGenerator
from ganzoo_text.recurrent import RecurrentGenerator, gumbel_noise
from torch.nn.functional import one_hot
from torch.testing import assert_close

from ganzoo import Player, Round


@pytest.fixture
def writer():
    torch.default_generator.manual_seed(0)
    network = RecurrentGenerator((3, 2), width=8)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter)
    return network


def every_text():
    """All nine texts of two characters out of three, one-hot."""
    return one_hot(torch.tensor([*product(range(3), repeat=2)]), 3).transpose(1, 2).float()


def test_normal_latents_become_gumbel_noise():
    assert_close(gumbel_noise(torch.tensor([0.0])), torch.tensor([-math.log(math.log(2))]))
    noise = gumbel_noise(torch.randn(200_000, generator=torch.Generator().manual_seed(0)))
    assert_close(noise.mean(), torch.tensor(0.5772), atol=0.01, rtol=0)
    assert_close(noise.std(), torch.tensor(math.pi / math.sqrt(6)), atol=0.01, rtol=0)
    assert gumbel_noise(torch.tensor([-50.0, 50.0])).isfinite().all()


def test_the_likelihoods_of_all_texts_add_up_to_1(writer):
    assert_close(writer.log_likelihood(every_text()).exp().sum(), torch.tensor(1.0))


@torch.no_grad()
def test_texts_are_written_as_often_as_they_are_likely(writer):
    latents = writer.sample_latents(20_000, rng=torch.Generator().manual_seed(0))
    written = writer(latents)
    assert torch.equal(written.sum(1), torch.ones(20_000, 2))
    shares = torch.einsum("ncl,tcl->nt", written, every_text()).eq(2).float().mean(0)
    assert_close(shares, writer.log_likelihood(every_text()).exp(), atol=0.012, rtol=0)


def test_a_text_is_a_function_of_its_latent_in_training_too(writer):
    latents = torch.randn(16, 6)
    learning = writer.train()(latents)
    assert_close(learning, writer.eval()(latents))
    assert learning.requires_grad


def test_a_choice_has_the_gradient_of_a_softmax(writer):
    scores = torch.randn(4, 3, requires_grad=True)
    weights = torch.randn(4, 3)
    writer.temperature = 0.5
    (ours,) = torch.autograd.grad((writer.choose(scores) * weights).sum(), scores)
    (plain,) = torch.autograd.grad(((scores / 0.5).softmax(1) * weights).sum(), scores)
    assert_close(ours, plain)


def a_round(generator, images_seen):
    torch.default_generator.manual_seed(1)
    real, latents = every_text(), torch.randn(9, generator.latent_dim)
    return Round(
        real=real,
        fake=generator(latents),
        latents=latents,
        labels=None,
        discriminator=Player(TextCritic((3, 2), 8, 1)),
        generator=Player(generator),
        images_seen=images_seen,
        step=0,
        turn=0,
        uniform=torch.rand,
        normal=torch.randn,
        log=lambda name, values: None,
    )


def test_likelihood_comes_first_and_then_the_game(writer):
    loss = LikelihoodFirst(likelihood_images=100, r1_gamma=1.0)
    early, late = a_round(writer, 99), a_round(writer, 100)
    assert loss.discriminator(early) == {}
    (likelihood,) = loss.generator(early).values()
    assert_close(likelihood, -writer.log_likelihood(every_text()) / 2)
    assert set(loss.discriminator(late)) == {"pairs", "r1"}
    assert set(loss.generator(late)) == {"generator"}


def test_likelihood_needs_a_generator_that_knows_it():
    loss, other = LikelihoodFirst(likelihood_images=100), TextGenerator((3, 2), 4, 8, 1)
    with pytest.raises(TextError, match="TextGenerator cannot tell how likely a text is; give --g"):
        loss.generator(a_round(other, 0))
    with pytest.raises(TextError, match="likelihood_images is a whole number of samples, found -1"):
        LikelihoodFirst(likelihood_images=-1)
