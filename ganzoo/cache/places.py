"""Where cached files and data sets are kept, without importing torch.

A test compares these places with those that `ganzoo.measure` and `ganzoo.extractors` use.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def references() -> Path:
    """Statistics of real samples."""
    return platformdirs.user_cache_path("ganzoo") / "references"


def extractors() -> Path:
    """Weights of extractors that were fetched."""
    return platformdirs.user_cache_path("ganzoo") / "extractors"


def data_root() -> Path:
    """Data sets: $GANZOO_DATA, else in the user's cache folder."""
    given = os.environ.get("GANZOO_DATA")
    return Path(given).expanduser() if given else platformdirs.user_cache_path("ganzoo") / "data"


def packs() -> Path:
    """Packed folders of images: people's photos, so never in $GANZOO_DATA, which may be shared."""
    return platformdirs.user_cache_path("ganzoo") / "packed"


def earlier_packs() -> Path:
    """Where earlier versions kept packed folders."""
    return data_root() / "packed"
