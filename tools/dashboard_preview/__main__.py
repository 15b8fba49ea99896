"""`python -m tools.dashboard_preview DASHBOARD.json PROMETHEUS_ADDRESS [SECONDS] [NAME=VALUE...] > page.html`."""

import json
import sys
from pathlib import Path

from tools.dashboard_preview.page import page
from tools.dashboard_preview.prometheus import Source

if __name__ == "__main__":
    file, address, *more = sys.argv[1:]
    chosen = dict(each.split("=", 1) for each in more if "=" in each)
    seconds = next((float(each) for each in more if "=" not in each), 600.0)
    board = json.loads(Path(file).read_text("utf-8"))
    everything = {each["name"]: each["allValue"] for each in board["templating"]["list"] if "allValue" in each}
    sys.stdout.write(page(board, Source(address, chosen, everything, seconds)))
