"""Checks: each a named limit on a sample, one YAML file; and how a device's reading is judged by them."""

from agent.checks.evaluation import Evaluation, evaluate
from agent.checks.loading import BUILTIN, load, of_cadence

__all__ = ["BUILTIN", "Evaluation", "evaluate", "load", "of_cadence"]
