# Two commands do everything: `make run` and `make test`.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help run install dev lint test catalogues prepare screenshots guide messages seed maps bench drill lock clean

PYTHON ?= python3
PORT ?= 8000
N ?= 100000
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --no-input --disable-pip-version-check --require-hashes
SERVER := gunicorn localympact.wsgi --workers 2 --threads 2 --no-control-socket
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/*.po \
	localympact/locale_packages/*/LC_MESSAGES/*.po))

help:
	@echo "make run       start the portal on http://127.0.0.1:$(PORT)/"
	@echo "make lint      the quick checks, known weaknesses of the packages, and var/sbom.json, the list of them"
	@echo "make test      run every check and test, on SQLite, PostgreSQL and in Chromium"
	@echo "make install   prepare the code for operation: see docs/operators.md"
	@echo "make dev       start it with reload, for development"
	@echo "make screenshots  take pictures of all kinds of pages into var/screenshots/"
	@echo "make guide     take the pictures of docs/editors.md again"
	@echo "make messages  collect the texts to translate (needs gettext)"
	@echo "make seed      make fixtures/seed/ from the facts again"
	@echo "make maps      make the outlines of the maps from the facts again"
	@echo "make bench N=100000  measure with so many organisations; KEEP=1 keeps the databases"
	@echo "make drill SOAK=20  run several servers here, kill one after the other, go on for 20 minutes"
	@echo "make lock      resolve the requirements anew"
	@echo "PYTHON=python3.13 with any of them makes the environment .venv of that Python"
	@echo "make clean     remove what make made; .env and the database stay"

run: prepare
	@$(BIN)/python manage.py collectstatic --noinput --verbosity 0
	@echo
	@echo "The portal: http://127.0.0.1:$(PORT)/    (Ctrl-C stops it)"
	@echo "Editors sign in at http://127.0.0.1:$(PORT)/admin/"
	@echo "Make a staff account in another terminal: $(BIN)/python manage.py createsuperuser"
	@echo
	@exec $(BIN)/$(SERVER) --bind 127.0.0.1:$(PORT)

# For a portal in operation, which has its settings already: all but the database (docs/operators.md).
# Whoever serves may not write here: what Python would compile at each start is compiled now.
install: .venv/.runtime $(CATALOGUES)
	@$(BIN)/python manage.py collectstatic --noinput --verbosity 0
	@$(BIN)/python -m compileall -q localympact organizations collaborations needs

dev: prepare .venv/.dev
	@DEBUG=true exec $(BIN)/python manage.py runserver 127.0.0.1:$(PORT)

# Everything but the server: environment, key, catalogues, tables, content.
prepare: .venv/.runtime .env $(CATALOGUES)
	@$(BIN)/python manage.py migrate --noinput --verbosity 0
	@$(BIN)/python manage.py load_seed

lint: .venv/.dev .env
	@tests/run lint

# The system's packages come while ours do.
test:
	@tests/packages & $(MAKE) --no-print-directory .venv/.dev .env catalogues && wait
	@tests/run

catalogues: $(CATALOGUES)

# Whoever names another Python gets the environment anew; otherwise the one that is there stays.
.PHONY: another
ifneq ($(origin PYTHON),file)
ifneq ($(shell $(PYTHON) -V),$(shell $(BIN)/python -V 2>&1))
.venv/bin/pip .venv/.runtime .venv/.dev: another
endif
endif

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed.")'
	@rm -rf .venv
	$(PYTHON) -m venv .venv

.venv/.runtime: requirements.txt | .venv/bin/pip
	$(PIP) -r requirements.txt
	@touch $@

# Most of it is imported by no test run: what is, Python compiles then.
.venv/.dev: requirements-dev.txt | .venv/bin/pip
	$(PIP) --no-compile -r requirements-dev.txt
	@touch $@ .venv/.runtime

.env: | .venv/bin/pip
	@$(BIN)/python -c 'import secrets; print("SECRET_KEY=" + secrets.token_urlsafe(50))' > .env
	@chmod 600 .env

%.mo: %.po | .venv/.runtime
	@$(BIN)/pybabel --quiet compile -l $(notdir $(patsubst %/LC_MESSAGES/,%,$(dir $<))) -i $< -o $@

screenshots: .venv/.dev .env $(CATALOGUES)
	$(BIN)/pytest -q -n auto -m screenshots tests/browser

guide: .venv/.dev .env $(CATALOGUES)
	$(BIN)/pytest -q -m guide tests/browser

messages: .venv/.dev .env
	$(BIN)/python manage.py makemessages --all --no-location --no-obsolete --no-wrap \
		--ignore=.venv --ignore=staticfiles --ignore=tests --ignore=benchmarks
	@msgattrib --clear-fuzzy --empty --clear-previous -o locale/en/LC_MESSAGES/django.po locale/en/LC_MESSAGES/django.po
	@msgen --no-wrap -o locale/en/LC_MESSAGES/django.po locale/en/LC_MESSAGES/django.po
	@for file in locale/*/LC_MESSAGES/django.po; do \
		sed -i '/^"POT-Creation-Date:/d' $$file; \
		msgattrib --sort-output --no-wrap --no-obsolete -o $$file $$file; done
	$(BIN)/python manage.py collect_gaps

seed: .venv/.runtime .env
	$(BIN)/python manage.py make_seed

maps: .venv/.dev .env
	$(BIN)/python manage.py make_maps

bench: .venv/.runtime .venv-bench/.done .env $(CATALOGUES)
	@$(BIN)/python manage.py collectstatic --noinput --verbosity 0
	@SERVER="$(SERVER)" benchmarks/run $(N)

SOAK ?= 20

# Several servers on this machine, killed one after the other: see deploy/drill.
drill: .venv/.dev .env $(CATALOGUES)
	@$(BIN)/python manage.py collectstatic --noinput --verbosity 0
	@$(BIN)/python deploy/drill --soak $(SOAK) --table docs/measured.md

.venv-bench/.done: requirements-bench.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --no-input --disable-pip-version-check --require-hashes \
		-r requirements-bench.txt
	@touch $@

LOCK := env -u PIP_FIND_LINKS $(BIN)/uv pip compile --quiet --upgrade --generate-hashes --universal \
	--python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header

lock: .venv/.dev
	$(LOCK) -o requirements.txt pyproject.toml
	$(LOCK) -c requirements.txt --group dev -o requirements-dev.txt pyproject.toml
	$(LOCK) --group bench -o requirements-bench.txt

clean:
	rm -rf .venv .venv-bench staticfiles $(CATALOGUES) .pytest_cache .ruff_cache
