"""Measure the statistics of real samples that the package ships.

    python tools/make_statistics.py

For each extractor of the package and its data set, the script measures the mean and covariance of
the test samples' features, keeps 2,000 of them in float16, and measures class shares and the
anchors' figures at the numbers of samples that cards and checks use. It needs the data sets and
takes minutes.
"""

from __future__ import annotations

import sys

import torch

from ganzoo.extractors import shipped
from ganzoo.measure.anchors import anchors
from ganzoo.measure.evaluate import CHECKED, SAMPLES
from ganzoo.measure.real_statistics import both_hashes, make_reference, splits
from ganzoo.measure.references import package_file

SIZES = (CHECKED, SAMPLES)


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    for folder in sorted(shipped.FOLDER.iterdir()):
        if names and folder.name not in names:
            continue
        extractor = shipped.open_folder(folder)
        data = shipped.read_extractor_config(folder / "config.json").data
        train, test = splits(data)
        made = make_reference(extractor, data, train, test, both_hashes(train, test))
        for n in SIZES:
            made = made.with_anchors(n, anchors(extractor, made, train, n))
        path = package_file(folder.name, data.name.rpartition("/")[2])
        made.save(path, light=True)
        print(f"{path}: {path.stat().st_size:,} bytes", flush=True)
        for name, row in made.anchors(SIZES[-1]).items():
            print(f"  {name:<11}" + "  ".join(f"{key} {value:.4g}" for key, value in row.items()))


if __name__ == "__main__":
    main(sys.argv[1:])
