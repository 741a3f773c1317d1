"""my-gan, a plugin for ganzoo."""
