"""The page and the text of a document of results."""

from benchmarks import goals, report
from benchmarks.__main__ import run
from benchmarks.bench import Bench, Case, Columns
from benchmarks.figures import Results
from benchmarks.programs import Lacking


def document(results: Results) -> report.Document:
    """Return a document with one short run."""
    about = {"machine": {"CPU": "one | two"}, "load": 0.5, "taken_at": "2026-01-02 03:04 UTC", "command": "make bench"}
    return {"runs": {"short": about | results.to_json()}}


def results_of(engine: float, net_snmp: float) -> Results:
    results = Results()
    results.add(0, goals.V2C, goals.ENGINE, {goals.CPU: engine})
    results.add(0, goals.V2C, goals.NET_SNMP, {goals.CPU: net_snmp})
    return results


def test_the_page_shows_machine_goals_and_tables_and_hides_no_missed_goal() -> None:
    page = report.page(document(results_of(1.5, 1.0)))
    assert "| CPU | one \\| two |" in page
    assert "| v2c: engine, CPU of a poll | <= 1.20 ms | 1.50 ms | MISSED |" in page
    assert "| v2c: engine against net-snmp in C | <= 1.00x | 1.50x | MISSED |" in page
    assert f"### {goals.V2C}" in page and f"| {goals.ENGINE} | 1.50 |" in page


def test_what_was_left_out_stands_there_with_its_reason() -> None:
    results = results_of(1.0, 1.0)
    results.lacking[goals.V2C, goals.EXPORTER] = "prometheus-snmp-exporter is not installed"
    for shown in (report.page(document(results)), report.text(document(results))):
        assert "Left out" in shown and "prometheus-snmp-exporter is not installed" in shown
        assert "not measured" in shown


def test_a_row_the_machine_cannot_measure_is_asked_for_once_and_one_that_failed_again() -> None:
    calls: list[str] = []

    def lacking(bench: Bench) -> Columns:
        calls.append("lacking")
        raise Lacking("gcc is not installed (make bench-packages, as root)")

    def failing_once(bench: Bench) -> Columns:
        calls.append("failing")
        if calls.count("failing") == 1:
            raise RuntimeError("an answer was lost")
        return {"ms": 1.0}

    results = Results()
    run([Case("t", "a", lacking), Case("t", "b", failing_once)], Bench(rounds=3), results)
    assert calls == ["lacking", "failing", "failing", "failing"]
    assert results.values == {("t", "b", "ms"): {1: 1.0, 2: 1.0}}
    assert results.lacking["t", "a"].startswith("gcc is not installed")
    assert results.lacking["t", "b"] == "an answer was lost"
