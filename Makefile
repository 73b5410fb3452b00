# Every target makes what it needs in .venv, from locks with hashes: nothing is done by hand, nothing needs root.
# Works with GNU make 3.81 (macOS), with `make -j`, and with any Python from 3.11 on (PYTHON=… chooses one).

SHELL := /bin/bash
# What is compiled is kept, whatever the caller's environment says: each worker of the tests would compile it again.
export PYTHONDONTWRITEBYTECODE :=
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo serve crawl test coverage soak check format bench texts lock clean

PY := .venv/bin/python

help:  ## show this list
	@sed -n 's/^\([a-z]*\):[^#]*## /\1|/p' Makefile | awk -F'|' '{ printf "  make %-8s %s\n", $$1, $$2 }'

demo: .venv/.demo  ## hash, submit and match real pictures here (PICTURES=folder for your own)
	@$(PY) -m demo $(if $(PICTURES),--pictures "$(PICTURES)")

serve: .venv/.runtime  ## run the service on this machine
	@$(PY) -m service serve

crawl: $(if $(ADDRESSES),.venv/.crawler,.venv/.demo)  ## look at addresses (ADDRESSES='https://…'; else at an album here), and say what is there
	@$(PY) -m $(if $(ADDRESSES),crawler look $(ADDRESSES),demo.album)

# A worker for every core, and one more, as tests also wait for the programs that they start. Each takes whole files, in the
# order of tests/conftest.py.
WORKERS := $(shell cores=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1); echo $$((cores < 8 ? cores + 1 : 8)))
PYTEST := $(PY) -m pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder

test: .venv/.dev .venv/.peers .venv/.browser kernels  ## run every test (ARGS='-k name' for a part, -n0 for one process)
	@$(PYTEST) $(ARGS)

coverage: .venv/.dev .venv/.peers .venv/.browser kernels  ## run every test and measure what they reach, which takes half as long again
	@$(PYTEST) --cov $(ARGS)

soak: .venv/.dev .venv/.peers .venv/.browser  ## kill, restart and search for an hour's worth, and look for rarer counterexamples
	@$(PYTEST) -m 'soak or hypothesis' --hypothesis-profile=soak $(ARGS)

check: .venv/.dev .venv/.browser  ## format, lint, types, layers; and warn of data that grew old
	@$(MAKE) --no-print-directory -j2 $(CHECKS)

# What `check` looks at, two at once: types of Python take nearly as long as all others.
CHECKS := check-types check-layers check-format check-lint check-browser-types check-ages collected
.PHONY: $(CHECKS) kernels

check-types:
	@$(PY) -m mypy

check-layers:
	@.venv/bin/lint-imports

check-format:
	@$(PY) -m ruff format --check

check-lint:
	@$(PY) -m ruff check

check-browser-types:
	@PATH="$$PWD/.venv/bin:$$PATH" node_modules/.bin/tsc -p tsconfig.json

check-ages:
	@$(PY) -m service.commands.old_rows

# Whether all tests can be read; and pytest keeps them compiled, which else each worker would do at the same time.
collected: kernels
	@$(PY) -m pytest --collect-only -q >/dev/null

# The index's inner loops, once for this checkout: else the first tests of every worker would compile them, all the same ones.
kernels: .venv/.dev
	@$(PY) -c 'from service.matching.warm import warm; warm()'

format: .venv/.dev  ## format, and mend what ruff can
	@$(PY) -m ruff format
	@$(PY) -m ruff check --fix

bench: .venv/.dev .venv/.peers  ## measure how fast we hash, beside the reference
	@$(PY) -m benchmarks.hash_speed

CATALOGUES := service/web/locales

