"""The data: plucked tones of a few pitches, synthesised on demand."""

import torch

from ganzoo import Dataset

RATE = 8_000  # samples a second
LENGTH = 1_024  # samples a clip: an eighth of a second
PENTATONIC = (220.0, 246.94, 277.18, 329.63, 369.99)  # A3 B3 C#4 E4 F#4, in hertz
# Roberts' R3 sequence (2018): multiples of these, modulo 1, fill a cube evenly.
R3 = (0.8191725133961645, 0.6710436067037893, 0.5497004779019703)
SPLITS = {"train": 0, "test": 1 << 20}  # the index at which each begins


class Tones(Dataset):
    """`length` clips [1, 1024] in [-1, 1]; clip i is a function of i alone.

    It plays pitch number i mod K, which is its label. Where in its period it starts, how fast it
    dies away (up to 30 nepers a second) and how bright it is (each harmonic is the one below it
    times 0.2 to 0.6) are the three coordinates of point i in the R3 sequence.
    """

    kind = "audio"
    sample_shape = (1, LENGTH)

    def __init__(self, pitches=PENTATONIC, harmonics=4, length=4_096, split="train"):
        if split not in SPLITS:
            raise ValueError(f"split is one of {', '.join(SPLITS)}, found {split!r}")
        if not all(0 < pitch * harmonics < RATE / 2 for pitch in pitches):
            raise ValueError(f"pitches times harmonics lie between 0 and {RATE // 2} Hz")
        self.pitches = torch.tensor(pitches, dtype=torch.float64)
        self.num_classes = len(pitches)
        self.harmonics, self.length, self.first = harmonics, length, SPLITS[split]

    def __len__(self):
        return self.length

    def batch(self, indices):
        i = indices.cpu() + self.first  # on the CPU, so that clips are the same for every device
        labels = i % self.num_classes
        place = i[:, None].double() * torch.tensor(R3, dtype=torch.float64) % 1
        start, decay, shine = place[:, :, None].unbind(1)  # [N, 1] each
        time = torch.arange(LENGTH, dtype=torch.float64) / RATE
        turns = (self.pitches[labels][:, None] * time + start) % 1
        around = torch.polar(torch.ones(()), 2 * torch.pi * turns.float())
        ratio = (0.2 + 0.4 * shine).float()
        sound, loudest = torch.zeros(()), torch.zeros(())
        for _ in range(self.harmonics):  # Horner's scheme of sum over h of ratio^h around^(h + 1)
            sound, loudest = around * (1 + ratio * sound), 1 + ratio * loudest
        clips = sound.imag / loudest * torch.exp(-30 * decay * time).float()
        return clips[:, None], labels
