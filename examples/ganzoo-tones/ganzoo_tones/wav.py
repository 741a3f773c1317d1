"""Writing sound: 16-bit WAV files."""

import io
import wave

import torch

from ganzoo import GanzooError, written_whole
from ganzoo_tones.tones import RATE


def write_wav(samples, path):
    """Write clips [N, C, T] in [-1, 1]: one after another if `path` ends in .wav.

    Otherwise `path` is a folder of 00000.wav, 00001.wav, ... Returns the files.
    """
    clips = samples.detach().cpu().nan_to_num().clamp(-1, 1).mul(32_767).round().to(torch.int16)
    if path.suffix.lower() == ".wav":
        return [put(path, torch.cat([*clips], 1))]
    if path.suffix:
        raise GanzooError(f"{path}: sound is written as .wav, or into a folder")
    return [put(path / f"{number:05d}.wav", clip) for number, clip in enumerate(clips)]


def put(path, clip):
    """Write int16 [C, T] whole or not at all."""
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(len(clip))
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(clip.t().contiguous().numpy().astype("<i2").tobytes())
    with written_whole(path) as beside:
        beside.write_bytes(sound.getvalue())
    return path
