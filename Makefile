# `make` lists the targets.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PLUGINS := \
  ./plugins/ganzoo-vanilla \
  ./plugins/ganzoo-dcgan \
  ./plugins/ganzoo-wgan \
  ./plugins/ganzoo-r3gan \
  ./plugins/ganzoo-stylegan \
  ./plugins/ganzoo-bench \
  ./plugins/ganzoo-art \
  ./plugins/ganzoo-web \
  ./plugins/ganzoo-text \
  ./plugins/ganzoo-music \
  ./plugins/ganzoo-translate

.PHONY: help demo install test test-all lint format cards docs reference gallery zoo gpu clean
MINUTES ?= 10
# Each process imports torch: more than four gain little. `make test PARALLEL=` runs in one process.
PARALLEL ?= -n auto --maxprocesses 4 --dist worksteal

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## *' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: $(VENV)/.installed  ## install into .venv, draw digits into samples.png and the zoo into zoo.png
	$(BIN)/ganzoo sample dcgan-mnist -o samples.png
	$(BIN)/python tools/wall.py -o zoo.png

install: $(VENV)/.installed  ## install the core and the plugins into .venv

test: $(VENV)/.installed-dev  ## run the test suite in up to four processes (minutes)
	$(BIN)/python -m pytest $(PARALLEL)

test-all: $(VENV)/.installed-dev  ## run the slow tests too
	$(BIN)/python -m pytest $(PARALLEL) -m ""

lint: $(VENV)/.installed-dev  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

cards: $(VENV)/.installed-dev  ## write the generated parts of the model cards
	$(BIN)/ganzoo cards build
	$(BIN)/python tools/readme_table.py
	$(BIN)/python tools/wall.py -o docs/zoo.png
	$(BIN)/python tools/make_reference_pages.py

docs: $(VENV)/.installed-dev  ## build the documentation into build/docs
	$(BIN)/python tools/make_reference_pages.py --check
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet docs build/docs

reference: $(VENV)/.installed  ## write the generated pages of docs/
	$(BIN)/python tools/make_reference_pages.py

gallery: $(VENV)/.installed-dev  ## write pages of all models, which draw in the browser, into build/gallery
	$(BIN)/ganzoo gallery -o build/gallery

zoo: $(VENV)/.installed  ## train the zoo's models for MINUTES=10, into runs/zoo
	$(BIN)/python tools/train_zoo.py --minutes $(MINUTES)

gpu:  ## test, train and measure on a GPU within MINUTES=10, into runs/gpu
	tools/gpu.sh runs/gpu $(MINUTES)

clean:  ## remove .venv and build results
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python pyproject.toml requirements.txt $(wildcard plugins/*/pyproject.toml)
	$(BIN)/python -m pip install -c requirements.txt -e . $(PLUGINS:%=-e %)
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install -c requirements.txt -e '.[dev]'
	@touch $@
