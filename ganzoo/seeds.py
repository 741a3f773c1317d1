"""Seeds from counters, so that no draw depends on what was drawn before."""

from __future__ import annotations

import hashlib


def derive(*counters: int | str) -> int:
    """A 63-bit seed from counters; other counters give an unrelated one."""
    text = "/".join(map(str, counters)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") >> 1
