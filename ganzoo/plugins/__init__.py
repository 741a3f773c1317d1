"""Plugins: the hooks they implement, the manager that loads them, and names for what they offer."""

from ganzoo.plugins.distributions import PluginSource, canonical
from ganzoo.plugins.hookspecs import RunRecord, hookimpl
from ganzoo.plugins.manager import API_VERSION, PART_HOOKS, Plugin, PluginManager
from ganzoo.plugins.names import CORE

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
