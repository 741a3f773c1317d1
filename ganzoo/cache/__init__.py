"""Cached files: listed, verified and removed, safely while other processes use them.

They are models from the Hub, statistics of real samples, extractors' weights and packed folders of
images. All of them can be fetched or made again.
"""

from ganzoo.cache.entry import CacheEntry
from ganzoo.cache.finding import chosen, entries

__all__ = ["CacheEntry", "chosen", "entries"]
