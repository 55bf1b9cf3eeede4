# Two commands do all set-up: `make book` (no torch) and `make test`. `make help` lists the rest.
# Variables: PYTHON (3.11 or later), VENV, REFRESH=1 (for execute), TABLE (for measure), and TORCH_INDEX: where PyPI's torch
# would bring CUDA, the address of an index with CPU builds.
PYTHON      ?= $(shell python3.11 -c "print('python3.11')" 2>/dev/null || echo python3)
VENV        ?= .venv
TORCH_INDEX ?=
REFRESH     ?=
BIN         := $(VENV)/bin
BOOK_READY  := $(VENV)/.ready-book
ALL_READY   := $(VENV)/.ready-all
NOTEBOOKS   := $(sort $(shell find book -name '*.ipynb' -not -path '*/.*'))
NBVAL       := -m pytest --nbval --nbval-current-env --nbval-cell-timeout=120 -n 2 --dist loadfile -q

# Another machine, as far as this one can play it: one thread and no vector instruction newer than SSE4.
# tools/check_portable.py proves that each word is understood.
PORTABLE    := OMP_NUM_THREADS=1 ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 MKL_CBWR=COMPATIBLE \
               OPENBLAS_CORETYPE=NEHALEM NPY_DISABLE_CPU_FEATURES="X86_V4 X86_V3"

# What runs here has an environment of its own: no backend, settings or start-up files of the user's, and the package of
# this clone, wherever the environment has another installed.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_USER := 0
export IPYTHONDIR := $(abspath $(VENV))/ipython
export MPLCONFIGDIR := $(abspath $(VENV))/matplotlib
export PYTHONPATH := $(CURDIR)/src
unexport MPLBACKEND MATPLOTLIBRC PIP_TARGET PIP_PREFIX PIP_ROOT PYTHONHOME PYTHONSTARTUP PYTHONOPTIMIZE PYTEST_ADDOPTS
export TORCH_INDEX
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help book test test-interrupt test-portable execute colab test-colab serve check measure ci browser test-playground test-pages budgets unchanged clean

# What must hold on a fresh clone, in this order; .ci/run calls it.
CI := test test-portable book test-interrupt check colab test-colab browser test-playground test-pages budgets unchanged

# pip writes its many lines to a file; its errors are shown, without the addresses of package indexes. Meanwhile the
# environment is marked as unfinished, if it is ours: after a kill it is made again.
define pip_install
	@echo "$(1); the first time takes a minute or two (pip writes to $(VENV)/pip.log)"
	@! grep -qx '$(abspath $(VENV))' $(VENV)/made.txt || touch $(VENV)/unfinished.txt
	@$(BIN)/python -m pip install $(2) > $(VENV)/pip.log 2>&1; status=$$?; rm -f $(VENV)/unfinished.txt; [ $$status = 0 ] \
	    || { { grep -iE '^ *error|^fatal' $(VENV)/pip.log || tail -n 8 $(VENV)/pip.log; } | sed 's,//[^/ ]*,//...,g' | head -n 20; echo "pip failed: $(VENV)/pip.log has all of it"; exit 1; }
endef

help:  ## list the targets (the default)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# An environment that was made here has its own path in made.txt. It is made again if it was moved with the clone or not
# finished; one that was there before is used as it is.
$(shell [ ! -e $(VENV)/made.txt ] || grep -qxe used -e '$(abspath $(VENV))' $(VENV)/made.txt || touch $(VENV)/unfinished.txt; \
    [ ! -e $(VENV)/unfinished.txt ] || rm -f $(VENV)/made.txt)

$(VENV)/made.txt:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@if [ -x $(BIN)/python ] && [ ! -e $(VENV)/unfinished.txt ]; then echo used > $@; else \
	    echo "Making the environment $(VENV)"; \
	    if [ -e $(VENV)/unfinished.txt ]; then rm -rf $(VENV); fi; \
	    mkdir -p $(VENV) && touch $(VENV)/unfinished.txt && $(PYTHON) -m venv $(VENV) \
	    && echo "$(abspath $(VENV))" > $@ && rm $(VENV)/unfinished.txt; fi

$(BOOK_READY): requirements-book.txt | $(VENV)/made.txt
	$(call pip_install,Installing what builds the book,-r requirements-book.txt)
	@touch $@

$(ALL_READY): requirements.txt requirements-book.txt pyproject.toml | $(VENV)/made.txt
	$(call pip_install,Installing everything with torch,$${TORCH_INDEX:+--extra-index-url "$$TORCH_INDEX"} -r requirements.txt)
	$(call pip_install,Installing the package,--no-deps --no-build-isolation --editable .)
	@touch $(BOOK_READY) $@

