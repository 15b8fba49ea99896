"""Profile files written into a folder, and what is said of them when they are loaded."""

import textwrap
from pathlib import Path

import pytest

from collectors.profiles import load
from collectors.yamlfile import YamlError


def write(folder: Path, name: str, text: str = "") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(f"name: {name}\n" + textwrap.dedent(text), encoding="utf-8")
    return path


def problems(*folders: Path) -> list[str]:
    with pytest.raises(YamlError) as caught:
        load(folders)
    return [str(problem).replace(f"{folders[0]}/", "") for problem in caught.value.problems]
