import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.secrets import Resolver, SecretError, ask_keyring, check_reference
from collectors.model import Secret

LITERAL = "hunter2-the-secret"
CONTROL = "it must be one line of plain text (CRLF line ends leave U+000D)"


def resolver(tmp_path: Path, stored: dict[tuple[str, str], str] | None = None, **env: str) -> Resolver:
    return Resolver(tmp_path, env, lambda service, name: (stored or {}).get((service, name)))


def write(path: Path, data: bytes | str, mode: int = 0o600) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "reference",
    [
        "env:NP_AUTH",
        "env:_x1",
        "file:/run/secrets/priv",
        "file:口令.txt",
        "file:a b",
        "keyring:np/ops",
        "keyring:a/b/c",
    ],
)
def test_a_reference_is_known_by_its_form(reference: str) -> None:
    assert check_reference(reference) == reference


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LITERAL, "is a literal secret"),
        ("", "is a literal secret"),
        (f"ENV:{LITERAL}", "is a literal secret"),
        (f"${{{LITERAL}}}", "is a literal secret"),
        (f"env: {LITERAL}", "is not a complete env: reference"),
        (f"env:{LITERAL}", "is not a complete env: reference"),
        ("env:", "is not a complete env: reference"),
        ("file:", "is not a complete file: reference"),
        (f"file:{LITERAL}\n", "is not a complete file: reference"),
        (f"keyring:{LITERAL}", "is not a complete keyring: reference"),
        ("keyring:/ops", "is not a complete keyring: reference"),
        (f"vault:{LITERAL}", "has a vault: reference, which is not supported yet"),
    ],
)
def test_anything_else_is_refused_without_being_quoted(text: str, said: str) -> None:
    with pytest.raises(SecretError) as caught:
        check_reference(text)
    assert str(caught.value).startswith(said)
    assert "env:NAME, file:/path or keyring:service/name" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@given(st.text(min_size=1))
def test_no_text_without_a_scheme_is_a_reference(text: str) -> None:
    with pytest.raises(SecretError):
        check_reference("hunter2 " + text)


def test_an_environment_variable_is_a_secret(tmp_path: Path) -> None:
    assert resolver(tmp_path, NP_AUTH="a b: c ").resolve("env:NP_AUTH") == Secret("a b: c ")


@pytest.mark.parametrize("tail", ["", "\n", "\r\n"])
def test_a_files_last_newline_is_cut(tail: str, tmp_path: Path) -> None:
    write(tmp_path / "priv", f" key {tail}")
    assert resolver(tmp_path).resolve("file:priv") == Secret(" key ")


def test_a_byte_order_mark_is_not_part_of_a_secret(tmp_path: Path) -> None:
    write(tmp_path / "priv", "\ufeff口令一二三四五六\r\n")
    assert resolver(tmp_path).resolve("file:priv") == Secret("口令一二三四五六")


def test_a_file_may_be_anywhere(tmp_path: Path) -> None:
    path = write(tmp_path / "priv", "key")
    assert resolver(tmp_path / "elsewhere").resolve(f"file:{path}") == Secret("key")


def test_a_file_may_be_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path / "priv", "key")
    assert resolver(tmp_path / "elsewhere").resolve("file:~/priv") == Secret("key")


