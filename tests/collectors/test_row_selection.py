"""Which rows of a table count."""

import pytest

from collectors.model import Rows
from collectors.profiles.rules import Profile
from collectors.snmp_decode import decode
from tests.collectors.tables import T

USED = {"OID": f"{T}.4", "name": "used", "sample": "device_memory_used_bytes"}
ROWS: Rows = {f"{T}.4": {"1.1": 10, "1.2": 20, "2.1": 30}}  # index: unit, kind of memory


@pytest.mark.parametrize(
    ("rule", "used"),
    [
        ({"where": {"{2}": ["1"]}}, {"Unit 1": 10, "Unit 2": 30}),
        ({"where_not": {"{2}": ["1"]}}, {"Unit 1": 20}),
        ({"where": {"{1}": ["2"], "{2}": ["1"]}}, {"Unit 2": 30}),
        ({"where": {"{3}": ["1"]}}, {}),
    ],
)
def test_rows_are_chosen_by_an_arc_of_their_index(rule: dict[str, object], used: dict[str, int]) -> None:
    metric = {
        "table": {"OID": T.rpartition(".")[0], "name": "memory"},
        "symbols": [USED],
        "metric_tags": [{"tag": "entity", "format": "Unit {1}"}],
        **rule,
    }
    profile = Profile.model_validate({"name": "p", "metrics": [metric]})
    assert {s.labels["entity"]: s.value for s in decode(profile, ROWS).samples} == used
