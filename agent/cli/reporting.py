"""Write a run's report files into the data folder."""

from pathlib import Path

from agent import files, reports
from agent.cli.options import Setup
from agent.model import Lang, Run
from agent.store import Store, StoreError
from agent.wiring import REPORTS

LANGUAGES: tuple[Lang, ...] = ("zh", "en")


def folder(data: Path, run_id: str) -> Path:
    """Return where a run's report files lie."""
    return data / REPORTS / run_id


def write(run: Run, setup: Setup, store: Store, data: Path) -> Path:
    """Write report.json, report.zh.html and report.en.html; return their folder. Raises OSError."""
    target = folder(data, run.id)
    target.mkdir(parents=True, exist_ok=True)
    report = reports.build(run, before(run, store), setup.inventory, setup.checks, run.tickets, setup.items)
    files.write(target / "report.json", reports.to_json(report))
    for lang in LANGUAGES:
        files.write(target / f"report.{lang}.html", reports.render(report, lang).encode())
    return target


def before(run: Run, store: Store) -> Run | None:
    """Return the last inspection of the same scope before this one; None also where the store cannot be read."""
    try:
        return store.run_before(run)
    except StoreError:
        return None