book: $(BOOK_READY)  ## build _build/html/index.html; a warning is an error
	@$(BIN)/python tools/build_book.py

test-interrupt: book  ## kill a build of the book in the middle, and see that the next one is whole
	@$(BIN)/python tools/check_interrupt.py

test: $(ALL_READY)  ## run the unit tests, then every notebook, comparing its stored outputs
	@$(BIN)/python -m pytest tests -q -n 2 --dist loadfile
	@$(if $(NOTEBOOKS),$(BIN)/python $(NBVAL) $(NOTEBOOKS))
	@echo "Passed: the unit tests, and the stored outputs of $(words $(NOTEBOOKS)) notebooks"

test-portable: $(ALL_READY)  ## run every notebook again as an older CPU with one thread would
	@env $(PORTABLE) $(BIN)/python tools/check_portable.py
	@$(if $(NOTEBOOKS),env $(PORTABLE) $(BIN)/python $(NBVAL) $(NOTEBOOKS))
	@echo "Passed as an older CPU with one thread: the stored outputs of $(words $(NOTEBOOKS)) notebooks"

execute: $(ALL_READY)  ## run every notebook and store its outputs (REFRESH=1: also those that are not compared)
	@REFRESH=$(filter-out 0 no,$(REFRESH)) $(BIN)/python tools/execute.py $(NOTEBOOKS)

colab: book  ## build the book, and give its Colab copies in _build/colab
	@rm -rf _build/colab && cp -Rp _build/html/colab _build/colab
	@find _build/colab -name '*.ipynb' | sort

test-colab: $(ALL_READY) colab  ## run the Colab copies as Colab would, in an environment of their own
	@$(BIN)/python tools/check_colab.py

serve: $(BOOK_READY)  ## show the book in a browser and rebuild it at each change
	@trap 'rm -f conf.py' EXIT INT TERM; $(BIN)/jupyter-book config sphinx . > /dev/null && \
	    PYTHONPATH=book/_ext $(BIN)/sphinx-autobuild . _build/serve -d _build/.serve-doctrees --port 8000 --re-ignore '^(?!.*/(book|src)/).*' --re-ignore '__pycache__'

check: $(ALL_READY)  ## check style, spelling, docstrings, types and walls
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/codespell
	@$(BIN)/pydoclint --quiet src
	@$(BIN)/basedpyright --pythonpath $(BIN)/python --warnings
	@$(BIN)/lint-imports --no-logo --no-cache
	@echo "Passed: ruff (lint and format), codespell, pydoclint, basedpyright, import-linter"

measure: $(ALL_READY)  ## measure a stored table anew: TABLE=context, start, ... windows, or speed
	@$(BIN)/python -m $(if $(filter speed,$(TABLE)),convattn.lab.speed,convattn.lab.experiments $(TABLE)) --out src/convattn/lab/data/measured

ci:  ## everything that must hold, step by step; stops at the first failure
	@begin=$$(date +%s); for step in $(CI); do \
	    start=$$(date +%s); printf '\n=== make %s (at %d s)\n' $$step $$((start - begin)); \
	    $(MAKE) $$step || { printf '=== FAILED: make %s, after %d s\n' $$step $$(($$(date +%s) - start)); exit 1; }; \
	    printf '=== ok: make %s, %d s\n' $$step $$(($$(date +%s) - start)); \
	done; printf '\nPassed in %d s: %s\n' $$(($$(date +%s) - begin)) "$(CI)"

browser:  ## install what the page checks need: Chromium, Node and three packages
	@bash tools/install_browser.sh

test-playground: $(ALL_READY)  ## compare the playground's numbers with Python's, and use it by keyboard, pointer and link
	@PYTHON=$(BIN)/python node tools/check_playground.mjs

test-pages:  ## check the built pages in the browser, after a test of the checks themselves
	@node tools/check_pages.mjs --self-test
	@node tools/check_pages.mjs

budgets:  ## measure the built pages against their budgets, after a test of the measurement itself
	@node tools/check_budgets.mjs --self-test
	@node tools/check_budgets.mjs

unchanged:  ## fail if git sees a change: no target above may write into the clone
	@changed=$$(git status --porcelain); [ -z "$$changed" ] || { echo "changed or not ignored:"; echo "$$changed"; exit 1; }

clean:  ## remove what was built; the environment stays
	@rm -rf _build .pytest_cache .ruff_cache .hypothesis
	@find book src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Removed _build and the caches; $(VENV) stays"
