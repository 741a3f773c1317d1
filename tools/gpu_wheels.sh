#!/usr/bin/env bash
# Download into .whl/ what a GPU machine with Python 3.12 and PyTorch may lack, in the versions of
# requirements.txt. The machine must have PyTorch, torchvision, NumPy and Pillow. Name other packages:
#     tools/gpu_wheels.sh huggingface_hub==2.4.0 httpx2==2.16.2
set -eu
cd "$(dirname "$0")/.."
names='click|iniconfig|markdown-it-py|mdurl|packaging|platformdirs|pluggy|Pygments|pytest|rich|safetensors|timm'
mapfile -t pins < <(grep -iE "^($names)==" requirements.txt)
rm -rf .whl
"${PYTHON:-python3}" -m pip download --quiet --no-deps --only-binary=:all: \
    --python-version 3.12 --implementation cp \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 \
    --platform manylinux2014_x86_64 -d .whl "${pins[@]}" hypothesis==6.170.15 sortedcontainers "$@"
du -k .whl/*.whl
du -ck .whl/*.whl | tail -1
