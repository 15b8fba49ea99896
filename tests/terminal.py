"""Somebody at a terminal who gives commands, while a simulated site answers in the test's event loop."""

import asyncio
import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent import cli


@dataclass
class Terminal:
    """A terminal in an own folder."""

    folder: Path

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        """Return exit code, stdout and stderr of one command."""
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
            code = await asyncio.to_thread(cli.run, list(arguments))
        return code, out.getvalue(), err.getvalue()

    async def rows(self, *arguments: str) -> list[dict[str, Any]]:
        """Return what a command lists."""
        _, out, _ = await self.run(*arguments, "--format", "jsonl")
        return [json.loads(line) for line in out.splitlines()]
