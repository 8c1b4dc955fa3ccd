# optviz. Type `make` for what there is; each target sets up what it needs.

PYTHON      ?= python3
ARGS        ?=
PIP_ARGS    ?=
PYTEST_ARGS ?= -n auto --maxprocesses 4

VENV  := .venv
BIN   := $(VENV)/bin
ready := $(VENV)/ready-to-run
dev   := $(VENV)/ready-to-develop
js    := node_modules/ready-to-check
NPM   := PATH="$(CURDIR)/$(BIN):$$PATH" npm

# Many processes load the same modules: they are compiled once, even where the machine's setting is not to.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run setup-browser quick quick-js quick-core quick-rest test long matrix lint format bench screenshot clean

help: ## show this list
	@echo 'optviz: real torch.optim optimizers on loss surfaces, in your browser.'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1~\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F '~' '{printf "%-20s %s\n", $$1, $$2}'
	@echo
	@echo '  make run ARGS="--server.port 8600"   options for Streamlit (make test, make bench: for pytest, the benchmark)'
	@echo '  make run PIP_ARGS="..."              options for pip install, say for a smaller PyTorch: see README.md'
	@echo '  make run PYTHON=python3.12           which Python to use'

run: $(ready) ## open the app in the browser (sets everything up the first time)
	$(BIN)/python -m streamlit run app.py --server.address localhost $(ARGS)

setup-browser: $(dev) ## find Chromium and what drives it, or install them with apt-get
	@$(BIN)/python -m scripts.chromium

quick: $(dev) $(js) ## an answer in a minute: style, types, a sample of the tests, no browser
	@$(MAKE) --no-print-directory --jobs 2 quick-core lint quick-js quick-rest
	@echo 'Quick checks passed. make test runs all.'

# Side by side, each with the files that it collects and nobody else.
quick-js: $(js)
	$(NPM) run --silent --if-present test
quick-core: $(dev)
	$(BIN)/python -m pytest -q -r fE --sample 1 tests/core $(ARGS)
quick-rest: $(dev)
	$(BIN)/python -m pytest -q -r fE --sample 1 tests/unit tests/page $(ARGS)

test: $(dev) $(js) ## run all tests but those that are long by nature
	$(NPM) run --silent --if-present test
	$(BIN)/python -m pytest $(PYTEST_ARGS) $(ARGS)

long: $(dev) $(js) ## run those that are: thousands of inputs, clusters, whole courses
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m long $(ARGS)

lint: $(dev) $(js) ## check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(NPM) run --silent lint

format: $(dev) $(js) ## put the code in its standard form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/python -m scripts.messages
	$(NPM) run --silent format

bench: $(dev) ## measure the speed
	@set -e; for file in benchmarks/start.py benchmarks/engine.py benchmarks/maps.py benchmarks/network.py benchmarks/player.py; do echo "== $$file"; PYTHONPATH=. $(BIN)/python $$file $(ARGS); done
	@echo '== benchmarks/load.py, briefly'; PYTHONPATH=. $(BIN)/python benchmarks/load.py --sessions 5 --seconds 10

screenshot: $(dev) ## make the pictures in docs/ anew
	$(BIN)/python -m scripts.screenshot

matrix: $(BIN)/python ## run the tests of the core with the oldest and the newest versions of all it stands on
	$(BIN)/python -m scripts.matrix $(PIP_ARGS) $(ARGS)

clean: ## remove the virtual environment and all caches
	rm -rf $(VENV) .matrix node_modules build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(ready): requirements.txt | $(BIN)/python
	@if [ "$$(uname -s)" = Linux ] && [ -z '$(PIP_ARGS)' ] && ! command -v nvidia-smi >/dev/null; then \
		echo 'Installing. PyTorch for Linux comes with gigabytes of CUDA; README.md says how to get the small CPU build.'; fi
	$(BIN)/python -m pip install --disable-pip-version-check $(PIP_ARGS) -r requirements.txt
	@touch $@

$(dev): requirements-dev.txt $(ready)
	$(BIN)/python -m pip install --disable-pip-version-check $(PIP_ARGS) -r requirements-dev.txt
	@touch $@

$(js): package.json $(dev)
	$(NPM) install --no-audit --no-fund --loglevel=error
	@touch $@

$(BIN)/python:
	@command -v '$(PYTHON)' >/dev/null || { \
		echo "optviz needs Python 3.11 or newer, and there is no '$(PYTHON)' here. Another name: make run PYTHON=python3.12"; exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "optviz needs Python 3.11 or newer, and '$(PYTHON)' is $$('$(PYTHON)' --version 2>&1). Another: make run PYTHON=python3.12"; exit 1; }
	@'$(PYTHON)' -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' cannot make virtual environments. On Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	'$(PYTHON)' -m venv $(VENV)
