"""What a training imports up to its first step: each heavy package costs a newcomer seconds."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import os, sys
import ganzoo.engine.train as engine
step = engine.step
def first_step(*given):
    step(*given)
    print(*sys.modules, flush=True)
    os._exit(0)
engine.step = first_step
from ganzoo.cli import main
main(sys.argv[1:])
"""
#: Packages that only some trainings need, or none; torch's compiler alone takes 3 s.
TOO_HEAVY = {"timm", "torchvision", "torch._dynamo", "sympy", "huggingface_hub", "yaml", "pandas"}


def test_a_training_imports_no_heavy_package_before_its_first_step(tmp_path):
    words = ["train", "dcgan-mnist", "--data", "mnist-mini", "--images", "64", "--out", "run"]
    command = [sys.executable, "-c", SCRIPT, *words]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    imported = {*ended.stdout.split()}
    assert "ganzoo.engine.turns" in imported
    assert not imported & TOO_HEAVY
