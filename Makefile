# `make` lists what there is. Everything lives in this folder: .venv (tools), .data (databases of `make run`).
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test fuzz coherence check bench schema changes sdk lock up clean
# The steps of `make check` share one set of tools; nothing here gains from -j.
.NOTPARALLEL:

PY := .venv/bin/python
ARGS ?=
EXAMPLES ?= 2000
export PYTHON ARGS

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "  More arguments go through ARGS: make test ARGS=\"tests/api -k etag\""

# `exec`, so that the supervisor is make's own child and notices when make is killed.
run: ## the whole service: PostgreSQL, Valkey, web server, worker (PORT, HOST, DATA_DIR, DEMO=0 …)
	@scripts/install run
	@exec $(PY) -m config.supervisor --stop-with-parent

test: ## the test suite, in parallel, on servers that it starts itself
	@scripts/install dev
	@exec $(PY) -m pytest -n auto $(ARGS)

fuzz: ## a hundred thousand generated requests against the published schema (EXAMPLES=per operation, SEED=)
	@scripts/install dev
	@FUZZ_EXAMPLES=$(EXAMPLES) FUZZ_SEED=$(or $(SEED),$$(date +%s)) exec $(PY) -m pytest -s tests/fuzz $(ARGS)

coherence: ## every cached answer judged over HTTP while everything breaks (ARGS="--reads 1000000 --seed 2")
	@scripts/install dev
	@exec $(PY) -m tests.coherence $(ARGS)

check: ## format, lint, types, import contracts, migrations, OpenAPI, changelog, container files
	@scripts/install dev
	@exec $(PY) -m scripts.check $(ARGS)

schema: ## write openapi.yaml from the code
	@scripts/install dev
	@exec env DEBUG=true $(PY) manage.py spectacular --validate --fail-on-warn --file openapi.yaml

changes: ## what changed for clients since the last release, as lines for docs/changelog.md (ARGS=release closes it)
	@scripts/install dev
	@exec $(PY) -m scripts.changes $(ARGS)

sdk: ## typed clients for Python and TypeScript, into sdk/ (ARGS=python: only that one; TypeScript needs Node)
	@scripts/install dev
	@exec $(PY) -m scripts.sdk $(ARGS)

bench: ## the benchmarks, as ratios measured in one run (ARGS="operations --rounds 5")
	@scripts/install dev
	@exec $(PY) -m benchmarks $(ARGS)

lock: ## pin the newest versions that requirements/*.in allow (ARGS=--upgrade)
	@scripts/install dev
	@exec scripts/lock $(ARGS)

up: ## the production shape, by Docker compose
	@docker compose version >/dev/null 2>&1 || { echo "make up needs Docker with compose; make run needs neither." >&2; exit 1; }
	@scripts/secrets
	@exec docker compose up --build $(ARGS)

clean: ## remove .venv and caches; the data in .data stays
	rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis .cache staticfiles
	rm -rf sdk/node_modules sdk/python sdk/typescript
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
