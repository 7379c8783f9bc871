# One command each. `make help` prints the comments below.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo up down status doctor test fast check format docs lock clean distclean

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
ARCHIVE ?=
ARGS ?=
# The first Python on the PATH that can carry the platform; another one: make PYTHON=… TARGET
CAN_CARRY := import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))
PYTHON ?= $(shell for p in python3.11 python3.12 python3; do \
	$$p -c '$(CAN_CARRY)' 2>/dev/null && { echo $$p; exit; }; done; echo python3)

help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | \
	  while IFS="$$(printf '\t')" read -r name text; do printf '  %-10s %s\n' "$$name" "$$text"; done

$(READY): requirements.lock pyproject.toml ops/setup/install.py ops/setup/jars.py ops/setup/java.py
	@command -v $(PYTHON) >/dev/null || { echo "error: no Python found. On Debian: apt install python3.11 python3.11-venv"; exit 1; }
	@$(PYTHON) -I ops/setup/install.py

setup: $(READY) ## set up: environment, locked packages, Delta jars, Java (every target does it)

demo: $(READY) ## from nothing to recommendations on a page; ARCHIVE=path/to/ml-1m.zip spares the download
	@$(BIN)/lantern demo $(if $(ARCHIVE),--archive '$(ARCHIVE)') $(ARGS)

up: $(READY) ## start the platform on this machine
	@$(BIN)/lantern up $(ARGS)

down: $(READY) ## end everything that `up` started, and nothing else
	@$(BIN)/lantern down

status: $(READY) ## what runs, where, since when
	@$(BIN)/lantern status

doctor: $(READY) ## what was found, what is needed, how to fix it
	@$(BIN)/lantern doctor

test: $(READY) ## every test, with coverage: real Spark, Delta, Postgres, Airflow, a browser where there is one
	@$(BIN)/python -m ops.terminal.doctor --browser || true
	@$(BIN)/python tests/lanes.py $(ARGS)

fast: $(READY) ## the tests that need neither a browser nor the whole platform
	$(BIN)/python -m pytest -m 'not stack and not browser' $(ARGS)

check: $(READY) ## lint, format, types, import contracts, dependencies, generated documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python -m tools.references --check

format: $(READY) ## let ruff put everything in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY) ## generate docs/settings.md, tables.md, datasets.md, dags.md and .env.example
	$(BIN)/python -m tools.references

lock: $(READY) ## write requirements.lock from pyproject.toml; packages that it names keep their version
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	  --group test --group develop pyproject.toml --output-file requirements.lock

clean: ## delete what tools cached; data and the environment stay
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage build spark-warehouse
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -not -path './var/*' -prune -exec rm -rf {} +

distclean: down clean ## delete environment and data too: what is in var/ is gone for good
	rm -rf "$$(readlink -f var/postgres)" $(VENV) var
