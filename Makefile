# The T-GSH interactive paper. `make help` says what there is.

PYTHON ?= python3
PROFILE ?= quick
# Chapters, renderings and tests that `make test` runs at the same time; each chapter takes up to 1.5 GB of memory.
JOBS ?= 2

# Threads that wait for each other sleep instead of spinning: on a shared machine that is many times faster.
export OMP_WAIT_POLICY ?= PASSIVE

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
CHAPTERS := $(wildcard book/*.ipynb)
PAGES := _config.yml _toc.yml $(wildcard book/*.md book/*.bib book/_static/* book/_extensions/*.py) tests/test_own_parts.py tests/test_live_figure.py tests/live_figure.js
ASSETS := .assets/state
RECORDS := $(wildcard data/results/*.json data/results/figures/*/*.csv data/results/*.safetensors data/corrections/*.json data/claims.json)
PACKAGE := $(wildcard tgsh/*.py tgsh/*/*.py tgsh/*/*/*.py tgsh/live/*.css tgsh/live/js/*.js)
SOURCES := $(PACKAGE) tools/execute.py tools/figure_data.py tools/seals.py tools/drafts.py $(INSTALLED)
RENDER := $(BIN)/python tools/render.py
CHROMIUM ?= chromium

BOOK := _build/$(PROFILE)
EXECUTED := $(CHAPTERS:%=$(BOOK)/source/%)
# The records of a second smoke run, with a run cache of its own: equal runs have to be equal.
AGAIN := _build/again
PAPER := $(CHAPTERS:%=_build/paper-done/%)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help archive epub run book chromium render pdf paper test datasets benchmark format clear-cache clean always

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
	@echo "The book (as committed): file://$$PWD/_build/book.pdf"

archive: _build/committed/html/index.html ## what a release is archived with: the pages as a zip, RO-Crate, .zenodo.json; PDF and EPUB, if built
	@$(BIN)/python tools/archive.py _build/committed/html _build/archive $$(ls _build/book.pdf _build/book.epub 2> /dev/null)
	@echo "The archive: $$PWD/_build/archive"

epub: _build/book.epub ## the committed notebooks as an EPUB
	@echo "The book (as committed): file://$$PWD/$<"

run: $(INSTALLED) ## run one chapter with your parameters: make run CHAPTER=rotation-mnist P="seed=3 n_tasks=12"
	@$(if $(CHAPTER),,echo 'error: name a chapter: make run CHAPTER=rotation-mnist P="seed=3 n_tasks=12"' >&2; exit 2)
	@$(BIN)/python tools/execute.py book/$(CHAPTER).ipynb _build/run/$(CHAPTER).ipynb --profile $(PROFILE) $(foreach pair,$(P),-p $(subst =, ,$(pair)))
	@echo "The notebook: $$PWD/_build/run/$(CHAPTER).ipynb"

paper: $(PAPER) ## for maintainers: refresh the committed outputs and data/results with MNIST

test: $(INSTALLED) ## install and run everything that CI runs
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(MAKE) --jobs=$(JOBS) book render PROFILE=smoke
	$(BIN)/python tools/seals.py data/results/smoke _build/smoke/results
	rm -rf $(AGAIN)
	TGSH_PROFILE=smoke TGSH_CACHE="$$PWD/$(AGAIN)/cache" TGSH_RESULTS="$$PWD/$(AGAIN)/results" $(BIN)/python -m pytest --numprocesses=$(JOBS) --dist=loadfile --nbval-lax -p no:cacheprovider -W default book
	$(BIN)/python tools/compare_records.py --values _build/smoke/results $(AGAIN)/results
	$(BIN)/python tools/fetch_assets.py .test-assets --tests
	$(BIN)/python tools/compare_records.py tests/printed_numbers.json data/results --moved tests/moved_numbers.json
	$(BIN)/python -m pytest --numprocesses=$(JOBS) --dist=worksteal tests

datasets: $(INSTALLED) ## run every chapter on small files in the format of Fashion-MNIST and of Kuzushiji-MNIST (no download)
	TGSH_EVERY_CHAPTER=1 $(BIN)/python -m pytest tests/test_chapters_on_datasets.py

benchmark: $(INSTALLED) ## time the published loop, ours and the floor side by side (about ten minutes)
	$(BIN)/python -m tgsh benchmark --profile paper --out data/results

format: $(INSTALLED) ## format code and notebooks; every chapter begins with the setup cell for Colab
	$(BIN)/python tools/setup_cell.py $(CHAPTERS)
	$(BIN)/python -m ruff format .
	$(BIN)/python -m ruff check --fix .

clear-cache: $(INSTALLED) ## forget every trained network
	$(BIN)/python -m tgsh cache clear

clean: ## remove what was built (not .venv, not the run cache)
	rm -rf _build

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) tools/install.py $(VENV)

# A chapter is executed again when it, the package or the requirements changed; so its record needs no seal that would say so.
$(BOOK)/source/%.ipynb: %.ipynb $(SOURCES)
	@TGSH_RESULTS="$$PWD/$(BOOK)/results" $(BIN)/python tools/execute.py $< $@ --profile $(PROFILE) --no-seal

$(BOOK)/html/index.html: $(EXECUTED) $(PAGES) $(ASSETS) $(INSTALLED)
	@$(RENDER) $(BOOK) $(PAGES) $(CHAPTERS) --executed $(BOOK)/source --results $(BOOK)/results

_build/committed/html/index.html: $(CHAPTERS) $(PAGES) $(PACKAGE) $(RECORDS) $(ASSETS) $(INSTALLED)
	@$(RENDER) _build/committed $(PAGES) $(CHAPTERS)

# One long page, without the pages of the package, and printed.
_build/book.pdf: _build/committed/html/index.html
	@$(RENDER) _build/pdf $(PAGES) $(CHAPTERS) --single
	@rm -f _build/pdf/book.pdf
	@$(CHROMIUM) --headless --no-sandbox --disable-gpu --allow-file-access-from-files --virtual-time-budget=120000 --no-pdf-header-footer --print-to-pdf="$$PWD/_build/pdf/book.pdf" "file://$$PWD/_build/pdf/html/book.html" 2> _build/pdf/print.log || (cat _build/pdf/print.log; exit 1)
	@mv _build/pdf/book.pdf $@

# The same pages as one file for readers of electronic books, without scripts.
_build/book.epub: $(CHAPTERS) $(PAGES) $(PACKAGE) $(RECORDS) $(INSTALLED)
	@$(RENDER) _build/epub $(PAGES) $(CHAPTERS) --epub
	@mv _build/epub/book.epub $@

chromium:
	@command -v $(CHROMIUM) > /dev/null || (echo "error: make pdf prints with chromium, and $(CHROMIUM) is not there: install it, or name another: make pdf CHROMIUM=google-chrome" >&2; exit 1)

# Scripts and fonts of the pages, so that these ask no other host. Without a network this says what is missing and goes on;
# the state changes only when what is there does.
$(ASSETS): $(INSTALLED) always
	@$(BIN)/python tools/fetch_assets.py $(@D)

always:

# A run in the smoke profile beside it: what later code has to give as well (tools/seals.py).
_build/paper-done/%.ipynb: $(SOURCES) %.ipynb
	@TGSH_RESULTS="$$PWD/data/results" $(BIN)/python tools/execute.py $*.ipynb $*.ipynb --profile paper
	@TGSH_RESULTS="$$PWD/data/results/smoke" $(BIN)/python tools/execute.py $*.ipynb $@ --profile smoke
