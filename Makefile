# Everything a person or CI runs. Needs Python 3.11, 3.12 or 3.13 with venv; uses uv where there is one.
.DEFAULT_GOAL := help
.PHONY: help setup serve-setup telemetry-setup mcp-setup objects-setup delta-setup backup-setup spark-setup serve run demo-api demo-stream test test-all test-slow test-nightly test-kafka test-spark coverage torture
.PHONY: check lint-setup audit bench bench-stream docs contracts wheel
.PHONY: deploy release lock clean clean-data

# Importing dbt without stored bytecode takes twice as long.
unexport PYTHONDONTWRITEBYTECODE
export PYTHON

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.ready ## Make .venv with everything in it (PYTHON=python3.13 chooses the interpreter)

.venv/.ready: requirements.lock pyproject.toml
	@sh .ci/setup

serve-setup: .venv/.serve-ready ## Add to .venv what `hub serve` needs

.venv/.serve-ready: .venv/.ready hub/serve/requirements.lock
	@sh .ci/setup serve

serve: serve-setup ## Serve the API and the page on http://127.0.0.1:8000 (needs SECRET_KEY; docs/serving.md)
	@.venv/bin/hub serve

telemetry-setup: .venv/.telemetry-ready ## Add to .venv what lineage events and spans need

.venv/.telemetry-ready: .venv/.ready hub/telemetry/requirements.lock
	@sh .ci/setup telemetry

mcp-setup: .venv/.mcp-ready ## Add to .venv what `hub mcp` needs

.venv/.mcp-ready: .venv/.ready hub/mcp/requirements.lock
	@sh .ci/setup mcp

objects-setup: .venv/.objects-ready ## Add to .venv what sources in buckets need (docs/operations.md)

.venv/.objects-ready: .venv/.ready loader/objects/requirements.lock
	@sh .ci/setup objects

delta-setup: .venv/.delta-ready ## Add to .venv what landing on Delta Lake needs (docs/scale-out.md)

.venv/.delta-ready: .venv/.ready loader/delta/requirements.lock
	@sh .ci/setup delta

backup-setup: .venv/.backup-ready ## Add to .venv what encrypted backups need

.venv/.backup-ready: .venv/.ready hub/backup/requirements.lock
	@sh .ci/setup backup

spark-setup: .venv/.spark-ready ## Add to .venv what building on Apache Spark needs (docs/scale-out.md)

.venv/.spark-ready: .venv/.ready deploy/spark/requirements.lock
	@sh .ci/setup spark

# what tests need besides
extras = serve-setup telemetry-setup mcp-setup objects-setup delta-setup backup-setup

lint-setup: .venv/.lint-ready ## Add to .venv linters of scripts, containers and workflows, for `make check`

.venv/.lint-ready: .venv/.ready .ci/requirements.lock
	@sh .ci/setup lint

# On the first day, with nothing in landing/ or archive/ and no warehouse, the samples are run.
own_files = find landing archive -type f ! -name '.*' 2>/dev/null | head -n 1

run: setup ## Run the samples on the first day, then what is in landing/; print the receipt
	@if [ -z "$$HUB_LANDING$$($(own_files))" ] && [ ! -e "$${HUB_DATABASE:-warehouse.duckdb}" ]; then \
	    echo "landing/ is empty: this runs samples/. Then begin with your own data:" \
	        "make clean-data, put files into landing/<source>/, make run." >&2; \
	    .venv/bin/hub run --landing samples; \
	else \
	    .venv/bin/hub run; \
	fi

demo-api: setup ## Pull from a sample API that fails now and then, into a temporary warehouse
	@.venv/bin/python -m tests.demo.pull

# A test is in one of these: `check`, `test`, `test-slow`, `test-kafka`, `test-nightly`. pytest on all
# cores hands out files in the order of collection, the long ones first (tests/conftest.py).
side_by_side = -n auto --dist loadfile --no-loadscope-reorder
of_a_proposal = not check and not nightly and not kafka and not spark

test: $(extras) ## Run the quick tests, on all cores: about five minutes on two
	.venv/bin/pytest $(side_by_side) -m "not slow and $(of_a_proposal)"

test-slow: $(extras) ## Run what `make test` leaves out and a proposal must pass: about 45 minutes on two cores
	.venv/bin/pytest $(side_by_side) -m "slow and $(of_a_proposal)"

test-nightly: $(extras) ## Run what `make test-all` has no time for: builds of changed projects, kills, benchmarks, the image
	.venv/bin/pytest $(side_by_side) -m nightly
	HUB_SEQUENCES=40 .venv/bin/pytest -n auto tests/e2e/invariance/test_sequences.py

test-all: check test test-slow ## Run all but the longest; with a Kafka broker where Java and Maven are
	@if command -v java >/dev/null && command -v mvn >/dev/null; then \
	    $(MAKE) test-kafka; \
	else \
	    echo "test-all: make test-kafka is left out: java or mvn is missing"; \
	fi

coverage: $(extras) ## Run quick and slow tests, with the coverage of hub/ and loader/
	.venv/bin/pytest $(side_by_side) -m "$(of_a_proposal)" \
	    --cov=hub --cov=loader --cov-branch --cov-report=term:skip-covered

test-spark: $(extras) spark-setup ## Run the tests that start Apache Spark (needs Java 17 and Maven)
	HUB_TEST_SPARK=1 .venv/bin/pytest -n 0 -m spark tests/spark

