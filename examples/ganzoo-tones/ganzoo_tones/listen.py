"""Compare clips with test clips: `python -m ganzoo_tones.listen runs/wavegan-tones/`."""

import sys

import torch

import ganzoo
from ganzoo_tones.tones import LENGTH, PENTATONIC, RATE, Tones

TIME = torch.arange(LENGTH).double() / RATE
PITCHES = torch.tensor(PENTATONIC).double()


def shares(clips, harmonics=4):
    """Share of each clip's energy in the comb of each pitch: [N, 1, T] -> [N, K].

    A comb is what a pitch's harmonics span, each times a parabola in time so that it may fade.
    """
    sound, found = clips[:, 0].double(), []
    for pitch in PITCHES:
        angles = 2 * torch.pi * pitch * torch.arange(1, harmonics + 1)[:, None] * TIME
        waves = torch.cat([angles.sin(), angles.cos()])
        comb, _ = torch.linalg.qr(torch.cat([waves * TIME**power for power in range(3)]).T)
        found.append((sound @ comb).square().sum(1))
    return torch.stack(found, 1) / sound.square().sum(1, keepdim=True)


def partials(clips, labels):
    """First and second harmonic at the start of each clip, and the first at its end, complex."""
    sound = clips[:, 0].double()
    beat = torch.polar(torch.ones(()).double(), -2 * torch.pi * PITCHES[labels][:, None] * TIME)
    first, second = sound * beat, sound * beat**2
    quarter = LENGTH // 4
    return (part.mean(1) for part in (first[:, :quarter], second[:, :quarter], first[:, -quarter:]))


def report(name, clips, labels):
    heard = shares(clips)
    right = (heard.argmax(1) == labels).double().mean()
    own = heard[torch.arange(len(labels)), labels].mean()
    first, second, last = partials(clips, labels)
    unit = first / first.abs()
    alike = [unit[labels == k].mean().abs().item() for k in range(len(PITCHES))]
    decay = (first.abs() / last.abs().clamp(min=1e-6)).log() / (0.75 * LENGTH / RATE)
    bright = second.abs() / first.abs()
    ends = torch.tensor([0.05, 0.95]).double()
    print(f"{name}: {right:.1%} play the pitch they should, {own:.1%} of energy in its comb")
    print(f"  start alike (0: spread evenly, 1: the same): {min(alike):.2f} to {max(alike):.2f}")
    for what, values in (("decay, nepers a second", decay), ("second harmonic", bright)):
        low, high = values.quantile(ends).tolist()
        print(f"  {what}: {low:.2f} to {high:.2f} (5% to 95%)")


if __name__ == "__main__":
    numbers = torch.arange(1_000)
    clips, labels = Tones(split="test").batch(numbers)
    report("real", clips, labels)
    for what in sys.argv[1:]:
        report(what, ganzoo.load(what).sample(1_000, seed=0, labels=labels), labels)
