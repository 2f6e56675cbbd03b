# `make demo` and `make test` do all the set-up: only Python 3.11 or newer and make are needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check unit docs release-check clean

demo: $(READY)
	$(BIN)/quorate demo

test: check unit

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# compiled files are kept, whatever the environment says: tests start many processes that read them
unit: $(READY)
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n logical --maxprocesses 4 --dist worksteal

docs: $(READY)
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -c docs . build/site
	@echo "Open build/site/index.html"

# the release checklist; one step alone: make release-check STEPS=wheel
release-check: $(READY)
	$(BIN)/python .ci/release.py $(STEPS)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Expected Python 3.11 or newer, got $$($(PYTHON) --version). Name one: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 2; }
	@echo "Making a virtual environment in $(VENV) (1 of 3)"
	@$(PYTHON) -m venv $(VENV)
	@echo "Installing quorate and what it needs, hundreds of megabytes (2 of 3): each download is named"
	@$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[server,test]'
# a test compares with dro; what it asks for itself is large, and not needed for its linear models
	@echo "Installing dro, for the tests (3 of 3)"
	@$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt --no-deps dro
	@echo "Ready."
	@touch $@

clean:
	rm -rf $(VENV) runs
