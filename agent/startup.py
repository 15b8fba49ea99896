"""What every process of ours sets up before it works."""

import logging
import sys

GARBAGE = (50_000, 20, 100)
"""Objects made before Python looks for garbage in circles (gc.set_threshold): figures are many objects, and few of them
garbage. With the defaults a quarter of the daemon's CPU goes into looking."""


def log_to_stderr() -> None:
    """Write log lines of INFO and above to stderr, with time and origin."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
