"""Samples piece by piece are the samples: bit for bit, whatever the network draws."""

from __future__ import annotations

import contextlib

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

import ganzoo
from ganzoo import Generator, sampling
from ganzoo.engine.randomness import Counters
from ganzoo.errors import UsageError
from short_runs import run_ring
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


class TwoCards:
    """What `torch.cuda` does of random numbers on a machine with two cards, card 0 the current."""

    def __init__(self, monkeypatch):
        self.cards = [torch.Generator().manual_seed(7) for _ in range(2)]
        self.current = 0
        monkeypatch.setattr("torch.cuda.device", self.device)
        monkeypatch.setattr("torch.cuda.manual_seed", lambda seed: self.here().manual_seed(seed))
        monkeypatch.setattr("torch.cuda.manual_seed_all", self.seed_all)
        monkeypatch.setattr("torch.cuda.is_initialized", lambda: True)
        monkeypatch.setattr("torch.cuda.get_rng_state", lambda d="cuda": self.of(d).get_state())
        monkeypatch.setattr("torch.cuda.set_rng_state", lambda s, d="cuda": self.of(d).set_state(s))

    def here(self) -> torch.Generator:
        return self.cards[self.current]

    def of(self, device) -> torch.Generator:
        index = torch.device(device).index
        return self.here() if index is None else self.cards[index]

    def seed_all(self, seed):
        for card in self.cards:
            card.manual_seed(seed)

    @contextlib.contextmanager
    def device(self, device):
        before, self.current = self.current, self.cards.index(self.of(device))
        yield
        self.current = before

    def draws(self) -> list[list[float]]:
        return [torch.rand(3, generator=card).tolist() for card in self.cards]


@pytest.mark.parametrize(("device", "used"), [("cuda:1", 1), ("cuda:0", 0), ("cuda", 0)])
def test_layers_are_seeded_on_the_card_that_is_used(monkeypatch, device, used):
    cards = TwoCards(monkeypatch)
    untouched = TwoCards(monkeypatch).draws()[0]
    cards = TwoCards(monkeypatch)
    with sampling.seeded_layers(3, torch.device(device)):
        drawn = cards.draws()
        assert cards.current == 0
    with sampling.seeded_layers(3, torch.device(device)):
        again = cards.draws()
    assert drawn[used] == again[used] != untouched
    assert drawn[1 - used] == untouched  # the other card's generator is nobody's business
    assert cards.draws()[used] == untouched  # and this one was given back


@pytest.mark.parametrize("used", [0, 1])
def test_a_training_seeds_the_card_that_it_uses(monkeypatch, used):
    cards = TwoCards(monkeypatch)
    draws = []
    with torch.random.fork_rng(devices=[]):
        for turn in (4, 5, 4):
            Counters(seed=1).seed_layers(turn, "layers")
            draws.append(cards.draws()[used])
    assert draws[0] == draws[2] != draws[1]


# Blocks


@pytest.fixture
def blocks(generator) -> list[Tensor]:
    """Four whole blocks of samples, under one label where there are any."""
    labels = None if generator.num_classes is None else torch.zeros(256, dtype=torch.long)
    made = sampling.samples(generator, 256, seed=3, labels=labels)
    return list(made.split(sampling.BLOCK))


def test_no_block_repeats_another(generator, blocks):
    """In samples, latents and labels, and in what layers draw: each block has its own seed."""
    drawn = {"samples": blocks}
    if generator.latent_dim:
        drawn["latents"] = list(sampling.latents(generator, 256, seed=3).split(sampling.BLOCK))
    if generator.num_classes is not None:
        labels = sampling.drawn_labels(generator.num_classes, 256, seed=3)
        drawn["labels"] = list(labels.split(sampling.BLOCK))
    for what, (first, *rest) in drawn.items():
        for number, block in enumerate(rest, start=1):
            assert not torch.equal(block, first), f"{what}: block {number} is block 0"
    rows = torch.cat(blocks)
    assert len(rows.unique(dim=0)) == len(rows)


def test_noise_of_layers_differs_from_block_to_block():
    """Seen by itself: the same latent everywhere leaves nothing but the noise."""

    class Still(Noisy):
        def sample_latents(self, n, *, rng):
            return torch.ones(n, self.latent_dim)

    first, *rest = sampling.samples(Still().eval(), 256, seed=3).split(sampling.BLOCK)
    assert not any(torch.equal(block, first) for block in rest)


def test_latents_of_a_network_that_draws_noise_go_on_from_block_to_block():
    """Seen by themselves: noise that is drawn and comes to nothing."""

    class Silent(TinyGenerator):
        def forward(self, latents, labels=None):
            return super().forward(latents) + 0 * torch.randn(len(latents), 2)

    network = Silent().eval()
    with torch.no_grad():
        wished = TinyGenerator.forward(network, sampling.latents(network, 200, seed=3))
    assert_close(sampling.samples(network, 200, seed=3), wished, atol=1e-5, rtol=0)


@pytest.mark.parametrize("start", [0, 1, 63, 64, 100, 192])
def test_latents_from_a_place_on_are_those_that_lie_there(generator, start):
    whole = sampling.latents(generator, 300, seed=5)
    assert torch.equal(sampling.latents(generator, 70, seed=5, start=start), whole[start:][:70])


def test_calibration_batches_differ():
    batches = sampling.calibration_batches(TinyGenerator(), 3, torch.device("cpu"))
    (first, _), *rest = batches
    assert not any(torch.equal(batch, first) for batch, _ in rest)


@pytest.mark.parametrize("options", [{"n": 0}, {"n": 4, "seed": -1}, {"n": 4, "batch": 0}])
def test_numbers_out_of_range_are_refused(tiny_world, tmp_path, options):
    run_ring(tmp_path / "run", 640)
    with pytest.raises(UsageError, match="must be"):
        list(ganzoo.load(tmp_path / "run").batches(**{"seed": 0, **options}))
