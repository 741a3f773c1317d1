"""Reports as JSON."""

from __future__ import annotations

from typing import Any

from ganzoo.measure.evaluate import Report
from ganzoo.measure.figures import known
from ganzoo.specs import write_record
from ganzoo.specs.reading import to_json


def as_data(report: Report) -> dict[str, Any]:
    """A report as JSON data, each figure with its name, value, spread, floor and anchors."""
    data: dict[str, Any] = write_record(report)
    data["protocol"] = report.protocol
    for key, found in report.figures.items():
        data["figures"][key] = {
            "name": known(key).name(report.extractor),
            "what": known(key).what,
            "direction": known(key).direction,
            "unit": known(key).unit,
            "value": found.value,
            "spread": found.spread,
            "floor": found.floor,
            "values": list(found.values),
            "anchors": dict(found.anchors),
        }
    return data


def as_json(report: Report) -> str:
    """A report as JSON text."""
    return to_json(as_data(report))
