"""torchvision's downloads, without their bars where nobody sees them move."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def fetching() -> Iterator[None]:
    """Let torchvision show its progress bar on a terminal only: in a log it is garbage."""
    from torchvision.datasets import utils

    bar = utils.tqdm
    utils.tqdm = functools.partial(bar, disable=None)  # None: unless stderr is a terminal
    try:
        yield
    finally:
        utils.tqdm = bar
