# `make help` lists the targets. Each one sets up what it needs: .venv with pinned packages, and
# the system's own packages (tools/setup.sh).

PY := .venv/bin/python
JOBS ?= 2
ARGS ?=

# Verilator's makefile calls `python`, a name that Debian does not have outside of .venv.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# As sim/__init__.py says, for what loads NumPy before it.
export OPENBLAS_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup setup-boards setup-fuzz setup-all demo test docs formal mutants fuzz boards size \
	gates bench figures long soak lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

setup:  ## set up .venv and check the system's packages (quick when done already)
	@sh tools/setup.sh test

setup-boards:  ## add the tools that build for boards, and check what flashing them needs
	@sh tools/setup.sh test,boards
	@sh tools/flashing.sh

setup-fuzz:  ## add the coverage-guided fuzzer
	@sh tools/setup.sh test,fuzz

# What the tests need: they build bitstreams and documents too.
setup-all:
	@sh tools/setup.sh test,boards,docs

demo: setup  ## files through the gateware, and a call over a telephone line, against golden
	@$(PY) -m sim.cli.demo $(ARGS)

test: setup-all  ## lint, all tests but the long ones, documents (JOBS=2; ARGS="-k scrambler" goes to pytest)
	@status=0; \
	$(PY) -m ruff check . || status=1; \
	$(PY) -m ruff format --check --quiet . || { echo "make: run ruff format"; status=1; }; \
	$(PY) -m pytest -n $(JOBS) --dist loadgroup $(ARGS) || status=1; \
	exit $$status

docs: setup-all  ## HTML of docs/ and the API, into build/docs/html
	@$(PY) -m docs.tools.build $(ARGS)

formal: setup-all  ## proofs by yosys and z3; `make test` has the quick ones
	@V90_LONG=1 $(PY) -m pytest -n $(JOBS) -q tests/formal $(ARGS)

mutants: setup  ## plant all errors that tests must catch, and print what caught each (ARGS="--file hdl")
	@$(PY) -m tests.planting --jobs $(JOBS) $(ARGS)

fuzz: setup-fuzz  ## parsers and the host link, coverage-guided (ARGS="--target link --times 10")
	@$(PY) -m tests.fuzz.run $(ARGS)

boards: setup-all  ## bitstreams of every top of every board, and the table in docs/resources.md
	@$(PY) -m boards.build.everything $(ARGS)

size: setup-all  ## cells and clock of a block in a chip (ARGS="--block receiver --chip up5k")
	@$(PY) -m boards.build.size $(ARGS)

gates: setup-all  ## netlists of cells against golden (ARGS="--case receiver --netlist up5k")
	@$(PY) -m boards.gates.trainings $(ARGS)

bench: setup-all  ## how fast all of it is (docs/performance.md), then figures: on a quiet machine
	@$(PY) -m sim.speeds.benchmark
	@$(PY) -m sim.figures.reach $(ARGS)

figures: setup  ## what receivers and start-ups reach, and 10 000 parameter sets
	@$(PY) -m sim.figures.reach $(ARGS)

long: setup-all  ## the tests marked long; `make formal` has those of tests/formal
	@V90_LONG=1 $(PY) -m pytest -q -m long --ignore tests/formal $(ARGS)

soak: setup  ## 500 calls in which something goes wrong (ARGS="--gateware --calls 50")
	@$(PY) -m sim.figures.soak $(ARGS)

lock:  ## add to constraints.txt what pyproject.toml newly needs (ARGS=--upgrade: all anew)
	@sh tools/lock.sh $(ARGS)

clean:  ## remove everything made here, .venv included
	rm -rf .venv build *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
