# Bare `make` lists the targets.  Everything works from a fresh clone: see .ci/bootstrap.sh.
SHELL := /bin/bash
export LC_ALL := C.UTF-8
export PYTHONUTF8 := 1
export VENV := .venv

PY := $(VENV)/bin/python
ARGS ?=
TESTS ?= tests

.DEFAULT_GOAL := help
.PHONY: help demo test test-checks test-plain lab lint format bench build run fresh clean distclean

help:  ## list the targets (what you see now)
	@printf 'Telephony media server.  make TARGET [ARGS="..."]\n\n'
	@sed -nE 's/^([a-z-]+):.*## (.*)$$/\1\t\2/p' $(MAKEFILE_LIST) | \
		while IFS=$$'\t' read -r name text; do printf '  %-13s %s\n' "$$name" "$$text"; done

demo:  ## install what is missing, build, and show calls coming in (ARGS="--calls 20 --once")
	@.ci/bootstrap.sh run
	@$(VENV)/bin/mediaserver demo $(ARGS)

run:  ## the daemon in the foreground (ARGS="--config FILE")
	@.ci/bootstrap.sh run
	@$(VENV)/bin/mediaserver run $(ARGS)

test:  ## install what is missing, build, and run every test (TESTS=tests/dsp ARGS="-k name")
	@.ci/bootstrap.sh test
	@$(PY) -m pytest $(TESTS) $(ARGS)

test-checks:  ## the data plane's tests in a build with bounds checks
	@.ci/bootstrap.sh test
	@.ci/checks.sh $(ARGS)

lab:  ## DAHDI's real modules under an emulator, no card needed: PRI, R2, analog (ARGS="-k pri")
	@.ci/bootstrap.sh test
	@$(PY) -m pytest tests/lab/dahdi $(ARGS)

test-plain:  ## the kernels in plain C beside the normal build
	@.ci/bootstrap.sh test
	@.ci/plain.sh $(ARGS)

lint:  ## ruff, format check and mypy
	@.ci/bootstrap.sh test
	@$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(PY) -m mypy

format:  ## let ruff format the tree
	@.ci/bootstrap.sh test
	@$(PY) -m ruff check --fix . && $(PY) -m ruff format .

bench:  ## measure this machine (ARGS="tick --channels 30,120,480 --json FILE")
	@.ci/bootstrap.sh peers
	@$(PY) -m bench $(ARGS)

build:  ## compile the kernels and bindings in place
	@.ci/bootstrap.sh run

fresh:  ## prove a clone on a new minimal Debian 12: demo and tests in a debootstrap (as root)
	@.ci/fresh.sh $(ARGS)

clean:  ## remove what was built
	@rm -rf build dist *.egg-info
	@find bench drivers dsp_ext fax mediaserver tests web \
		\( -name '*.so' -o -name __pycache__ -o -name '*.o' \) -prune -exec rm -rf {} +
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis

distclean: clean  ## and the virtual environment
	@rm -rf $(VENV)
