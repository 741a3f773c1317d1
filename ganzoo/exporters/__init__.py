"""Exporters: models as files for other programs, each checked against the model first."""

from ganzoo.exporters.writing import Exported, export

__all__ = ["Exported", "export"]
