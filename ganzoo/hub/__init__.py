"""Models on the Hugging Face Hub, through its own client with its cache, tokens and progress.

A model repository is a model folder. Downloads are kept in the client's cache, one folder per
commit, and opened there like any other model folder. Only `Address` is imported with the package:
most commands never need huggingface_hub.
"""

from ganzoo.hub.address import PREFIX, Address, is_address

__all__ = ["PREFIX", "Address", "is_address"]
