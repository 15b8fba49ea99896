# make demo   install if needed, then inspect a small simulated site and this machine
# make test   the fast tests (pip only)          make check  format, lint, types, import contracts, tests
# make fuzz   a minute of malformed answers and traps
# make lab    tests against real servers         make bench  measure against peers, and write docs/performance.md
# make bench-fleet  the same of ten thousand devices: an hour
# make lock   pin the dependencies anew              make dashboards  make Grafana's JSON from dashboards/source
PYTHON ?= python3
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE := # the hundreds of processes of the tests read what the first compiled
BENCH_PACKAGES := gcc libc6-dev libssl-dev libsnmp-dev prometheus-snmp-exporter
LAB_PACKAGES := snmpd snmp openssh-server frr frr-snmp iproute2 prometheus prometheus-alertmanager nut-server

.PHONY: demo test fuzz check lint lab lab-packages bench bench-fleet bench-packages dashboards lock

.venv/installed: pyproject.toml requirements-dev.lock tools/bootstrap.py
	$(PYTHON) tools/bootstrap.py requirements-dev.lock

demo: .venv/installed
	@$(BIN)/python -m tests.simulator.demo

test: .venv/installed
	@$(BIN)/pytest -n logical --dist worksteal

fuzz: .venv/installed
	@$(BIN)/python -m tests.fuzz --seconds 60

lint: .venv/installed
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: lint test

lab: .venv/installed
	@$(BIN)/pytest -m lab -ra

lab-packages:
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(LAB_PACKAGES) $(BENCH_PACKAGES)

bench: .venv/installed
	@$(BIN)/python -m benchmarks --write docs/performance.md

bench-fleet: .venv/installed
	@$(BIN)/python -m benchmarks fleet --fleet-rounds 30 --write docs/performance.md

bench-packages:
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(BENCH_PACKAGES)

dashboards: .venv/installed
	@$(BIN)/python -m dashboards.builder

lock:
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --quiet -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --quiet -o requirements-dev.lock
