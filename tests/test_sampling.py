"""Samples piece by piece are the samples: bit for bit, whatever the network draws."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

import ganzoo
from ganzoo import Generator, sampling
from ganzoo.errors import UsageError
from runs import run_ring
from tiny import TinyGenerator


class Noisy(TinyGenerator):
    """Draws noise inside, from torch's own generator."""

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return super().forward(latents, labels) + torch.randn(len(latents), 2)


class NoiseAlone(Generator):
    """Has no latents: all that it makes is drawn inside."""

    latent_dim, sample_shape = 0, (2,)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return torch.randn(len(latents), 2)


NETWORKS = {
    "plain": (TinyGenerator, {}),
    "conditional": (TinyGenerator, {"num_classes": 3}),
    "noisy": (Noisy, {}),
    "noisy and conditional": (Noisy, {"num_classes": 3}),
    "without latents": (NoiseAlone, {}),
}


@pytest.fixture(params=NETWORKS)
def generator(request) -> Generator:
    kind, arguments = NETWORKS[request.param]
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(0)
        return kind(**arguments).eval()


def labels_of(generator: Generator, n: int) -> Tensor | None:
    return None if generator.num_classes is None else torch.arange(n) % generator.num_classes


@pytest.mark.parametrize("n", [1, 63, 64, 65, 200])
@pytest.mark.parametrize("batch", [1, 7, 64, 500])
def test_pieces_are_the_samples_bit_for_bit(generator, n, batch):
    options = {"seed": 3, "labels": labels_of(generator, n), "batch": batch}
    pieces = list(sampling.batches(generator, n, **options))
    assert torch.equal(torch.cat(pieces), sampling.samples(generator, n, **options))
    assert all(0 < len(piece) <= max(batch, sampling.BLOCK) for piece in pieces)
    assert not any(piece.requires_grad for piece in pieces)


def test_samples_depend_neither_on_their_number_nor_on_the_batch(generator):
    labels = labels_of(generator, 200)
    whole = sampling.samples(generator, 200, seed=3, labels=labels)
    for n, batch in ((200, 9), (70, 64), (130, 500)):
        some = None if labels is None else labels[:n]
        found = sampling.samples(generator, n, seed=3, labels=some, batch=batch)
        if isinstance(generator, Noisy | NoiseAlone):
            assert torch.equal(found, whole[:n])
        else:
            assert_close(found, whole[:n], atol=1e-5, rtol=0)


def test_what_happens_between_pieces_changes_nothing(generator):
    """Others draw, and give the state of torch's generator back as it was."""
    options = {"seed": 3, "labels": labels_of(generator, 200)}
    whole = sampling.samples(generator, 200, **options)
    pieces = []
    for piece in sampling.batches(generator, 200, **options):
        pieces.append(piece)
        torch.rand(5)
    assert torch.equal(torch.cat(pieces), whole)


def test_the_callers_random_state_stays_even_in_the_middle(generator):
    torch.default_generator.manual_seed(7)
    before = torch.get_rng_state()
    pieces = sampling.batches(generator, 200, seed=3, labels=labels_of(generator, 200))
    next(pieces)
    assert torch.equal(torch.get_rng_state(), before)
    pieces.close()
    assert torch.equal(torch.get_rng_state(), before)


def test_gradients_are_off_for_the_network_and_on_for_the_caller(generator):
    for piece in sampling.batches(generator, 70, seed=0, labels=labels_of(generator, 70)):
        assert torch.is_grad_enabled()
        assert not piece.requires_grad


def test_a_models_pieces_are_its_samples(tiny_world, tmp_path):
    run_ring(tmp_path / "run", 640)
    model = ganzoo.load(tmp_path / "run")
    for batch in (7, 500):
        pieces = torch.cat(list(model.batches(150, seed=5, batch=batch)))
        assert torch.equal(pieces, model.sample(150, seed=5, batch=batch))


@pytest.mark.parametrize("options", [{"n": 0}, {"n": 4, "seed": -1}, {"n": 4, "batch": 0}])
def test_numbers_out_of_range_are_refused(tiny_world, tmp_path, options):
    run_ring(tmp_path / "run", 640)
    with pytest.raises(UsageError, match="must be"):
        list(ganzoo.load(tmp_path / "run").batches(**{"seed": 0, **options}))