def test_the_keyring_is_asked_by_service_and_name(tmp_path: Path) -> None:
    stored = {("netpatrol", "ops"): "one", ("sites/hq", "ops"): "two"}
    assert resolver(tmp_path, stored).resolve("keyring:netpatrol/ops") == Secret("one")
    assert resolver(tmp_path, stored).resolve("keyring:sites/hq/ops") == Secret("two")


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("env:NP_NONE", "env:NP_NONE is not set: export NP_NONE before netpatrol starts"),
        ("env:NP_EMPTY", "env:NP_EMPTY is empty"),
        ("env:NP_LINES", f"env:NP_LINES has the control character U+000A: {CONTROL}"),
        ("env:NP_BYTES", "env:NP_BYTES is not one line of text"),
        ("file:none", "file:none cannot be read: No such file or directory"),
        ("file:folder", "file:folder is not a file"),
        ("file:/dev/zero", "file:/dev/zero is not a file"),
        ("file:newlines", "file:newlines is empty"),
        ("file:two-lines", f"file:two-lines has the control character U+000A: {CONTROL}"),
        ("file:nul", f"file:nul has the control character U+0000: {CONTROL}"),
        ("file:gbk", "file:gbk is not UTF-8 text"),
        ("file:large", "file:large is larger than 65536 bytes"),
        ("file:~nobody-of-that-name/x", "file:~nobody-of-that-name/x has no home folder to begin at"),
        ("keyring:np/ops", "keyring:np/ops is not in the keyring (right form: keyring set np ops)"),
    ],
)
def test_what_does_not_resolve_is_named(reference: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    write(tmp_path / "newlines", "\n\n")
    write(tmp_path / "two-lines", "hunter2\nhunter3\n")
    write(tmp_path / "nul", "hunter2\0")
    write(tmp_path / "gbk", "口令".encode("gbk"))
    write(tmp_path / "large", "x" * 70_000)
    with pytest.raises(SecretError) as caught:
        resolver(tmp_path, NP_EMPTY="", NP_LINES="hunter2\nhunter3", NP_BYTES="hunter2\udcff").resolve(reference)
    assert str(caught.value) == said


@pytest.mark.parametrize("control", ["\r", "\t", "\x1b", "\x7f", "\x85"])
@pytest.mark.parametrize("reference", ["env:NP_C", "keyring:np/ops", "file:priv"])
def test_a_secret_with_a_control_character_is_refused_without_being_quoted(
    reference: str, control: str, tmp_path: Path
) -> None:
    value = f"hunter2{control}"
    write(tmp_path / "priv", f"{value}hunter3")
    with pytest.raises(SecretError) as caught:
        resolver(tmp_path, {("np", "ops"): value}, NP_C=value).resolve(reference)
    assert str(caught.value) == f"{reference} has the control character U+{ord(control):04X}: {CONTROL}"


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, False), (0o644, True), (0o404, True)])
def test_a_file_that_everyone_can_read_is_warned_of(mode: int, warned: bool, tmp_path: Path) -> None:
    write(tmp_path / "priv", "key", mode)
    secrets = resolver(tmp_path)
    secrets.resolve("file:priv")
    assert secrets.warnings == (
        {"file:priv": "file:priv can be read by every user of this machine (right form: chmod 600)"} if warned else {}
    )


def test_each_reference_is_fetched_once(tmp_path: Path) -> None:
    asked: list[str] = []
    secrets = Resolver(
        tmp_path, {}, lambda service, name: asked.append(name) if name == "none" else name + str(len(asked))
    )
    for _ in range(3):
        assert secrets.resolve("keyring:np/ops") == Secret("ops0")
        with pytest.raises(SecretError):
            secrets.resolve("keyring:np/none")
    assert asked == ["none"]


class NoBackend(Exception):
    pass


class Locked(Exception):
    pass


def fake_keyring(monkeypatch: pytest.MonkeyPatch, error: Exception | None) -> None:
    def get_password(service: str, name: str) -> str:
        if error:
            raise error
        return f"{service} {name}"

    errors = SimpleNamespace(NoKeyringError=NoBackend, KeyringError=Locked)
    module = ModuleType("keyring")
    module.__dict__.update(get_password=get_password, errors=errors)
    monkeypatch.setitem(sys.modules, "keyring", module)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)  # type: ignore[arg-type]


def test_asks_the_keyring_library(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_keyring(monkeypatch, None)
    assert ask_keyring("np", "ops") == "np ops"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NoBackend("no backend"), "there is no keyring on this machine (use env: or file:)"),
        (Locked("hunter2"), "the keyring refused: Locked"),
    ],
)
def test_a_keyring_that_does_not_answer_is_an_error(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_keyring(monkeypatch, error)
    with pytest.raises(SecretError) as caught:
        ask_keyring("np", "ops")
    assert str(caught.value) == said


def test_without_a_desktop_the_real_library_has_no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring")
    from keyring.backends.fail import Keyring

    monkeypatch.setattr(keyring.core, "_keyring_backend", Keyring())
    with pytest.raises(SecretError, match="there is no keyring on this machine"):
        ask_keyring("np", "ops")


def test_the_keyring_library_is_imported_only_when_asked() -> None:
    code = "import sys, agent.inventory; raise SystemExit('keyring' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
