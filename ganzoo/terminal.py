"""Who looks at what is written: a person at a terminal, or a file that is read later."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

#: Seconds between two lines about one piece of work, where nobody sees a bar move.
LOG_SECONDS = 30.0


def stderr_console(*, quiet: bool = False) -> Console:
    """Rich's console on stderr, which is a terminal only where stderr is one.

    rich takes FORCE_COLOR for a terminal too, and would write bars that move into a log.
    """
    from rich.console import Console

    return Console(stderr=True, quiet=quiet, force_terminal=None if sys.stderr.isatty() else False)


def moves(console: Console) -> bool:
    """Whether what was written on a console can be written over."""
    return console.is_terminal and not console.is_dumb_terminal
