"""What a terminal shows of the bytes a command line prints, and how prompts, pagers and questions look. Pure."""

import re

_ESCAPE = (
    r"\x1b(?:"
    r"\[(?P<n>[0-?]*)[ -/]*(?P<final>[@-~])"  # CSI
    r"|[\]P^_X][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC, DCS, PM, APC, SOS: window titles and the like
    r"|[ -/]*[0-OQ-WYZ\\`-~])"  # two characters
)
_NEXT_LINE = b"\x1bE"  # ECMA-48 NEL: how ProVision ends the line that was typed
_TOKEN = re.compile(rf"{_ESCAPE}|(?P<text>[^\x00-\x1f\x7f-\x9f]+|\t)|[\x00-\x1f\x7f-\x9f]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LONE_HIGH_BYTE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")

MAX_LINE = 200  # characters of a pager and a pause, and of a question's end: to search more takes long

_PROMPT = re.compile(r".{0,160}(?<![#*=%$<>-]{2})[>#$%\]]")  # a line of "####" belongs to a banner
_PAGER = re.compile(
    r"\W*(?<=--) ?\(?more\)?.{0,30}--(?:\W*|-*, next page: space\b.{0,60})|<--- more --->|lines \d+-\d+",
    re.IGNORECASE,
)
_PAUSE = re.compile(r"\W*press any key to continue\W*", re.IGNORECASE)
_QUESTION = re.compile(
    r"[\[(] ?y(es)? ?/ ?n(o)?( ?/ ?\w+)? ?[\])].{0,10}$|\byes/no\b.{0,10}$|pass(word|phrase).{0,40}: *$"
    r"|\bto accept\b.{0,5}: *$"
    r"|\bpress (any key|enter|return|y\b).*$|\bchange now\b.*$|\b(continue|accept|agree)\b.{0,20}\? *$"
    r"|(密码|口令)[^:：]{0,20}[:：] *$|是否.*[?？].{0,10}$",
    re.IGNORECASE,
)


def plain(raw: bytes | bytearray) -> str:
    """Return the text a terminal would show: overwritten pagers gone, no control characters but newline and tab.

    Octets are UTF-8, else line by line GB18030, else Latin-1.
    """
    return "\n".join(map(_shown, _decoded(raw.replace(_NEXT_LINE, b"\n")).split("\n")))


def last_line(raw: bytes | bytearray) -> str:
    """Return the line the cursor stands on, without spaces around it."""
    return plain(raw[-4096:].replace(_NEXT_LINE, b"\n").rpartition(b"\n")[2]).strip()


def is_prompt(line: str) -> bool:
    """Say whether a line could be any device's prompt."""
    return _PROMPT.fullmatch(line) is not None


def is_pager(line: str) -> bool:
    """Say whether the device waits for a key to show the next page."""
    return len(line) <= MAX_LINE and _PAGER.fullmatch(line) is not None


def is_question(line: str) -> bool:
    """Say whether the device asks something that only a person may answer: Y/N, a new password, any key."""
    return _QUESTION.search(line[-MAX_LINE:]) is not None


def is_pause(line: str) -> bool:
    """Say whether the device only waits for whoever logs in to have read its banner: any key will do, none decides."""
    return len(line) <= MAX_LINE and _PAUSE.fullmatch(line) is not None


def quote(line: str) -> str:
    """Return a line of a device for a message: short, control characters escaped."""
    shown = ascii_safe(line.strip())
    return f"'{shown[:79]}…'" if len(shown) > 80 else f"'{shown}'"


def ascii_safe(line: str) -> str:
    """Return a text with everything that does not print (controls, bidirectional marks) as `\\x1b`."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line)


def _decoded(raw: bytes | bytearray) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return "\n".join(map(_decoded_line, raw.split(b"\n")))


def _decoded_line(raw: bytes | bytearray) -> str:
    # one high byte between ASCII is "°C" in Latin-1; hanzi come in pairs
    encoding = "latin-1" if _LONE_HIGH_BYTE.search(raw) else "gb18030"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _shown(line: str) -> str:
    """Move the cursor as a terminal does: devices wipe their pager by going back and writing over it."""
    if not _CONTROL.search(line):
        return line
    cells: list[str] = []
    at = 0
    for token in _TOKEN.finditer(line):
        words = token[0]
        if token["text"]:
            cells[at : at + len(words)] = words
            at += len(words)
        elif words == "\b":
            at = max(0, at - 1)
        elif words == "\r":
            at = 0
        elif token["final"] == "D":
            at = max(0, at - _count(token["n"]))
        elif token["final"] == "K":
            at = 0 if token["n"] == "2" else at
            del cells[at:]
    return "".join(cells).rstrip(" ")


def _count(digits: str) -> int:
    return int(digits) if digits.isdecimal() and len(digits) < 9 else 1