texts: .venv/.runtime  ## read the pages' texts into the catalogues, whose translators go on from there
	@.venv/bin/pybabel -q extract -F babel.cfg --no-wrap --sort-by-file --add-location=file --project=takeback \
	    --header-comment='# The texts of the pages, in English. A new language is a copy of this file: locales/TAG.po.' -o $(CATALOGUES)/takeback.pot .
	@for each in $(CATALOGUES)/*.po; do tag=$$(basename $$each .po); \
	    .venv/bin/pybabel -q update --no-fuzzy-matching --no-wrap --ignore-obsolete -D takeback -i $(CATALOGUES)/takeback.pot -l $${tag//-/_} -o $$each; \
	done

clean:  ## remove everything make created
	rm -rf .venv .venv-lock node_modules .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache \
		.pytest_cache .ruff_cache .schemathesis build dist
	find hashing service crawler demo tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true


# --- .venv ---

# The first that really runs (a pyenv shim may exist and fail) and is new enough.
define FIND_PYTHON
for each in $(if $(PYTHON),"$(PYTHON)") python3.13 python3.12 python3.11 python3; do \
    "$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
    each=; \
done; \
[ -n "$$each" ] || { echo "Takeback needs Python 3.11 or newer; none found. Install it, or: make PYTHON=/path/to/python3" >&2; exit 1; }; \
"$$each" -c 'import ensurepip, venv' 2>/dev/null \
    || { echo "$$each cannot make a virtual environment. On Debian or Ubuntu: apt install python3-venv (or $$("$$each" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'))" >&2; exit 1; }
endef

# A lock is complete, so --no-deps: a resolver could not but find a version that is newer than the lock, which breaks the
# install on the day that it is published (coverage[toml] beside coverage==…). Afterwards we look whether what it names fits.
# One line a file instead of three: the first install downloads a few hundred megabytes, and silence looks like a fault.
define INSTALL
set -o pipefail; echo "Installing $(1) into .venv (minutes the first time)"; \
$(PY) -m pip install --no-input --disable-pip-version-check --progress-bar off --require-hashes --no-deps $(2) -r $(1) \
    | awk -v all="$$(grep -c '^[a-zA-Z0-9]' $(1))" ' \
        /^ *(Downloading|Using cached) / && !/\.metadata / { printf "  %d of at most %d: %s %s %s\n", ++n, all, $$(NF - 2), $$(NF - 1), $$NF; fflush() } \
        /^Building wheel/ { print "  " $$0; fflush() } \
        /^Installing collected/ { print "  unpacking"; fflush() }' \
&& $(call COMPLETE,$(1))
endef

# Whether all that a lock names has what it asks for. What other locks brought here earlier is theirs to mend.
define COMPLETE
awk -F '[= ]' 'NR == FNR { named[$$1]; next } { said = 1 } $$1 in named { print "  " $$0; wrong = 1 } END { exit wrong || !said }' \
    $(1) <($(PY) -m pip check --disable-pip-version-check)
endef

# --clear: there is no stamp, so what is there may be half made.
.venv/.made:
	@$(FIND_PYTHON); echo "Making .venv with $$("$$each" --version)"; "$$each" -m venv --clear .venv
	@touch $@

.venv/.runtime: requirements.lock pyproject.toml | .venv/.made
	@$(call INSTALL,requirements.lock,--only-binary :all:)
	@$(PY) -m pip install --quiet --no-input --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/.demo: requirements-demo.lock .venv/.crawler
	@$(call INSTALL,requirements-demo.lock,--only-binary :all:)
	@touch $@

# After .runtime even under -j: two pips in one environment would spoil it.
.venv/.crawler: requirements-crawler.lock .venv/.runtime
	@$(call INSTALL,requirements-crawler.lock,--only-binary :all:)
	@touch $@

# After the crawler, which is tested too.
.venv/.dev: requirements-dev.lock .venv/.crawler
	@$(call INSTALL,requirements-dev.lock,--only-binary :all:)
	@touch $@

# Needs a compiler (see `peers` in pyproject.toml). Without one the comparisons are skipped, and we look again next time.
.venv/.peers: requirements-peers.lock .venv/.dev
	@if c++ --version >/dev/null 2>&1 && test -e "$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h"; then \
	    $(call INSTALL,requirements-peers.lock,--no-build-isolation) && touch $@; \
	else \
	    echo "No C++ compiler or Python.h: going on without pdqhash and threatexchange, which some tests compare with."; \
	fi

# What the tests of pages need beside Python: TypeScript and axe-core by npm (the wheel's own), and a Chromium. Only root can
# install that; without one those tests are skipped, and we look again next time.
.venv/.browser: package.json package-lock.json .venv/.dev
	@echo "Installing package-lock.json into node_modules"; PATH="$$PWD/.venv/bin:$$PATH" npm ci --ignore-scripts --no-progress --loglevel=error >/dev/null
	@if $(PY) -m tests.pages.browser >/dev/null && $(PY) -m tests.pages.browser headless >/dev/null; then touch $@; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing Chromium (a minute or two)"; export DEBIAN_FRONTEND=noninteractive; \
	    apt-get -qq update >/dev/null 2>&1; \
	    for each in chromium chromium-headless-shell; do apt-get -qq install --yes --no-install-recommends $$each >/dev/null 2>&1; done; \
	    $(PY) -m tests.pages.browser >/dev/null && touch $@ || echo "Chromium could not be installed: going on without the tests of pages."; \
	elif $(PY) -m tests.pages.browser >/dev/null; then touch $@; \
	else \
	    echo "No Chromium: going on without the tests of pages. On Debian: apt install chromium chromium-headless-shell"; \
	fi


# --- locks ---

# The packages of the lists named, from pyproject.toml.
define READ
import sys, tomllib
with open("pyproject.toml", "rb") as file:
    tables = tomllib.load(file)
lists = {
    "build": tables["build-system"]["requires"],
    "device": tables["project"]["dependencies"],
    **tables["project"]["optional-dependencies"],
    **tables["dependency-groups"],
}
for name in sys.argv[1:]:
    print("\n".join(lists[name]))
endef
export READ

# $(1) lock, $(2) lists, $(3) constraints, $(4) what it is for. An existing lock keeps its versions: UPGRADE=--upgrade
# for newer ones, or UPGRADE='-P name'. The user's own pip settings are left out, because a folder of wheels or a second
# index would hide files of PyPI, and with them the hashes of other platforms.
define LOCK
set -o pipefail; echo "$(1)"; \
.venv-lock/bin/python -c "$$READ" $(2) > .venv-lock/pyproject.in; \
env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL -u PIP_INDEX_URL PIP_CONFIG_FILE=/dev/null \
    .venv-lock/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
    --no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
    $(UPGRADE) $(3) --output-file $(1) .venv-lock/pyproject.in >/dev/null && \
{ printf '# %s\n# Made by `make lock` from pyproject.toml; not to be edited.\n' "$(4)"; \
    grep -v '^# [A-Z]' $(1) | sed 's|-r .venv-lock/pyproject.in|pyproject.toml|'; } > .venv-lock/lock && mv .venv-lock/lock $(1)
endef

# With 3.11, the oldest promised: what it resolves to, newer ones install too, but not the other way round.
lock:  ## make the locks again (UPGRADE=--upgrade for newer versions); needs python3.11
	@test -x .venv-lock/bin/pip-compile || { python3.11 -m venv --clear .venv-lock \
	    && .venv-lock/bin/python -m pip install --quiet --disable-pip-version-check pip-tools==7.6.2; }
	@$(call LOCK,requirements.lock,build device video documents service,,The device with video and the service.)
	@$(call LOCK,requirements-service.lock,service,-c requirements.lock,The image: the service without any decoder.)
	@$(call LOCK,requirements-demo.lock,demo,-c requirements.lock,Photographs for the demo.)
	@$(call LOCK,requirements-dev.lock,build device video documents service demo test lint bench,-c requirements.lock -c requirements-demo.lock,Everything of requirements.lock and tests and linters and plots.)
	@$(call LOCK,requirements-crawler.lock,build device video documents crawler crawler-postgresql crawler-video,-c requirements-dev.lock,The crawler with the device and video.)
	@$(call LOCK,requirements-peers.lock,peers,-c requirements-dev.lock,What we compare with. Needs a C++ compiler and Python.h.)
