"""Reports of finished runs: `build` decides what is said, the renderers say it."""

import json

from pydantic import TypeAdapter

from agent.reports.build import build
from agent.reports.html import render
from agent.reports.model import Report

__all__ = ["Report", "build", "render", "to_json"]


def to_json(report: Report) -> bytes:
    """Return the report as JSON (UTF-8, indented, surrogates escaped); texts as {zh, en}, times as ISO 8601 UTC."""
    plain = TypeAdapter(Report).dump_python(report, mode="json")
    return json.dumps(plain, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace")