test-kafka: $(extras) ## Run the tests that start a Kafka broker (needs Java 17 and Maven)
	HUB_TEST_KAFKA=1 .venv/bin/pytest -m kafka

torture: $(extras) ## Kill, starve and disturb the hub, write docs/reliability.md (ARGS=--quick: a tenth)
	.venv/bin/python -m tests.torture --write $(ARGS)

# Linting compiles the models: in a database in memory, so that no warehouse is made or locked.
# A model that is a mere macro call has no SQL of its own, and linting it takes longest.
own_sql = $(shell grep -rilw select --include=*.sql --exclude-dir=generic $(wildcard models tests snapshots))

check: $(extras) ## Lint, format, types, security, SQL style and house rules
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy hub loader deploy/container .ci
	.venv/bin/lint-imports --no-logo --no-cache
	.venv/bin/bandit -q -c pyproject.toml -r hub loader deploy .ci
	HUB_DATABASE=:memory: .venv/bin/sqlfluff lint -q $(own_sql)
	@sh .ci/lint
	.venv/bin/pytest -m check

locks = $(wildcard *.lock hub/*/*.lock loader/*/*.lock deploy/spark/*.lock)

audit: lint-setup ## Ask for known vulnerabilities of all that the locks name (needs the network)
	.venv/bin/pip-audit --strict --disable-pip --require-hashes $(addprefix --requirement=,$(locks))

deploy: ## Start the hub in containers, wait until it is healthy, print the page (IMAGE=...: a rollback)
	@sh deploy/up $(IMAGE)

release: setup ## Build a release into dist/: the wheel, the changelog's notes (TAG=v1.2.3)
	@.venv/bin/python .ci/release.py "$(TAG)"

bench: setup ## Measure what the hub costs, about 20 minutes (PARTS="land run" for less; docs/performance.md)
	.venv/bin/python -m tests.bench $(PARTS) $(FLAGS)

bench-stream: setup ## Measure a stream, its delays and its costs, about 20 minutes (FLAGS="--seconds 60" for less)
	.venv/bin/python -m tests.bench.stream $(FLAGS)

demo-stream: setup ## Play a clickstream to `hub stream`, and show what becomes of it (docs/demo.md)
	@.venv/bin/python -m tests.demo.stream

docs: setup ## Write the data documentation as one page; print the addresses of its lineage graphs
	@.venv/bin/dbt docs generate --quiet
	@.venv/bin/python -m hub.docs_page

contracts: setup ## Write what follows from the contracts: models, their YAML, docs/contracts.md
	@.venv/bin/python -m hub.scaffold

wheel: setup ## Build a wheel into dist/, which lays down projects elsewhere by `hub init`
	@.venv/bin/python .ci/release.py

compile = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-strip-extras --no-emit-index-url --no-emit-find-links \
    --custom-compile-command "make lock"

lock: ## Resolve each requirements.in into requirements.lock (FLAGS=--upgrade: newest versions; needs uv)
	@command -v uv >/dev/null || { echo "lock: uv is missing: install it with 'pip install uv'" >&2; exit 1; }
	$(compile) requirements.in --output-file requirements.lock $(FLAGS)
	$(compile) hub/serve/requirements.in --constraint requirements.lock \
	    --output-file hub/serve/requirements.lock $(FLAGS)
	$(compile) hub/telemetry/requirements.in --constraint requirements.lock \
	    --output-file hub/telemetry/requirements.lock $(FLAGS)
	$(compile) hub/mcp/requirements.in --constraint requirements.lock \
	    --constraint hub/serve/requirements.lock --output-file hub/mcp/requirements.lock $(FLAGS)
	$(compile) loader/objects/requirements.in --constraint requirements.lock \
	    --output-file loader/objects/requirements.lock $(FLAGS)
	$(compile) loader/delta/requirements.in --constraint requirements.lock \
	    --constraint loader/objects/requirements.lock \
	    --output-file loader/delta/requirements.lock $(FLAGS)
	$(compile) hub/backup/requirements.in --constraint requirements.lock \
	    --output-file hub/backup/requirements.lock $(FLAGS)
	$(compile) deploy/spark/requirements.in --constraint requirements.lock \
	    --constraint hub/telemetry/requirements.lock --output-file deploy/spark/requirements.lock $(FLAGS)
	$(compile) .ci/requirements.in $(addprefix --constraint ,$(locks)) --no-annotate \
	    --output-file .ci/requirements.lock $(FLAGS)
	$(compile) pyproject.toml $(addprefix --extra ,serve telemetry mcp objects delta backup) \
	    deploy/container/requirements.in --no-annotate \
	    $(addprefix --constraint ,$(locks)) --output-file deploy/container/requirements.lock

clean-data: ## Remove the warehouse, published/, exports/ and receipts/, to begin with your own data after the samples
	@if [ -n "$$($(own_files))" ] && [ "$(FORCE)" != 1 ]; then \
	    echo "clean-data: landing/ or archive/ holds files, so the warehouse may hold your own records." \
	        "To remove it all the same: make clean-data FORCE=1" >&2; \
	    exit 1; \
	fi
	rm -rf warehouse.duckdb warehouse.duckdb.* .warehouse.duckdb* receipts published exports

clean: ## Remove .venv, build products and caches; keeps the warehouse and receipts/
	rm -rf .venv target logs dbt_packages build dist *.egg-info
	rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage .coverage.* htmlcov
	find $(wildcard hub loader tests) -name __pycache__ -prune -exec rm -rf {} +
