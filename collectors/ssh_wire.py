"""The bytes of one SSH shell: every read within a deadline and a size, every written line on the allow-list."""

import contextlib
import re
import time
from collections.abc import Collection

import paramiko
from netmiko.channel import SSHChannel

from collectors.errors import BadData, Refused, TimedOut, Unreachable
from collectors.terminal import is_pager, is_pause, is_prompt, is_question, last_line, plain, quote

MAX_OUTPUT = 10_000_000  # bytes a step may print
SETTLE = 0.15  # seconds of silence after which a prompt or a question is the last thing said
CHUNK = 65_536


class Wire(SSHChannel):
    """A shell's channel, for netmiko's preparation of the session and for our own commands.

    Each step (the login, a command) is `start`ed with its own deadline and size limit. Past them, reading and writing
    raise TimedOut and BadData; a line that is not allowed raises Refused before it is sent; a device that hangs up
    raises Unreachable.
    """

    def __init__(self, shell: paramiko.Channel, device: str, allowed: Collection[str], enter: str = "\n") -> None:
        super().__init__(shell, encoding="latin-1")  # a character a byte: chunks end anywhere
        self.sent: list[str] = []  # command lines, in order
        self._shell = shell
        self._device = device
        self._allowed = frozenset(allowed)
        self._enter = enter
        self.start("login", 0.0)

    def start(self, step: str, seconds: float, *, since: float | None = None) -> None:
        """Begin a step that may take so many seconds in all, from now or from a time of the monotonic clock."""
        self._step = step
        self._seconds = seconds
        self._ends = (time.monotonic() if since is None else since) + seconds
        self._read = 0

    def write_channel(self, out_data: str) -> None:
        """Write a command line of the allow-list, or an empty line."""
        line = out_data.strip()
        if line and line not in self._allowed:
            raise Refused(f"{self._device}: {self._step}: {quote(line)} is not on the allow-list, so it was not sent")
        if line:
            self.sent.append(line)
        self._write(out_data.encode("utf-8"))

    def read_buffer(self) -> str:
        """Return what has come in without waiting: netmiko polls."""
        if self._shell.recv_ready():
            return self._counted(self._shell.recv(CHUNK)).decode("latin-1")
        if time.monotonic() > self._ends:
            raise self._too_late()
        if self._shell.closed or self._shell.eof_received:
            raise self._closed()
        return ""

    def first_prompt(self) -> None:
        """Wait until the device shows a prompt and falls silent; past a banner that wants a key pressed, once.

        Raises Refused if it asks a question instead.
        """
        seen = b""
        paused = False
        while True:
            line = last_line(seen)
            chunk = self._more(line, quiet=is_prompt(line) or is_question(line))
            if chunk:
                seen = (seen + chunk)[-4096:]
            elif is_pause(line) and not paused:
                paused, seen = True, b""
                self._write(self._enter.encode("ascii"))
            else:
                self._refuse_question(line)
                return

    def answer(self, command: str, prompt: str) -> str:
        """Send a command line; return what the device printed between its echo and the prompt, as plain text.

        The echo is waited for: a prompt before it belongs to what went before. A pager gets the space bar.
        """
        self.write_channel(command + self._enter)
        raw = bytearray()
        echo = _echo(command)
        page = 0
        while True:
            line = last_line(raw)
            begun = _after(echo, plain(raw[: CHUNK * 2])) if line.endswith(prompt) else None
            # nothing but the prompt may be how a line editor repaints what was typed: see whether more comes
            if begun is not None and line == prompt and begun.strip() != prompt:
                break
            chunk = self._more(line, quiet=begun is not None or is_question(line))
            if not chunk:
                self._refuse_question(line)
                break
            raw += chunk
            if is_pager(last_line(raw[max(page, len(raw) - CHUNK) :])):
                page = len(raw)
                self._write(b" ")
        return _without_prompts(_after(echo, plain(raw)) or "", prompt)

    def wake(self, prompt: str, seconds: float) -> None:
        """Read away what came in since the last command, press Enter, and wait for the prompt. `sent` is emptied."""
        self.sent.clear()
        self.start("waking the session", seconds)
        while self._shell.recv_ready():
            self._counted(self._shell.recv(CHUNK))
        self.write_channel(self._enter)
        seen = b""
        while (line := last_line(seen)) != prompt:
            seen = (seen + self._more(line, quiet=False))[-4096:]

    def hang_up(self) -> None:
        """End the shell, without waiting for the device."""
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self._shell.close()

    def _more(self, line: str, *, quiet: bool) -> bytes:
        """Wait for more; b"" when the device stays silent for a while and `quiet` was asked for."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise self._too_late(line)
        self._shell.settimeout(min(SETTLE, left) if quiet else left)
        try:
            return self._counted(self._shell.recv(CHUNK))
        except TimeoutError:
            if quiet and left > SETTLE:
                return b""
            raise self._too_late(line) from None

    def _counted(self, chunk: bytes) -> bytes:
        if not chunk:
            raise self._closed()
        self._read += len(chunk)
        if self._read > MAX_OUTPUT:
            raise BadData(f"{self._device}: {self._step}: printed more than {MAX_OUTPUT // 1_000_000} MB")
        if time.monotonic() > self._ends:
            raise self._too_late()
        return chunk

    def _write(self, data: bytes) -> None:
        self._shell.settimeout(max(0.001, self._ends - time.monotonic()))
        try:
            self._shell.sendall(data)
        except TimeoutError:
            raise self._too_late() from None
        except OSError:
            raise self._closed() from None

    def _refuse_question(self, line: str) -> None:
        if is_question(line):
            raise Refused(
                f"{self._device}: {self._step}: the device asks {quote(line)}, which only a person may answer: "
                "log in by hand once"
            )

    def _too_late(self, line: str = "") -> TimedOut:
        last = f"; its last line is {quote(line)}" if line else ""
        return TimedOut(f"{self._device}: {self._step}: no prompt within {self._seconds:g} s{last}")

    def _closed(self) -> Unreachable:
        return Unreachable(f"{self._device}: {self._step}: the device closed the session")


def _without_prompts(output: str, prompt: str) -> str:
    """Take off the prompt at the end, and one more where Enter is two characters that the device takes for two."""
    output = output.rstrip()
    while output == prompt or output.endswith(f"\n{prompt}"):
        output = output.removesuffix(prompt).rstrip("\n")
    return output.removesuffix(prompt)


def _echo(command: str) -> re.Pattern[str]:
    """Return the pattern of a command's echo and the rest of its line; a narrow terminal may have wrapped it.

    RouterOS shows the line again behind another prompt once it has been entered.
    """
    typed = r"\s*".join(map(re.escape, command.replace(" ", "")))
    return re.compile(rf"{typed}.*\n(?:\[[^\]\n]+\] > {typed}[ \t]*\n)*")


def _after(echo: re.Pattern[str], text: str) -> str | None:
    """Return what follows the line of the echo; None without it."""
    match = echo.search(text)
    return None if match is None else text[match.end() :]
