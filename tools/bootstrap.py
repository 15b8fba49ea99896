"""Make `.venv` from the hash-pinned lock, with nothing but a bare python3 (Debian's has venv, but no pip).

Usage: python3 tools/bootstrap.py LOCKFILE
Environment: PIP_INDEX_URL, PIP_CERT as for pip itself.
"""

import hashlib
import os
import re
import ssl
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PIP = "pip-25.3-py3-none-any.whl"
PIP_SHA256 = "9655943313a94722b7774661c21049070f6bbb0a1516bf02f7c8d5d9201514cd"


def fetch(url: str) -> bytes:
    context = ssl.create_default_context(cafile=os.environ.get("PIP_CERT"))
    with urllib.request.urlopen(url, context=context, timeout=60) as answer:  # noqa: S310 - https of the index
        return bytes(answer.read())


def pip_wheel(folder: Path) -> Path:
    """Fetch the pinned pip from the package index. Raises SystemExit when its hash is not the pinned one."""
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
    links = re.findall(r'href="([^"]+)"', fetch(index).decode())
    link = next((link for link in links if urllib.parse.urlsplit(link).path.endswith("/" + PIP)), None)
    if link is None:
        raise SystemExit(f"bootstrap: {index} has no {PIP}")
    wheel = fetch(urllib.parse.urljoin(index, link))
    if hashlib.sha256(wheel).hexdigest() != PIP_SHA256:
        raise SystemExit(f"bootstrap: {PIP} of {index} is not the pinned file")
    target = folder / PIP
    target.write_bytes(wheel)
    return target


def make_venv() -> list[str]:
    """Create the environment; return how pip is called in it."""
    python = str(VENV / "bin" / "python")
    done = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, check=False)  # noqa: S603
    if done.returncode == 0:
        return [python, "-m", "pip"]
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)], check=True)  # noqa: S603
    return [python, str(pip_wheel(VENV)) + "/pip"]


def main(lock: str) -> None:
    if sys.version_info < (3, 11):
        raise SystemExit(f"bootstrap: needs Python 3.11 or newer, this is {sys.version.split()[0]}")
    pip = make_venv()
    install = [*pip, "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    subprocess.run([*install, "--require-hashes", "-r", lock], cwd=ROOT, check=True)  # noqa: S603
    subprocess.run([*install, "--no-build-isolation", "--no-deps", "-e", "."], cwd=ROOT, check=True)  # noqa: S603
    (VENV / "installed").touch()


if __name__ == "__main__":
    main(sys.argv[1])
