# Alone, `make` shows what it can do: the texts behind the double crosses.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
INSTALL := $(PIP) install --no-deps --no-build-isolation
STAMP := .venv/.installed
# Where `make services-up` keeps its HDFS, HBase and Kafka, and what it adds to their ports.
SERVICES ?= .services
OFFSET ?= 0

# A PYTHON that was asked for and is not that of .venv renews it. So does a tree that was moved or
# copied: its .venv would run the code in the old place.
BUILD := -c 'import sys; print(sys.version)'
ifneq ($(origin PYTHON),file)
ifneq ($(shell $(PYTHON) $(BUILD) 2>&1),$(shell $(BIN)/python $(BUILD) 2>&1))
RENEW := yes
endif
endif
ifneq ($(file <$(STAMP)),$(CURDIR))
RENEW := yes
endif
ifdef RENEW
$(STAMP): FORCE
endif

.DEFAULT_GOAL := help
.PHONY: help install demo test lint package docs site campaigns compose-test services-up services-down clean FORCE

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | expand -t 16

install: $(STAMP) ## Set up .venv with pinned versions; PYTHON=python3.12 chooses the Python

$(STAMP): requirements.txt requirements-java.txt pyproject.toml build_kernel.py $(wildcard fink_tracklets/finder/kernel*.[ch])
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed, and '$(PYTHON)' is not: install one and name it, as in PYTHON=python3.12 make install." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv module is missing: install the Debian package python3-venv." >&2; exit 1; }
	@echo "Setting up .venv (the first time this fetches about 650 MB) ..."
	@test -z "$(RENEW)" && $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(INSTALL) --constraint requirements.txt setuptools
	@$(INSTALL) --requirement requirements.txt
	@$(INSTALL) --editable .
	@$(BIN)/python -m fink_tracklets.spark.java >/dev/null 2>&1 || { \
	  echo "No Java 17 or newer here: fetching one ..."; $(INSTALL) --requirement requirements-java.txt; }
	@$(PIP) check
	@echo '$(CURDIR)' > $@

demo: install ## Find the tracklets of a simulated night, with a picture, in demo/
	@$(BIN)/fink-tracklets demo --out demo

test: lint ## The checks and the tests
	$(BIN)/python -m pytest --numprocesses 2 --no-loadscope-reorder

lint: install ## Style, format and types
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

campaigns: install ## The long tests
	$(BIN)/python -m pytest -m campaign

compose-test: install ## Images and compose file, tried whole; STAND_INS=folder of docker/stand_ins.sh
	$(BIN)/python docker/compose_test.py $(if $(STAND_INS),--stand-ins $(STAND_INS))

package: install ## Make dist/fink_tracklets.zip for spark-submit --py-files, and its SBOM
	@rm -rf dist
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist . >/dev/null
	@cp dist/*.whl dist/fink_tracklets.zip
	@$(BIN)/python sbom.py plot > dist/fink_tracklets.cdx.json
	@ls dist/*

docs: install ## Write docs/tables.md from the tables' own descriptions
	$(BIN)/python -c 'from fink_tracklets import tables; print(tables.markdown())' > docs/tables.md.new
	mv docs/tables.md.new docs/tables.md

site: install ## The documentation as a site, in site/; ends at a link that leads nowhere
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet

services-up: install ## A real HDFS, HBase and Kafka on this machine; SERVICES=folder OFFSET=ports+
	$(BIN)/python services/services.py up --home $(SERVICES) --offset $(OFFSET)

services-down: install ## Stop them
	$(BIN)/python services/services.py down --home $(SERVICES)

clean: ## Remove what make made: .venv, demo/, caches
	rm -rf .venv demo dist build site .pytest_cache .mypy_cache .ruff_cache .hypothesis docs/tables.md.new
	find . -name __pycache__ -type d -exec rm -rf {} +
