.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

BOARD ?= icebreaker
EXAMPLE ?=
PYTEST := .venv/bin/python -m pytest

.PHONY: help
help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

.PHONY: install
install: .venv/.complete  ## catgrad and its tools, into .venv; what the others begin with

.PHONY: demo
demo: .venv/.complete  ## a model, from Python to bitstreams that train themselves; takes minutes
	.venv/bin/python examples/demo.py

.PHONY: gpt
gpt: .venv/.complete  ## train a GPT on the manual of Python; takes minutes
	.venv/bin/python examples/gpt.py

.PHONY: test
test: system-packages  ## all tests but the slow ones, and every docstring example
	$(PYTEST) -n 2 -m "not slow"

.PHONY: test-all
test-all: system-packages  ## all tests
	$(PYTEST) -n 2

.PHONY: lint
lint: .venv/.complete  ## style, formatting and types
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

.PHONY: torch
torch: .venv/.torch  ## PyTorch into .venv: the tests compare with it where it is there

.PHONY: sim
sim: system-packages  ## the same samples through NumPy and every simulator
	$(PYTEST) -n 2 tests/sim tests/test_conformance.py

.PHONY: bitstream
bitstream: .venv/.complete  ## a learning circuit for BOARD=icebreaker, ulx3s, ...: EXAMPLE=digits, large, iris, lms
	.venv/bin/python examples/bitstream.py --board $(BOARD) $(if $(EXAMPLE),--example $(EXAMPLE))

.PHONY: boards
boards: .venv/.complete  ## bitstreams for every board, and the table docs/boards.md; takes half an hour
	.venv/bin/python examples/every_board.py

.PHONY: bench
bench: .venv/.torch  ## measure how well integers learn, how fast compiler and source are, beside others
	@for program in $$(grep -l __main__ bench/*.py); do echo "$$program"; .venv/bin/python "$$program"; done

.PHONY: docs
docs: demo gpt  ## the pictures in the README and in docs, from the demo and by `catgrad draw`
	cp build/training.svg docs/training.svg
	cp build/linear.svg docs/step.svg
	cp build/gpt.svg docs/gpt.svg
	grep '^catgrad draw' docs/drawing.md | PATH=.venv/bin:$$PATH bash -e

.PHONY: golden-update
golden-update: .venv/.complete  ## rewrite the golden files; review the difference like code
	$(PYTEST) --golden-update $$(grep -rlw golden --include='test_*.py' tests)
	git diff --stat -- tests

.PHONY: clean
clean:  ## remove what was built; the environment in .venv stays
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

.PHONY: system-packages
system-packages: .venv/.complete
	@tools/system_packages.sh

# One environment serves every command. It is repaired when it is missing or its Python has gone,
# and brought up to date when pyproject.toml changes.
.venv/.complete: pyproject.toml
	@.venv/bin/python -m pip --version >/dev/null 2>&1 || { \
	  python=$$(tools/python.sh); \
	  echo "Making .venv with $$($$python --version) ..."; \
	  $$python -m venv --clear .venv; }
	@echo "Installing catgrad and its tools into .venv (about 1 GB; a minute or so) ..."
	@# PIP_USER: a pip told to install for the user everywhere cannot install into .venv.
	@PIP_USER=0 .venv/bin/python -m pip install --quiet --disable-pip-version-check \
	  --editable ".[boards,sim,plots,examples,dev$$(command -v g++ >/dev/null || echo ,compiler)]"
	@touch $@

.venv/.torch: .venv/.complete
	@echo "Installing PyTorch into .venv (large) ..."
	@PIP_USER=0 .venv/bin/python -m pip install --quiet --disable-pip-version-check \
	  --editable '.[torch]'
	@touch $@
