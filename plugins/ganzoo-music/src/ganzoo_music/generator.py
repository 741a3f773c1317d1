"""MuseGAN's generator (Dong et al. 2018, arXiv 1709.06298), for rolls of few pitches on a CPU.

In the paper's hybrid model (its sections on several tracks and on temporal structure) each track
has a generator of its own and is made from four latents: one that all tracks share and one of its
own, each of them once for the whole phrase and once as a sequence over its bars. That is so here;
what is smaller is the bars' generator. A phrase is a map [width, bars], which is stretched to beats
and then to steps; a step's pitches are channels, not a second axis. A step's logits are those of
its beat and its own, so that a note is held through a beat unless something speaks against it; and
in each beat a track has a place, near which pitches are likelier, so that few leap far. The tracks'
generators are groups of one convolution, and each hears the map that all tracks share.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from ganzoo import Generator
from ganzoo_music.notes import SOUNDS

#: The slope of rectifiers below 0.
SLOPE = 0.2
#: Pitch classes of an octave.
CLASSES = 12
#: Intervals between two notes: an octave down to an octave up, and all others.
INTERVALS = 2 * CLASSES + 2
#: The logit of holding a note, at first.
HELD = 1.0
#: Places that a convolution sees: one and its neighbours.
KERNEL = 3


def mixed(width: int, groups: int, channels: int | None = None) -> nn.Sequential:
    """A convolution over neighbours in groups: [N, groups * width, places], of the same shape.

    `channels` are those of a group in the input, if they are others.
    """
    whole, given = width * groups, (channels or width) * groups
    return nn.Sequential(
        nn.Conv1d(given, whole, KERNEL, padding=KERNEL // 2, groups=groups),
        nn.BatchNorm1d(whole),
        nn.LeakyReLU(SLOPE),
    )


def stretched(width: int, groups: int, factor: int) -> nn.Sequential:
    """Maps [N, groups * width, places] -> [N, groups * width, factor * places]."""
    whole = width * groups
    return nn.Sequential(
        nn.ConvTranspose1d(whole, whole, factor, stride=factor, groups=groups),
        nn.BatchNorm1d(whole),
        nn.LeakyReLU(SLOPE),
        *mixed(width, groups),
    )


class Bars(nn.Module):
    """Latents [N, groups, 2 size] -> maps [N, groups * width, bars].

    The first half of a latent is the same in each bar; the second half becomes a sequence over the
    bars, by the paper's temporal generator.
    """

    def __init__(self, size: int, width: int, groups: int, bars: int) -> None:
        super().__init__()
        self.size, self.bars = size, bars
        self.sequence = nn.Sequential(
            nn.Conv1d(groups * size, groups * size * bars, 1, groups=groups),
            nn.LeakyReLU(SLOPE),
        )
        self.mix = mixed(width, groups, 2 * size)

    def forward(self, latents: Tensor) -> Tensor:
        """[N, groups, 2 size] -> [N, groups * width, bars]."""
        n, groups, _ = latents.shape
        phrase, beginnings = latents.chunk(2, 2)
        sequence = self.sequence(beginnings.reshape(n, -1, 1))
        sequence = sequence.view(n, groups, self.size, self.bars)
        both = torch.cat([phrase[..., None].expand_as(sequence), sequence], 2)
        maps: Tensor = self.mix(both.flatten(1, 2))
        return maps


class Reader(nn.Module):
    """A given track [N, 1, steps, pitches] -> maps by beat and by bar, [N, width, places] each."""

    def __init__(self, pitches: int, width: int, per_beat: int, per_bar: int) -> None:
        super().__init__()
        self.beats = nn.Conv1d(pitches, width, per_beat, stride=per_beat)
        self.bars = nn.Sequential(
            nn.LeakyReLU(SLOPE), nn.Conv1d(width, width, per_bar, stride=per_bar)
        )

    def forward(self, given: Tensor) -> tuple[Tensor, Tensor]:
        """The maps by beat and by bar."""
        beats = self.beats(given[:, 0].transpose(1, 2))
        return beats, self.bars(beats)


class Melody(nn.Module):
    """Logits [N, tracks, pitches + 1, steps] -> rolls [N, tracks, pitches, steps], one note each.

    Each track is a Markov chain: a learned logit of the interval from the note before is added to
    those of the next one, so that a note is held, or left by a step, unless another is much
    likelier. Leaps beyond an octave share one logit: each alone is too rare to be learnt. At the
    beginning, and after rests, nothing is added.
    """

    numbers: Tensor

    def __init__(self, tracks: int, pitches: int) -> None:
        super().__init__()
        self.intervals = nn.Parameter(torch.zeros(tracks, INTERVALS))
        self.intervals.data[:, CLASSES] = HELD
        apart = torch.arange(pitches) - torch.arange(pitches)[:, None]
        numbers = torch.where(apart.abs() <= CLASSES, apart + CLASSES, INTERVALS - 1)
        self.register_buffer("numbers", numbers, persistent=False)

    def forward(self, logits: Tensor) -> Tensor:
        """Logits -> rolls, step by step."""
        after = self.intervals[:, self.numbers]  # [tracks, from, to]
        last = torch.zeros_like(logits[:, :, :-1, 0])
        sung = []
        for step in logits.unbind(3):
            drawn = (last.transpose(0, 1) @ after).transpose(0, 1)
            last = one_of(step + pad(drawn, (0, 1)))
            sung.append(last)
        return torch.stack(sung, 3)


class MuseGAN(Generator):
    """Latents [N, D] -> rolls [N, tracks, steps, pitches] of 0 and 1.

    With `voices` each track sounds one pitch at a time, the likeliest one, or none; otherwise each
    pitch whose probability is at least one half. That is so in training too, where the gradient is
    that of the probabilities (straight-through; deterministic binary neurons in Dong and Yang 2018,
    arXiv 1804.09399, section 3.3): the critic sees nothing but notes, and in use nothing is drawn.

    With `melodic` a voice knows its note before the next one (`Melody`).

    With a `condition_shape` [1, steps, pitches] the first track is given, and returned as it is;
    the others are made for it (the paper's track-conditional generation).
    """

    octaves: Tensor

    def __init__(
        self,
        sample_shape: Sequence[int] = (4, 64, 54),
        condition_shape: Sequence[int] | None = None,
        latent_size: int = 16,
        width: int = 32,
        shared_width: int = 64,
        voices: bool = True,
        steps_per_beat: int = 4,
        beats_per_bar: int = 4,
        melodic: bool = False,
    ) -> None:
        super().__init__()
        if melodic and not voices:
            raise ValueError("melodic needs voices: a chord has no interval to the next one")
        tracks, self.steps, self.pitches = self.sample_shape = shape_of(sample_shape)
        self.condition_shape = given_shape(condition_shape, self.sample_shape)
        self.made = tracks - (condition_shape is not None)
        self.latent_dim = 2 * latent_size * (1 + self.made)
        self.voices = voices
        bars = whole_bars(self.steps, steps_per_beat * beats_per_bar)
        own = width * self.made
        self.shared_bars = Bars(latent_size, shared_width, 1, bars)
        self.own_bars = Bars(latent_size, width, self.made, bars)
        self.shared_beats = stretched(shared_width, 1, beats_per_bar)
        self.own_beats = stretched(width, self.made, beats_per_bar)
        self.heard_by_bar = nn.Conv1d(shared_width, own, 1)
        self.heard_by_beat = nn.Conv1d(shared_width, own, 1)
        self.last = mixed(width, self.made)
        notes = self.made * (self.pitches + voices)
        self.to_steps = nn.ConvTranspose1d(
            own, notes, steps_per_beat, stride=steps_per_beat, groups=self.made
        )
        self.to_beats = nn.Conv1d(own, notes, 1, groups=self.made)
        self.to_places = nn.Conv1d(own, self.made, 1, groups=self.made)
        self.register_buffer("octaves", centred(self.pitches) / CLASSES, persistent=False)
        self.melody = Melody(self.made, self.pitches) if melodic else None
        self.reader = (
            None
            if condition_shape is None
            else Reader(self.pitches, shared_width, steps_per_beat, beats_per_bar)
        )

    def logits(self, latents: Tensor, given: Tensor | None = None) -> Tensor:
        """Latents [N, D] -> logits of the tracks to make, [N, made, pitches, steps].

        With `voices` there is one more pitch, the last, which is a rest.
        """
        latents = latents.view(len(latents), 1 + self.made, -1)
        shared, own = self.shared_bars(latents[:, :1]), self.own_bars(latents[:, 1:])
        beats = None
        if self.reader is not None and given is not None:
            beats, bars = self.reader(given)
            shared = shared + bars
        own = self.own_beats(own + self.heard_by_bar(shared))
        shared = self.shared_beats(shared)
        shared = shared if beats is None else shared + beats
        own = self.last(own + self.heard_by_beat(shared))
        steps = self.to_steps(own)
        held = self.to_beats(own) + self.near_places(own)
        held = held.repeat_interleave(steps.shape[2] // own.shape[2], 2)
        logits: Tensor = steps + held
        return logits.view(len(latents), self.made, -1, self.steps)

    def near_places(self, own: Tensor) -> Tensor:
        """Maps by beat -> logits [N, notes, beats] that are highest at each track's place.

        They fall with the squared distance from it, by 1 in an octave. That of a rest is 0.
        """
        places = self.to_places(own)[:, :, None]
        near = -(self.octaves[:, None] - places).square()
        return pad(near, (0, 0, 0, self.voices)).flatten(1, 2)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D], and the given track -> rolls [N, tracks, steps, pitches]."""
        logits = self.logits(latents, labels)
        if self.melody is not None:
            rolls = self.melody(logits)
        else:
            rolls = one_of(logits) if self.voices else at_least_half(logits)
        made = rolls.transpose(2, 3)
        return made if labels is None else torch.cat([labels, made], 1)


def centred(count: int) -> Tensor:
    """Whole steps around 0: [count]."""
    return torch.arange(count) - (count - 1) / 2


def one_of(logits: Tensor) -> Tensor:
    """The likeliest pitch, or a rest: [N, tracks, pitches + 1, ...] -> without the rest."""
    shares = logits.softmax(2)
    likeliest = torch.zeros_like(shares).scatter_(2, shares.argmax(2, keepdim=True), 1.0)
    return straight_through(likeliest, shares)[:, :, :-1]


def at_least_half(logits: Tensor) -> Tensor:
    """Every pitch whose probability is at least one half: [N, tracks, pitches, steps]."""
    shares = logits.sigmoid()
    return straight_through((shares >= SOUNDS).to(shares), shares)


def straight_through(values: Tensor, gradient_of: Tensor) -> Tensor:
    """Values, with the gradient of other ones in their place."""
    return values + (gradient_of - gradient_of.detach()) if gradient_of.requires_grad else values


def shape_of(sample_shape: Sequence[int]) -> tuple[int, int, int]:
    """The tracks, steps and pitches of samples, checked."""
    if len(sample_shape) != 3 or min(sample_shape) < 1:
        raise ValueError(f"sample_shape is [tracks, steps, pitches], found {[*sample_shape]}")
    tracks, steps, pitches = sample_shape
    return tracks, steps, pitches


def given_shape(
    condition_shape: Sequence[int] | None, sample_shape: tuple[int, int, int]
) -> tuple[int, ...] | None:
    """The shape of the given track, which must be a track of the samples, and not the only one."""
    wanted = (1, *sample_shape[1:])
    if condition_shape is None:
        return None
    if tuple(condition_shape) != wanted or sample_shape[0] < 2:
        raise ValueError(
            f"the condition is one of several tracks, {[*wanted]}, found {[*condition_shape]} "
            f"beside samples {[*sample_shape]}"
        )
    return wanted


def whole_bars(steps: int, steps_per_bar: int) -> int:
    """How many bars there are; they must be whole."""
    if steps_per_bar < 1 or steps % steps_per_bar:
        raise ValueError(
            f"samples have {steps} steps, which are no whole bars of {steps_per_bar}; set "
            "steps_per_beat and beats_per_bar"
        )
    return steps // steps_per_bar
