"""The command line: `netpatrol COMMAND`. One function a subcommand; errors become one clear line here."""

import gc
import io
import os
import sys
from importlib.metadata import version
from typing import Annotated, Any, cast

import typer

from agent import messages
from agent.cli import configs, discovering, filling_in, inspecting, setting_up, showing, waiving
from agent.cli.options import UsageProblem, language_of, say
from agent.model import Lang
from agent.output import put, tell, whole_stdout
from agent.startup import GARBAGE
from agent.store import StoreError
from collectors.errors import CollectError
from collectors.yamlfile import YamlError

INTERRUPTED = 130
# what each error exits with: usually, and of `inspect`, which keeps 0 to 3 for severities (numbers of sysexits.h)
EXIT_CODES: dict[type[BaseException], tuple[int, int]] = {
    typer.TyperException: (2, 64),
    UsageProblem: (2, 64),
    YamlError: (2, 78),
    StoreError: (1, 74),
    CollectError: (1, 74),
    OSError: (1, 74),
    KeyboardInterrupt: (INTERRUPTED, INTERRUPTED),
    typer.Abort: (INTERRUPTED, INTERRUPTED),
}
USAGE = """Inspect network devices, servers and UPS by service contract. 按服务合同巡检网络设备、服务器与 UPS。

Exit codes: 0 done; 1 some devices did not answer, or the store or a file cannot be used; 2 bad usage or configuration;
130 interrupted. `inspect` exits with the worst severity of what nobody accepted: 0 OK, 1 warning, 2 critical,
3 unknown; 64 bad usage, 78 bad configuration, 74 the store or a file cannot be used.

退出码：0 完成；1 有设备未应答，或数据库、文件无法使用；2 用法或配置错误；130 被中断。inspect 以未豁免问题中最严重的级别
退出：0 正常、1 警告、2 严重、3 未知；64 用法错误，78 配置错误，74 数据库或文件无法使用。
"""

app = typer.Typer(no_args_is_help=True, add_completion=False, help=USAGE, rich_markup_mode=None)
for part in (setting_up, discovering, filling_in, inspecting, showing, waiving, configs):
    part.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        put(f"netpatrol {version('netpatrol')}\n")
        raise typer.Exit


@app.callback()
def _every_command(
    shown: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version. 显示版本。")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line and exit."""
    gc.set_threshold(*GARBAGE)
    _prepare_streams()
    sys.exit(run(sys.argv[1:]))


def _prepare_streams() -> None:
    """Have what a terminal's character set lacks escaped. A stream that was closed (`>&-`) shows nothing."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - until we end
        getattr(sys, name).reconfigure(errors="backslashreplace")


def run(arguments: list[str]) -> int:
    """Run one command; return its exit code. Prints every foreseen error as one line on stderr."""
    code: object = 0
    try:
        with whole_stdout():
            code = app(arguments, prog_name="netpatrol", standalone_mode=False)
    except typer.Exit as error:
        return error.exit_code
    except tuple(EXIT_CODES) as error:
        return _explain(error, language_of(arguments), inspecting="inspect" in arguments[:1])
    if code == INTERRUPTED:  # typer makes this of Ctrl-C, and says nothing
        say(messages.said("interrupted", language_of(arguments)))
    return code if isinstance(code, int) else 0


def _explain(error: BaseException, lang: Lang, *, inspecting: bool) -> int:
    """Say what went wrong; return the exit code."""
    if isinstance(error, typer.TyperException):
        usage = cast(Any, error)  # a usage error; typer does not export its type
        usage.message = usage.message.replace("Value error, ", "")  # pydantic's, which typer quotes
        said = io.StringIO()
        usage.show(said)
        tell(said.getvalue())
    else:
        for line in _words(error, lang).splitlines():
            say(line)
    usual, of_inspect = next(codes for kind, codes in EXIT_CODES.items() if isinstance(error, kind))
    return of_inspect if inspecting else usual


def _words(error: BaseException, lang: Lang) -> str:
    if isinstance(error, YamlError):
        return messages.problems(error.problems, lang)
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return messages.said("interrupted", lang)
    if isinstance(error, OSError) and error.strerror:
        return ": ".join(str(part) for part in (error.filename, messages.said(error.strerror, lang)) if part)
    return messages.said(str(error), lang)
