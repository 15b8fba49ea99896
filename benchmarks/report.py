"""Show a document of results: as text, and as the page docs/performance.md. Pure but for reading the document."""

import json
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.figures import Results, outcomes
from benchmarks.goals import FLEET_GOALS, GOALS

Document = dict[str, Any]
"""`machine` (name → text) and `runs` (name → what `run_of` returns)."""

Rows = Sequence[Sequence[str]]

TITLES = {"short": "Goals and tables", "fleet": "The fleet"}
HEAD = """\
# Performance · 性能

This page is written by the benchmarks themselves, from one run of theirs: `make bench`, then `make bench-fleet` for the
ten thousand devices (`python -m benchmarks --help`). Goals that were missed stand here as missed. What it needs beside
Python is in Debian: `make bench-packages`; a row that lacks something is left out, and says so.

本页由基准测试程序自动生成；未达到的目标如实标为 MISSED。

## How it is measured

- **Rounds are interleaved**: every row once, then every row again. A cell is the median (least-most) of the rounds; a
  ratio is taken within each round first, so that what slows a round slows both sides of it. Trust the ratios more than
  the milliseconds.
- **CPU** is user and system time of the asking process, on a core of its own; the simulated devices (`native/agent.c`)
  have the other. All 50 devices are in flight. What the first poll of each costs is left out.
- **A poll** is a GET of 30 scalars and 20 columns of a 48-port switch: 990 values. Counters move with time and differ
  between devices. Our engine opens and closes a transport for each poll, as the agent does; net-snmp's sessions are
  open before. The raw loop sends the same requests, encoded beforehand, in batches, and does not look at the answers:
  nothing that polls can be cheaper.
- **To exposition text** means recognised, polled, decoded to samples with the interface's name, description and alias
  as labels, and written as text for Prometheus. snmp_exporter gets the same 990 values and three look-ups, on one
  thread.
- **The fleet** is the daemon's own service with store, checks and metrics; nobody scrapes it meanwhile. Devices have 48
  ports each, 2 % of them are dead and 1 % answer after 250 ms. It may use both cores, the simulator has one of them.
  CPU and memory are of all its processes; a page of memory that they share counts once. Durations are of live, prompt
  devices, from when a poll is due, waiting included: p50 and p99 of each round, and of these the middle of all rounds
  but the first four. All else is of all rounds. *None dead*: after every five rounds the dead of the largest fleet
  answer for three, in the same daemon; the first round after each change does not count in the durations. Each such
  time is held against the rounds with dead devices right before and after it, and the middle of these ratios is *p99
  against none dead*.
"""


def empty() -> Document:
    """Return a document without runs."""
    return {"runs": {}}


def read(path: Path) -> Document:
    """Return a document that was kept."""
    found: Document = json.loads(path.read_text("utf-8"))
    return found


def run_of(results: Results, command: str) -> dict[str, Any]:
    """Return a run as it is kept: what was measured, when, where, and how busy the machine was."""
    taken_at = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    about = {"machine": machine.described(), "load": machine.busy(), "taken_at": taken_at, "command": command}
    return about | results.to_json()


def text(document: Document) -> str:
    """Return everything for a terminal."""
    return "\n\n".join(
        f"{title}\n{aligned(rows)}" if rows else title for title, rows in _sections(document, heading="")
    )


def page(document: Document) -> str:
    """Return everything as Markdown."""
    parts = [HEAD]
    for title, rows in _sections(document, heading="#"):
        parts.append(f"{title}\n\n{_markdown(rows)}" if rows else title)
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _sections(document: Document, *, heading: str) -> list[tuple[str, Rows]]:
    """Return the titles with their tables, the heading row first."""
    found: list[tuple[str, Rows]] = []
    for name, run in document["runs"].items():
        results = Results.from_json(run)
        goals = FLEET_GOALS if name == "fleet" else GOALS
        about = [("Taken", run["taken_at"]), ("Command", run["command"]), ("Load at the end", f"{run['load']:.1f}")]
        found.append((f"{heading * 2} {TITLES[name]}".strip(), [("", ""), *about, *run["machine"].items()]))
        rows = [outcome.row() for outcome in outcomes(goals, results)]
        found.append((f"{heading * 3} Goals".strip(), [("goal", "wanted", "measured", ""), *rows]))
        found += [(f"{heading * 3} {table}".strip(), _table(table, results)) for table in results.tables()]
        if results.lacking:
            lacking = [("table", "row", "why"), *((*where, why) for where, why in results.lacking.items())]
            found.append((f"{heading * 3} Left out".strip(), lacking))
    return found


def _table(table: str, results: Results) -> Rows:
    rows = results.tables()[table]
    columns = list(dict.fromkeys(column for each in rows.values() for column in each))
    cells = [[row, *(str(results.range((table, row, column)) or "-") for column in columns)] for row in rows]
    return [("", *columns), *cells]


def aligned(rows: Rows) -> str:
    """Return rows with their columns below each other."""
    widths = [max(len(row[n]) for row in rows if n < len(row)) for n in range(max(map(len, rows)))]
    lines = ["  ".join(f"{cell:<{widths[n]}}" for n, cell in enumerate(row)).rstrip() for row in rows]
    return textwrap.indent("\n".join(line for line in lines if line), "  ")


def _markdown(rows: Rows) -> str:
    heading, *rest = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    lines = [heading, ["---"] * len(heading), *rest]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
