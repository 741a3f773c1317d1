"""Seeds from counters, so that no draw depends on earlier draws."""

from __future__ import annotations

import hashlib


def derive(*counters: int | str) -> int:
    """A 63-bit seed from counters; different counters give unrelated seeds."""
    text = "/".join(map(str, counters)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") >> 1
