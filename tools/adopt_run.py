"""Take a finished training, or several seeds of one, into zoo_cards/ with its figures.

    ganzoo train dcgan-mnist --seeds 3 --threads 1
    python tools/adopt_run.py runs/dcgan-mnist
    ganzoo cards build

Every seed is measured: 10,000 samples of each of three sampling seeds, on the data set's classifier
and, for the Fréchet distance, on its autoencoder too. The median by the first figure gives weights,
grid and config.json, never the best. The prose of README.md stays.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import torch

from ganzoo.evaluation.claims import check_of, metrics_of
from ganzoo.evaluation.evaluate import CHECKED, SAMPLES, Report, evaluate, extractor_for, real_side
from ganzoo.evaluation.real import shipped_or_made
from ganzoo.evaluation.several import Several, finished_runs
from ganzoo.evaluation.sources import ModelSource
from ganzoo.extractors import open_extractor
from ganzoo.files import write_text
from ganzoo.specs import (
    DISCRIMINATOR_FILE,
    GENERATOR_FILE,
    Check,
    Part,
    read_config,
    read_seeds,
    write_record,
)
from ganzoo.specs.reading import to_json

ZOO = Path(__file__).parents[1] / "zoo_cards"


def measure(runs: dict[int, Path], data: Part, extractor_name: str) -> Several:
    """Reports of all seeds on one extractor's features."""
    extractor = open_extractor(extractor_name)
    real, floors = real_side(extractor, data, SAMPLES)
    reports = []
    for seed, run in runs.items():
        report = evaluate(ModelSource(run), extractor, real, n=SAMPLES, floors=floors)
        values = ", ".join(f"{key} {one.value:.4g}" for key, one in report.figures.items())
        print(f"  seed {seed}, {extractor_name}: {values}", flush=True)
        reports.append(report)
    return Several(tuple(runs), tuple(reports))


def checks(folder: Path, data: Part, extractor_name: str) -> list[Check]:
    """What the shipped weights score, few samples and many, from the package's statistics."""
    extractor = open_extractor(extractor_name)
    real = shipped_or_made(extractor, data)
    reports: list[Report] = [
        evaluate(ModelSource(folder), extractor, real, n=n, seeds=(0,)) for n in (CHECKED, SAMPLES)
    ]
    return [check_of(report) for report in reports]


def main(run: Path) -> None:
    several = read_seeds(run) is not None
    runs = (
        finished_runs(run)
        if several
        else {read_config(run / "export/config.json")[0].recipe.seed: run}
    )
    config, _ = read_config(next(iter(runs.values())) / "export" / "config.json")
    name, data = str(config.name), config.recipe.data
    target = ZOO / name
    primary = extractor_for(data)
    control = primary.replace("cnn-", "ae-")
    trained = f"ganzoo train {name}" + (f" --seeds {len(runs)}" if several else "")
    measured = measure(runs, data, primary)
    controlled = measure(runs, data, control)
    command = f"{trained}; ganzoo eval {run}/"
    shipped = measured.seeds.index(measured.median)
    beside = f"{command} --extractor {control}"
    metrics = [
        *metrics_of(measured.reports, command, shipped=shipped),
        metrics_of(controlled.reports, beside, shipped=shipped)[0],
    ]
    chosen = runs[measured.median]
    made, raw = read_config(chosen / "export" / "config.json")
    raw["recipe"] = write_record(made.recipe)  # with the keys that came after the run was begun
    raw["metrics"] = [write_record(metric) for metric in metrics]
    raw["checks"] = [write_record(check) for check in checks(chosen, data, primary)]
    target.mkdir(parents=True, exist_ok=True)
    for file in (GENERATOR_FILE, DISCRIMINATOR_FILE, "samples.png"):
        shutil.copyfile(chosen / "export" / file, target / file)
    write_text(target / "config.json", to_json(raw))
    print(f"{chosen} (seed {measured.median}) -> {target}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    torch.set_num_threads(1)
    main(parser.parse_args().run)
