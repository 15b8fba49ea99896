"""A profile with a table of its own, and rows of that table, for the tests of decoding."""

from typing import Any

from collectors.model import Rows, Value
from collectors.profiles.rules import Profile

T = "1.3.6.1.4.1.32473.1.1"  # a table's entry
TEMP = "device_temperature_celsius"


def table(**fields: Any) -> dict[str, Any]:
    """A metric of table T: column 4 is a temperature, called `value`."""
    value = {"OID": f"{T}.4", "name": "value", "sample": TEMP}
    return {"table": {"OID": T.rpartition(".")[0], "name": "t"}, "symbols": [value]} | fields


def profile(*metrics: dict[str, Any], **metadata: Any) -> Profile:
    return Profile.model_validate({"name": "p", "metrics": list(metrics), "metadata": metadata})


def column(n: int, cells: dict[str, Value], entry: str = T) -> Rows:
    return {f"{entry}.{n}": cells}
