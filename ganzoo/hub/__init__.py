"""Models on the Hugging Face Hub, through its own client: its cache, tokens and progress.

A model repository is a model folder. What is fetched lies in the client's cache, one folder for
each commit, and is opened there as any other model folder is. Only an address comes with the
package; the rest, and huggingface_hub, is imported where it is needed, as most commands need none.
"""

from ganzoo.hub.address import PREFIX, Address, is_address

__all__ = ["PREFIX", "Address", "is_address"]
