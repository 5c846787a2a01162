# make demo: build the layer table of Inception v2.  make test: the whole check.  make bench: the figures of
# docs/performance.md; make bench NAMES=startup: some of them.
# All share one virtual environment, .venv, which is made at first use. facenet-pytorch goes in without what it asks for,
# versions of torch, numpy and Pillow of early 2024; the part that tests compare with runs with today's.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test docs bench clean

demo: $(READY)
	$(BIN)/archspec build specs/inception_v2.yaml

test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy archspec tests benchmarks
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	$(BIN)/python -m pytest -n 2 -q

docs: $(READY)
	$(BIN)/python docs/generate.py

bench: $(READY)
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m benchmarks $(NAMES)

clean:
	rm -rf .venv

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	$(BIN)/python -m pip install --quiet --no-deps facenet-pytorch==2.6.0
	touch $@
