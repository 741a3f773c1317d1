"""The networks: notes of zeros and ones with a gradient, and a given voice that stays."""

from __future__ import annotations

import pytest
import torch
from ganzoo_music.critic import MusicCritic, between, chroma, further, moves, onsets
from ganzoo_music.generator import Melody, MuseGAN, at_least_half, one_of
from torch.testing import assert_close

SHAPE, GIVEN = (3, 32, 10), (1, 32, 10)
SMALL = {"latent_size": 2, "width": 8, "shared_width": 8}


@pytest.fixture
def given():
    return torch.nn.functional.one_hot(torch.randint(10, (5, 1, 32)), 10).float()


def test_a_voice_has_one_pitch_or_a_rest():
    rolls = MuseGAN(SHAPE, **SMALL)(torch.randn(5, 16))
    assert rolls.shape == (5, *SHAPE)
    assert set(rolls.unique().tolist()) <= {0.0, 1.0}
    assert set(rolls.sum(3).unique().tolist()) <= {0.0, 1.0}


def test_the_likeliest_of_pitches_and_rest_sounds():
    logits = torch.tensor([[2.0, 0.0, 1.0], [0.0, 1.0, 2.0]]).view(2, 1, 3, 1)
    assert one_of(logits).flatten(1).tolist() == [[1.0, 0.0], [0.0, 0.0]]
    assert at_least_half(logits - 1).flatten(1).tolist() == [[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]


def test_notes_have_the_gradient_of_their_probabilities():
    logits = torch.randn(2, 1, 3, 4, requires_grad=True)
    weights = torch.randn(2, 1, 2, 4)
    (ours,) = torch.autograd.grad((one_of(logits) * weights).sum(), logits)
    (theirs,) = torch.autograd.grad((logits.softmax(2)[:, :, :-1] * weights).sum(), logits)
    assert_close(ours, theirs)
    assert ours.abs().sum() > 0


def test_chords_in_one_track_need_no_voices():
    network = MuseGAN((1, 32, 10), voices=False, **SMALL)
    rolls = network(torch.randn(5, network.latent_dim))
    assert rolls.shape == (5, 1, 32, 10) and rolls.sum(3).max() > 1


def test_a_private_latent_changes_its_track_and_the_shared_one_all():
    torch.default_generator.manual_seed(0)
    network = MuseGAN(SHAPE, **SMALL).eval()
    latents = torch.randn(1, 4, 4).repeat(5, 1, 1)
    latents[1:] += 5 * torch.eye(4)[:, :, None]
    logits = network.logits(latents.flatten(1))
    moved = [(logits[row] - logits[0]).abs().amax((1, 2)) > 1e-4 for row in range(1, 5)]
    assert [row.tolist() for row in moved] == [[True] * 3, *torch.eye(3).bool().tolist()]


def test_the_given_voice_is_kept_bit_for_bit(given):
    network = MuseGAN(SHAPE, GIVEN, **SMALL)
    assert network.latent_dim == 2 * 2 * 3
    rolls = network(torch.randn(5, 12), given)
    assert torch.equal(rolls[:, :1], given)
    assert MusicCritic(SHAPE, GIVEN, width=8)(rolls, given).shape == (5,)


def test_the_other_voices_hear_the_given_one(given):
    network = MuseGAN(SHAPE, GIVEN, **SMALL).eval()
    latents = torch.randn(1, 12).expand(5, -1)
    logits = network.logits(latents, given)
    assert (logits[1:] - logits[0]).abs().amax((1, 2, 3)).min() > 1e-4


def test_the_critic_sees_pitch_classes_and_onsets():
    rolls = torch.zeros(1, 1, 4, 25)
    rolls[0, 0, :2, 0] = rolls[0, 0, :, 24] = rolls[0, 0, 3, 1] = 1
    assert chroma(rolls)[0, 0, :, 0].tolist() == [2, 2, 1, 1]
    assert onsets(rolls)[0, 0, :, 0].tolist() == [2, 0, 0, 1]


def test_the_critic_sees_how_far_a_voice_moves():
    pitches = [5, 5, 7, 4, 17, 16, 4]
    rolls = torch.nn.functional.one_hot(torch.tensor(pitches), 20).float()[None, None]
    seen = [row.round().int().tolist() for row in moves(rolls)[0, 0]]
    assert [[k for k, entry in enumerate(row) if entry] for row in seen] == [
        [], [0], [2], [25 - 3], [], [25 - 1], [25 - 12],
    ]  # fmt: skip


def test_the_critic_sees_leaps_beyond_an_octave_where_it_is_asked_to():
    pitches = [5, 5, 19, 4, 16, 16, 0]
    rolls = torch.nn.functional.one_hot(torch.tensor(pitches), 20).float()[None, None]
    seen = further(rolls, moves(rolls))[0, 0, :, 0].round().int().tolist()
    assert seen == [0, 0, 1, 1, 0, 0, 1]
    network = MusicCritic(SHAPE, width=8, leaps=True)
    plain = MusicCritic(SHAPE, width=8)
    first, second = network.layers[0].in_channels, plain.layers[0].in_channels
    assert first == second + SHAPE[0]  # one entry for each track
    assert network(torch.rand(3, *SHAPE)).shape == (3,)


def test_the_critic_sees_the_intervals_of_two_voices():
    rolls = torch.zeros(1, 3, 1, 30)
    rolls[0, 0, 0, 2] = rolls[0, 1, 0, 9] = rolls[0, 2, 0, 25] = 1
    seen = between(chroma(rolls))[0, :, 0].round()
    assert seen.argmax(1).tolist() == [7, 11, 4] and seen.sum(1).tolist() == [1, 1, 1]
    assert between(chroma(rolls[:, :1])).shape == (1, 0, 1, 12)


@pytest.fixture
def held():
    """A network whose steps have no logits of their own, nor its beats."""
    network = MuseGAN(SHAPE, **SMALL).eval()
    for layer in (network.to_steps, network.to_beats):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    return network


def test_notes_are_held_through_a_beat(held):
    torch.nn.init.normal_(held.to_beats.weight)
    logits = held.logits(torch.randn(2, 16)).unflatten(3, (8, 4))
    assert_close(logits, logits[..., :1].expand_as(logits))
    assert (logits[..., 1:, 0] - logits[..., :-1, 0]).abs().max() > 0.01


def test_a_voice_sounds_near_its_place(held):
    torch.nn.init.zeros_(held.to_places.weight)
    held.to_places.bias.data = torch.tensor([-0.2, 0.0, 0.2])  # of an octave, from the middle
    likeliest = held.logits(torch.randn(2, 16))[:, :, :-1].argmax(2)
    assert [likeliest[:, track].unique().tolist() for track in (0, 2)] == [[2], [7]]


def test_a_melody_follows_the_intervals_it_likes():
    """It holds a note by nature; a liked interval moves it on, a clear wish anywhere."""
    melody = Melody(tracks=1, pitches=40)
    logits = torch.zeros(1, 1, 41, 5)
    logits[0, 0, 3, 0] = 1
    assert melody(logits).argmax(2).flatten().tolist() == [3] * 5
    logits[0, 0, 9, 2] = 5
    assert melody(logits).argmax(2).flatten().tolist() == [3, 3, 9, 9, 9]
    melody.intervals.data[0, 12 + 2] = 4  # two semitones up
    assert melody(logits[..., :3]).argmax(2).flatten().tolist() == [3, 5, 9]
    melody.intervals.data[0, -1] = 20  # any leap beyond an octave
    assert melody(logits[..., :3]).argmax(2).flatten().diff().abs().min() > 12


def test_a_melody_learns_its_intervals():
    network = MuseGAN(SHAPE, melodic=True, **SMALL)
    rolls = network(torch.randn(4, 16))
    assert set(rolls.sum(3).unique().tolist()) <= {0.0, 1.0}
    (rolls * torch.randn_like(rolls)).sum().backward()
    assert network.melody.intervals.grad.abs().amax(1).min() > 0
    with pytest.raises(ValueError, match="melodic needs voices"):
        MuseGAN(SHAPE, melodic=True, voices=False, **SMALL)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"sample_shape": (3, 8)}, r"sample_shape is \[tracks, steps, pitches\], found \[3, 8\]"),
        ({"sample_shape": (3, 30, 9)}, "30 steps, which are no whole bars of 16"),
        (
            {"sample_shape": SHAPE, "condition_shape": (1, 16, 10)},
            r"one of several tracks, \[1, 32",
        ),
        ({"sample_shape": (1, 32, 10), "condition_shape": GIVEN}, "one of several tracks"),
    ],
)
@pytest.mark.parametrize("network", [MuseGAN, MusicCritic])
def test_shapes_that_are_no_music_are_refused(network, arguments, text):
    with pytest.raises(ValueError, match=text):
        network(**arguments)
