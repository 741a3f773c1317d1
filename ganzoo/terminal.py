"""Where progress is shown: on a terminal, or in a log."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

#: Seconds between two lines of progress in a log.
LOG_SECONDS = 30.0


def stderr_console(*, quiet: bool = False) -> Console:
    """Rich's console on stderr, which counts as a terminal only if stderr is one.

    With FORCE_COLOR rich would write moving bars into a log too.
    """
    from rich.console import Console

    return Console(stderr=True, quiet=quiet, force_terminal=None if sys.stderr.isatty() else False)


def moves(console: Console) -> bool:
    """Whether a console can overwrite its lines, so that a bar can move."""
    return console.is_terminal and not console.is_dumb_terminal
