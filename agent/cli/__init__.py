"""The command line: `netpatrol COMMAND`. One function a subcommand; errors become one clear line here."""

import gc
import os
import sys
from typing import Any, cast

import typer

from agent.cli import configs, discovering, filling_in, inspecting, setting_up, showing, waiving
from agent.cli.options import UsageProblem
from agent.output import safe_terminal
from agent.startup import GARBAGE
from agent.store import StoreError
from collectors.errors import CollectError
from collectors.yamlfile import YamlError

# what each error exits with: usually, and of `inspect`, which keeps 0 to 3 for severities (numbers of sysexits.h)
EXIT_CODES: dict[type[BaseException], tuple[int, int]] = {
    typer.TyperException: (2, 64),
    UsageProblem: (2, 64),
    YamlError: (2, 78),
    StoreError: (1, 74),
    CollectError: (1, 74),
    OSError: (1, 74),
    KeyboardInterrupt: (130, 130),
    typer.Abort: (130, 130),
}
USAGE = """Inspect network devices, servers and UPS by service contract. 按服务合同巡检网络设备、服务器与 UPS。

Exit codes: 0 done; 1 some devices did not answer, or the store failed; 2 bad usage or configuration.
`inspect` exits with the worst severity (0 OK, 1 warning, 2 critical, 3 unknown); 64 bad usage, 78 bad configuration,
74 the store or a file cannot be used.
"""

app = typer.Typer(no_args_is_help=True, add_completion=False, help=USAGE, rich_markup_mode=None)
for part in (setting_up, discovering, filling_in, inspecting, showing, waiving, configs):
    part.register(app)


def main() -> None:
    """Run the command line and exit."""
    gc.set_threshold(*GARBAGE)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; return its exit code. Prints every foreseen error as one line on stderr."""
    try:
        code = app(arguments, prog_name="netpatrol", standalone_mode=False)
    except typer.Exit as error:
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except tuple(EXIT_CODES) as error:
        return _explain(error, inspecting="inspect" in arguments[:1])
    return code if isinstance(code, int) else 0


def _explain(error: BaseException, *, inspecting: bool) -> int:
    """Say what went wrong; return the exit code."""
    if isinstance(error, typer.TyperException):
        cast(Any, error).show()  # a usage error; typer does not export its type
    else:
        _say("interrupted" if isinstance(error, KeyboardInterrupt | typer.Abort) else str(error))
    usual, of_inspect = next(codes for kind, codes in EXIT_CODES.items() if isinstance(error, kind))
    return of_inspect if inspecting else usual


def _say(message: str) -> None:
    for line in message.splitlines():
        print(safe_terminal(f"netpatrol: {line}"), file=sys.stderr)  # noqa: T201 - the one place errors are shown
