"""Models on the Hugging Face Hub, through its own client: its cache, tokens and progress.

A model repository is a model folder. What is fetched lies in the client's cache, one folder for
each commit, and is opened there as any other model folder is. huggingface_hub is imported by
functions only: most commands never need it.
"""

from ganzoo.hub.address import PREFIX, Address, is_address
from ganzoo.hub.snapshot import Snapshot, find

__all__ = ["PREFIX", "Address", "Snapshot", "find", "is_address"]
