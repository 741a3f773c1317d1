"""Frames as a film: GIF and WebP by Pillow, MP4 by ffmpeg if there is one.

Equal frames give equal bytes.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from ganzoo.errors import GanzooError, printable
from ganzoo.files import written_whole

#: Endings of a film's file name.
FILMS = (".gif", ".mp4")
#: Endings that can hold a film; .webp can be a single picture too.
MOVING = (*FILMS, ".webp")
#: The colours of HDTV, named in the file, since players guess otherwise.
COLOURS = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")
#: H.264 that every player shows (even sides, 4:2:0) and can begin before it has the whole file,
#: from one thread and without versions, so that bytes repeat.
H264 = (
    *("-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2,scale=out_color_matrix=bt709:out_range=tv"),
    *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "18", "-threads", "1", *COLOURS),
    *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1"),
    *("-movflags", "+faststart"),
)


def write_film(frames: Sequence[Image.Image], path: Path, fps: float = 30) -> Path:
    """Write frames of one size as a film that ends in .gif, .mp4 or .webp; returns its file.

    A GIF and a WebP loop, the first with whole hundredths of a second between frames and 256
    colours, the second lossless. `GanzooError` without ffmpeg for .mp4.
    """
    pictures = [frame.convert("RGB") for frame in frames]
    suffix = path.suffix.lower()
    with written_whole(path) as beside:
        if suffix == ".mp4":
            _encode(pictures, beside, fps)
        elif suffix == ".webp":
            looping = {"duration": round(1000 / fps), "loop": 0, "lossless": True, "method": 2}
            _save(pictures, beside, "WEBP", **looping)
        else:
            _save(pictures, beside, "GIF", duration=max(20, round(1000 / fps / 10) * 10), loop=0)
    return path


def _save(pictures: Sequence[Image.Image], path: Path, form: str, **options: Any) -> None:
    """Have Pillow make one file of several pictures."""
    first, *rest = pictures
    first.save(path, format=form, save_all=True, append_images=rest, **options)


def _encode(pictures: Sequence[Image.Image], path: Path, fps: float) -> None:
    """Have ffmpeg make an MP4 of the pictures."""
    width, height = pictures[0].size
    command = [
        *(_ffmpeg(), "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"),
        *("-s", f"{width}x{height}", "-r", str(fps), "-i", "-", *H264, "-f", "mp4", str(path)),
    ]
    pixels = b"".join(picture.tobytes() for picture in pictures)
    done = subprocess.run(command, input=pixels, capture_output=True, check=False)
    if done.returncode:
        reason = printable(" ".join(done.stderr.decode(errors="replace").split()))
        raise GanzooError(f"ffmpeg could not write {path.name}: {reason}")


def _ffmpeg() -> str:
    """The system's ffmpeg, or the one of the package imageio-ffmpeg."""
    if program := shutil.which("ffmpeg"):
        return program
    try:
        import imageio_ffmpeg  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        raise GanzooError(
            "MP4 films need ffmpeg; install it or run pip install imageio-ffmpeg, or write a .gif"
        ) from None
    return str(imageio_ffmpeg.get_ffmpeg_exe())
