"""`ganzoo eval` of models of points: their modes are counted, as no extractor is made for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

from ganzoo.cards import catalogue
from ganzoo.cli.tables import table
from ganzoo.errors import MetricError
from ganzoo.specs.reading import to_json

if TYPE_CHECKING:
    from ganzoo.publishing.modes import Row
    from ganzoo.specs import Part

    #: Figures by training seed, None of the only one.
    Rows = dict[int | None, Row]

#: Options that ask for features, whatever the data.
FEATURES = ("extractor", "extractor_weights", "reference", "save_reference")


def points_of(what: str | Path, data: Part | None, options: Mapping[str, Any]) -> Part | None:
    """The mixture whose modes are to be counted; None where features are to be measured.

    `data` is what was asked for in place of the model's own, which must be a mixture too.
    """
    from ganzoo.evaluation.evaluate import EXTRACTORS
    from ganzoo.evaluation.sources import is_image_folder
    from ganzoo.interfaces import Dataset
    from ganzoo.parts import qualify
    from ganzoo.publishing.modes import mixture_of

    if any(options[name] for name in FEATURES) or is_image_folder(what):
        return None
    own = catalogue().locate(what, weights=False).require_usable().recipe.data
    asked = (own, data or own)
    if any(qualify(Dataset, one).name in EXTRACTORS for one in asked):
        return None
    return None if any(mixture_of(one) is None for one in asked) else asked[1]


def counted(
    what: str,
    models: Mapping[int | None, str],
    data: Part,
    options: Mapping[str, Any],
    tell: Callable[[str], None],
) -> str:
    """The figures of each model by its training seed (None of the only one), as text or JSON."""
    from ganzoo.devices import own_device, usable_device
    from ganzoo.evaluation.evaluate import SAMPLES
    from ganzoo.publishing.modes import mixture_of, mode_figures, mode_protocol

    mixture = mixture_of(data)
    if mixture is None:
        raise MetricError(f"{data.name} has no modes to count; measure features with --extractor")
    n, device = options["count"] or SAMPLES, str(usable_device(own_device(options["device"])))
    seeds = range(options["seed"], options["seed"] + options["repeats"])
    rows: Rows = {}
    for seed, model in models.items():
        tell(f"{model}: {n:,} points of each of {len(seeds)} sampling seeds")
        rows[seed] = mode_figures(model, mixture, data, n, seeds, device)
    protocol = mode_protocol(mixture, data.name.rpartition("/")[2], n, seeds)
    return (_data if options["as_json"] else _text)(what, protocol, rows)


def _text(what: str, protocol: str, rows: Rows) -> str:
    """For a terminal: a row for each figure, a column for each training seed."""
    from ganzoo.publishing.modes import FIGURES

    header, lines = ["FIGURE", "MEAN", *(f"SEED {s}" for s in rows if s is not None), "REAL"], []
    for key, values in _values(rows).items():
        each = values if len(rows) > 1 else []
        floor = next(iter(rows.values()))[key].floor
        shown = [mean(values), *each, *([] if floor is None else [floor])]
        lines.append([FIGURES[key][0], *(f"{value:.4g}" for value in shown)])
    told = "" if len(rows) == 1 else f"\nthe median by {lines[0][0]} is seed {_median(rows)}\n"
    return f"{what}: {protocol}\n\n{table(header, lines)}\n{told}"


def _data(what: str, protocol: str, rows: Rows) -> str:
    """The same for programs."""
    from ganzoo.publishing.modes import FIGURES

    first = next(iter(rows.values()))
    figures = {
        key: {
            "name": FIGURES[key][0],
            "what": FIGURES[key][1],
            "value": mean(values),
            "floor": first[key].floor,
            "values": values,
        }
        for key, values in _values(rows).items()
    }
    several = {"seeds": [*rows], "median": _median(rows)} if len(rows) > 1 else {}
    return to_json({"source": what, "protocol": protocol, **several, "figures": figures})


def _values(rows: Rows) -> dict[str, list[float]]:
    """Each training seed's value of the figures that all of them have."""
    from ganzoo.publishing.modes import FIGURES

    keys = [key for key in FIGURES if all(key in row for row in rows.values())]
    return {key: [row[key].value for row in rows.values()] for key in keys}


def _median(rows: Rows) -> int | None:
    """The training seed that stands for all."""
    from ganzoo.publishing.modes import median_by_modes

    return [*rows][median_by_modes([*rows.values()])]
