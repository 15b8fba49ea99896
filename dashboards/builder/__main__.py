"""`python -m dashboards.builder [FOLDER]`: write every dashboard in every language as FOLDER/<lang>/<name>.json."""

import argparse
import json
import sys
from pathlib import Path

from dashboards.builder import form
from dashboards.builder.board import board

GRAFANA = Path(__file__).parent.parent / "grafana"


def made() -> dict[str, str]:
    """Return every file's text by its path under dashboards/grafana."""
    words, sources = form.words(), form.boards()
    return {
        f"{lang}/{source.name}.json": json.dumps(board(source, words, lang), ensure_ascii=False, indent=1) + "\n"
        for source in sources
        for lang in form.LANGUAGES
    }


def write(folder: Path = GRAFANA) -> list[Path]:
    """Write the files, and remove those of dashboards that are no more."""
    texts = {folder / name: text for name, text in made().items()}
    for stale in set(folder.glob("*/*.json")).difference(texts):
        stale.unlink()
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return sorted(texts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m dashboards.builder", description="Write Grafana's JSON.")
    parser.add_argument("folder", type=Path, nargs="?", default=GRAFANA, help="where to; default: %(default)s")
    for written in write(parser.parse_args().folder):
        sys.stdout.write(f"{written}\n")
