"""Plugins: the hooks they implement, and the manager that finds and guards them."""

from ganzoo.plugins.events import RunRecord
from ganzoo.plugins.hookspecs import hookimpl
from ganzoo.plugins.manager import (
    API_VERSION,
    CORE,
    PART_HOOKS,
    Plugin,
    PluginManager,
    PluginSource,
    canonical,
)

__all__ = [
    "API_VERSION",
    "CORE",
    "PART_HOOKS",
    "Plugin",
    "PluginManager",
    "PluginSource",
    "RunRecord",
    "canonical",
    "hookimpl",
]
