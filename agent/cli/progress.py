"""Shows how far long work is: a bar on stderr where that is a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from agent.output import safe_terminal, tell_line

COLUMNS = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))


@dataclass(frozen=True, slots=True)
class Shown:
    """A bar that is shown."""

    advance: Callable[[str], None]  # one more is done: what is named beside the bar
    line: Callable[[str], None]  # a line of text above the bar, terminal or not


@contextmanager
def progress(what: str, total: int, *, shown: bool = True) -> Iterator[Shown]:
    """Show a bar until the block ends; it leaves nothing behind. What goes to stdout meanwhile goes there."""
    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    hidden = not (shown and console.is_terminal)
    with Progress(*COLUMNS, console=console, transient=True, redirect_stdout=False, disable=hidden) as bar:
        task = bar.add_task(what, total=total)

        def advance(name: str) -> None:
            bar.update(task, advance=1, description=safe_terminal(name) or what)

        yield Shown(advance, tell_line)
