# The T-GSH interactive paper. `make help` says what there is.

PYTHON ?= python3
PROFILE ?= quick

# Threads that wait for each other sleep instead of spinning: on a shared machine that is many times faster.
export OMP_WAIT_POLICY ?= PASSIVE

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Through the interpreter: a script's first line cannot name every folder that a checkout may lie in.
JUPYTER_BOOK := $(BIN)/python -c 'from jupyter_book.cli.main import main; main()'
CHAPTERS := $(wildcard book/*.ipynb)
PAGES := _config.yml _toc.yml $(wildcard book/*.md book/*.bib book/_static/* book/_extensions/*.py) tests/test_own_parts.py
ASSETS := .assets/state
RECORDS := $(wildcard data/results/*.json data/results/*.safetensors)
PACKAGE := $(wildcard tgsh/*.py tgsh/*/*.py tgsh/live/*.js tgsh/live/*.css)
SOURCES := $(PACKAGE) tools/execute.py $(INSTALLED)
CHROMIUM ?= chromium

BOOK := _build/$(PROFILE)
EXECUTED := $(CHAPTERS:%=$(BOOK)/source/%)
PAPER := $(CHAPTERS:%=_build/paper-done/%)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run book chromium render pdf paper test benchmark format clear-cache clean always

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14
	@echo
	@echo "PROFILE=quick (default): embedded digits, no download; PROFILE=paper: MNIST; PROFILE=smoke: seconds."
	@echo "PYTHON=python3.12 chooses the interpreter (3.11 or 3.12) that .venv is made with."

book: $(BOOK)/html/index.html ## install, execute every chapter in PROFILE, render, say where the page is
	@echo "The book ($(PROFILE)): file://$$PWD/$<"

render: _build/committed/html/index.html ## render the committed notebooks as they are
	@echo "The book (as committed): file://$$PWD/$<"

pdf: chromium _build/book.pdf ## the committed notebooks as one PDF, printed by chromium
	@echo "The book (as committed): file://$$PWD/$<"

run: $(INSTALLED) ## run one chapter with your parameters: make run CHAPTER=rotation-mnist P="seed=3 n_tasks=12"
	@$(if $(CHAPTER),,echo 'error: name a chapter: make run CHAPTER=rotation-mnist P="seed=3 n_tasks=12"' >&2; exit 2)
	@$(BIN)/python tools/execute.py book/$(CHAPTER).ipynb _build/run/$(CHAPTER).ipynb --profile $(PROFILE) $(foreach pair,$(P),-p $(subst =, ,$(pair)))
	@echo "The notebook: $$PWD/_build/run/$(CHAPTER).ipynb"

paper: $(PAPER) ## for maintainers: refresh the committed outputs and data/results with MNIST

test: $(INSTALLED) ## install and run everything that CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(MAKE) book PROFILE=smoke
	$(MAKE) render
	TGSH_PROFILE=smoke $(BIN)/python -m pytest --nbval-lax -p no:cacheprovider -W default book
	$(BIN)/python tools/fetch_assets.py .test-assets --tests
	$(BIN)/python tools/compare_records.py tests/printed_numbers.json data/results --moved tests/moved_numbers.json
	$(BIN)/python -m pytest tests

benchmark: $(INSTALLED) ## time the published loop, ours and the floor side by side (about ten minutes)
	$(BIN)/python -m tgsh benchmark --profile paper --out data/results

format: $(INSTALLED) ## format code and notebooks; every chapter begins with the setup cell for Colab
	$(BIN)/python tools/setup_cell.py $(CHAPTERS)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clear-cache: $(INSTALLED) ## forget every trained network
	$(BIN)/python -m tgsh cache clear

clean: ## remove what was built (not .venv, not the run cache)
	rm -rf _build

# An interrupted installation leaves no stamp behind, and is taken up again.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("error: Python 3.11 or 3.12 is needed, and $(PYTHON) is %d.%d; name another: make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info[:2] not in ((3, 11), (3, 12)) else 0)'
	@echo "Installing into $(VENV) (a few minutes, once) ..."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

# A chapter is executed again when it, the package or the requirements changed.
$(BOOK)/source/%.ipynb: %.ipynb $(SOURCES)
	@TGSH_RESULTS="$$PWD/$(BOOK)/results" $(BIN)/python tools/execute.py $< $@ --profile $(PROFILE)

$(BOOK)/html/index.html: $(EXECUTED) $(PAGES) $(ASSETS) $(INSTALLED)
	@for page in $(PAGES); do mkdir -p $(BOOK)/source/$$(dirname $$page) && cp $$page $(BOOK)/source/$$page; done
	$(call build,$(BOOK),$(BOOK)/results)

_build/committed/html/index.html: $(CHAPTERS) $(PAGES) $(PACKAGE) $(RECORDS) $(ASSETS) $(INSTALLED)
	@for page in $(PAGES) $(CHAPTERS); do mkdir -p _build/committed/source/$$(dirname $$page) && cp $$page _build/committed/source/$$page; done
	$(call build,_build/committed,data/results)

# One long page, without the pages of the package, and printed. Jupyter Book leaves that page a folder too deep.
_build/book.pdf: _build/committed/html/index.html
	@rm -rf _build/pdf && mkdir -p _build/pdf && cp -r _build/committed/source _build/pdf/source
	@sed '/book\/api/d; /sections:/d' _toc.yml > _build/pdf/source/_toc.yml
	@TGSH_ROOT="$$PWD" $(JUPYTER_BOOK) build --builder singlehtml _build/pdf/source --path-output _build/pdf > _build/pdf/build.log 2>&1 || (cat _build/pdf/build.log; exit 1)
	@mv _build/pdf/_build/singlehtml/book/intro.html _build/pdf/_build/singlehtml/book.html
	@$(CHROMIUM) --headless --no-sandbox --disable-gpu --allow-file-access-from-files --virtual-time-budget=120000 --no-pdf-header-footer --print-to-pdf="$$PWD/$@" "file://$$PWD/_build/pdf/_build/singlehtml/book.html" 2> _build/pdf/print.log || (cat _build/pdf/print.log; exit 1)


chromium:
	@command -v $(CHROMIUM) > /dev/null || (echo "error: make pdf prints with chromium, and $(CHROMIUM) is not there: install it, or name another: make pdf CHROMIUM=google-chrome" >&2; exit 1)

# Scripts and fonts of the pages, so that these ask no other host. Without a network this says what is missing and goes on;
# the state changes only when what is there does.
$(ASSETS): $(INSTALLED) always
	@$(BIN)/python tools/fetch_assets.py $(@D)

always:

# Warnings are errors. The theme's own output is long; it is shown where the build fails.
define build
	@echo "Rendering ..."
	@TGSH_ROOT="$$PWD" TGSH_RESULTS="$$PWD/$(2)" $(JUPYTER_BOOK) build -W -n $(1)/source --path-output $(1) > $(1)/build.log 2>&1 || (cat $(1)/build.log; exit 1)
	@find $(1)/_build/html -name '*.map' -delete # of the theme's scripts, for those who debug them
	@rm -rf $(1)/html && mv $(1)/_build/html $(1)/html && rm -rf $(1)/_build
endef

_build/paper-done/%.ipynb: $(SOURCES) %.ipynb
	@TGSH_RESULTS="$$PWD/data/results" $(BIN)/python tools/execute.py $*.ipynb $*.ipynb --profile paper
	@mkdir -p $(dir $@) && touch $@
