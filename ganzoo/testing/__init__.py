"""The conformance kit: what a plugin's author runs to know that her GAN is right.

In a shell, `ganzoo check my-plugin`. In her tests:

    from ganzoo.testing import parametrize_with_checks

    @parametrize_with_checks("my-plugin")
    def test_my_plugin_is_right(part, check):
        check(part)

Each check is a small function `check_*(subject)` in `ganzoo.testing.checks`; its error says what
was found, the likely cause and the line to change. `run_checks` reports a fault once: checks that
depend on it are `not run`.

Parts are built with their defaults and with the arguments of the models that use them, and play
the games of those models; a part in no model is paired with parts that fit. Two attributes of the
plugin's module change this:

    ganzoo_examples = {                       # what to build parts with instead
        "generator/tones": {"length": 1024},  # or a list of such
        "game/tones": {"generator": "tones", "discriminator": "tones", "loss": "hinge"},
    }
    ganzoo_waivers = {                        # what a check is wrong about, and why
        "check_independence[discriminator/minibatch]": "compares samples by design",
    }

A waived check that passes is an error. pytest gets a fixture, `ganzoo_world`, for tests that want
only some plugins; `round_of` makes a round for a loss's own tests.

The path of a check through the kit: `collecting` lists the checks of a plugin's parts (`cases`:
what each is built with), its games (`matchmaking`, `games`) and models; `checks` holds the checks
by kind; `runner` runs them, and `failures` says which line to change.

Plugins written for `ganzoo_api` 1 keep working. What will be removed warns first, with a
`DeprecationWarning` that names the replacement and the version that removes it, at least two minor
versions away; the changelog says both.

Importing this package imports no torch: names are looked up when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganzoo.errors import CheckError
    from ganzoo.testing.collecting import Planned, checks_of
    from ganzoo.testing.plugin_sources import source_of
    from ganzoo.testing.pytest_plugin import parametrize_with_checks
    from ganzoo.testing.rounds import round_of
    from ganzoo.testing.runner import Result, run_checks

__all__ = [
    "CheckError",
    "Planned",
    "Result",
    "checks_of",
    "parametrize_with_checks",
    "round_of",
    "run_checks",
    "source_of",
]

_HOMES = {
    "CheckError": "ganzoo.errors",
    "Planned": "ganzoo.testing.collecting",
    "Result": "ganzoo.testing.runner",
    "checks_of": "ganzoo.testing.collecting",
    "parametrize_with_checks": "ganzoo.testing.pytest_plugin",
    "round_of": "ganzoo.testing.rounds",
    "run_checks": "ganzoo.testing.runner",
    "source_of": "ganzoo.testing.plugin_sources",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ganzoo.testing' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
