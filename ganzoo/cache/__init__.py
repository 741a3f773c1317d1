"""What ganzoo keeps on this machine: listed, verified and removed, whoever else is using it.

Each kind has a file: models from the Hub, statistics of real samples, extractors' weights, packed
folders of images. All of it can be fetched or made again.
"""

from ganzoo.cache.entry import CacheEntry
from ganzoo.cache.finding import chosen, entries

__all__ = ["CacheEntry", "chosen", "entries"]
