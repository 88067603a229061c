# All set-up is done here: `make demo` and `make test` work on a fresh machine with Python 3.11+, and again offline.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
WORKSPACE ?= workspaces/demo
PORT ?= 8501
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help install app demo check fix test test-all bench screenshots clean

help: ## show this help
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | awk 'BEGIN {FS = ":.*?## "} {printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.app: requirements.txt
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.tests: requirements.txt tests/requirements.txt tests/install_system.sh
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	bash tests/install_system.sh
	@touch $(VENV)/.app $@

install: $(VENV)/.app ## make the environment and install what the app needs

app: install ## open the dashboard on WORKSPACE (default: the demo)
	$(PY) -m analysis open $(WORKSPACE) --port $(PORT)

demo: install ## analyse the embedded data set and open the dashboard on localhost
	$(PY) -m analysis demo --workspace $(WORKSPACE) --port $(PORT)

check: $(VENV)/.tests ## lint, formatting and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

fix: $(VENV)/.tests ## mend what the linter can
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

test: $(VENV)/.tests ## set up what tests need and run all of them but the slow ones
	$(PY) -m pytest -m "not slow" -n $(WORKERS) --dist loadfile

test-all: check ## code checks and every test
	$(PY) -m pytest

bench: $(VENV)/.tests ## run the benchmarks, one JSON row a case
	$(PY) benchmarks/run_all.py

screenshots: $(VENV)/.tests ## make assets/screenshots anew
	$(PY) assets/make_screenshots.py

clean: ## remove the environment and caches; workspaces stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
