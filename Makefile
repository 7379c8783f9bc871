# One command each. `make help` prints the comments below.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo up down status doctor test coverage soak scale fast check audit format docs typescript lock clean distclean

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
FAST := not slow and not stack and not browser and not journey and not soak and not scale
ARCHIVE ?=
# a variable of the shell may name the data set of its requests to the API: it is not meant
of_demo = $(if $(filter command,$(origin DATASET)),$(value DATASET))
quoted = '$(subst ','\'',$(1))'
ARGS ?=
# The first supported Python on the PATH. To use another one: make PYTHON=… TARGET
IS_SUPPORTED := import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))
PYTHON ?= $(shell for p in python3.11 python3.12 python3; do \
	$$p -c '$(IS_SUPPORTED)' 2>/dev/null && { echo $$p; exit; }; done; echo python3)

help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | \
	  while IFS="$$(printf '\t')" read -r name text; do printf '  %-10s %s\n' "$$name" "$$text"; done

$(READY): requirements.lock pyproject.toml $(wildcard ops/setup/*.py)
	@command -v $(call quoted,$(PYTHON)) >/dev/null || { echo "error: no Python found. On Debian: apt install python3.11 python3.11-venv"; exit 1; }
	@$(call quoted,$(PYTHON)) -I ops/setup/install.py

setup: $(READY) ## install packages, Delta jars and Java into .venv (other targets do it too)

demo: $(READY) ## start everything, load a data set, show lists; ARCHIVE=path/to/ml-1m.zip or DATASET=playground_shop
	@$(BIN)/lantern demo $(if $(value ARCHIVE),--archive $(call quoted,$(value ARCHIVE))) \
	  $(if $(of_demo),--dataset $(call quoted,$(of_demo))) $(ARGS)

up: $(READY) ## start the platform on this machine
	@$(BIN)/lantern up $(ARGS)

down: $(READY) ## stop everything that `up` started
	@$(BIN)/lantern down

status: $(READY) ## list the programs, their health and addresses
	@$(BIN)/lantern status

doctor: $(READY) ## check this machine and say how to fix what is missing
	@$(BIN)/lantern doctor

test: $(READY) ## all tests but the long ones; browser tests need Chromium
	@$(BIN)/python -m ops.terminal.doctor || true
	@$(BIN)/python tests/lanes.py $(ARGS)

coverage: $(READY) ## the same with coverage, which must reach 90 %; takes half as long again
	@$(BIN)/python tests/lanes.py --coverage $(ARGS)

soak: $(READY) ## the long tests: faults, and the journey of a user through the whole platform
	$(BIN)/python -m pytest -m 'soak or journey' $(ARGS)

scale: $(READY) ## the tests on a Spark cluster and an S3 server, both made for them
	$(BIN)/python -m pytest -m scale $(ARGS)

fast: $(READY) ## the tests without Spark, Airflow, browser or a long run, on two processes
	$(BIN)/python -m pytest -n 2 --dist loadfile -m '$(FAST)' $(ARGS)

check: $(READY) ## lint, format, types, import contracts, dependencies, generated pages, words
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python -m tools.references --check
	$(BIN)/python -m tools.words

audit: $(READY) ## compare the locked packages with published advisories; needs the network
	@$(BIN)/python -m tools.audit

format: $(READY) ## format the code and apply the fixes of ruff
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY) ## generate docs/settings.md, tables.md, datasets.md, dags.md and .env.example
	$(BIN)/python -m tools.references

typescript: $(READY) ## generate the types of clients/typescript and pack it; needs Node.js and npm
	@$(BIN)/python -m tools.typescript

lock: $(READY) ## update requirements.lock from pyproject.toml; locked versions are kept
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	  --group test --group develop pyproject.toml --output-file requirements.lock

clean: ## delete caches; keep data and environment
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage build spark-warehouse
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -not -path './var/*' -prune -exec rm -rf {} +

distclean: down clean ## delete the environment and all data in var/, for good
	rm -rf "$$(readlink -f var/postgres)" "$$(readlink -f var/lake)" $(VENV) var
