"""Prometheus' own tool accepts the rules and examples, and every rule does in its tests what it says."""

import subprocess
from pathlib import Path

import pytest

from tests.lab.monitoring import DASHBOARDS
from tests.lab.processes import need, path_of

pytestmark = pytest.mark.lab

TESTS = sorted((Path(__file__).parents[1] / "dashboards/promtool").glob("*.yml"))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_rules_do_what_their_tests_say(path: Path):
    need("promtool")
    assert checked("promtool", "test", "rules", str(path)) == 0


def test_the_examples_are_accepted():
    need("promtool", "amtool")
    assert checked("promtool", "check", "config", str(DASHBOARDS / "prometheus.yml")) == 0
    assert checked("amtool", "check-config", str(DASHBOARDS / "alertmanager/alertmanager.yml")) == 0


def checked(program: str, *arguments: str) -> int:
    """Return a tool's exit code; what it said shows when the test fails."""
    done = subprocess.run([path_of(program), *arguments], capture_output=True, text=True, timeout=60, check=False)
    print(done.stdout, done.stderr)  # noqa: T201
    return done.returncode
