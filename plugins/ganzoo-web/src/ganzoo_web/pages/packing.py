"""Bytes as text in scripts, which browsers also read from a disk."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def packed(data: bytes) -> str:
    """Compressed bytes in base64; equal bytes give equal text."""
    return text_of(gzip.compress(data, compresslevel=9, mtime=0))


def text_of(data: bytes) -> str:
    """Bytes in base64."""
    return base64.b64encode(data).decode("ascii")


def floats(values: Tensor) -> str:
    """Numbers as float32, little-endian, in base64."""
    array = values.detach().cpu().float().contiguous().numpy()
    return text_of(array.astype("<f4").tobytes())


def script(place: str, value: Any) -> str:
    """A script that puts a value at a place of the object `ganzoo` of a page."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f"globalThis.ganzoo ??= {{ models: {{}} }};\nganzoo.{place} = {text};\n"
