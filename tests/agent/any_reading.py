"""Any reading a device could give, for the checks there are: hypothesis' strategies."""

from hypothesis import settings
from hypothesis import strategies as st

from agent.checks import load
from agent.model import Severity, Track
from collectors.model import DeviceClass, Sample, Snapshot
from tests.agent.said import NOW, failure

RULES = load()
ENTITIES = ("board", "cpu", "", "GE0/0/1", "Swap space", "Load-5")
SAMPLES = sorted({c.sample for c in RULES.values()} | {"device_limit"})
numbers = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(10**400), 10**400) | st.sampled_from([0, 1, 2])
labels = st.fixed_dictionaries(
    {
        "entity": st.sampled_from(ENTITIES),
        "kind": st.sampled_from(["fan", "battery", "output", "module"]),
        "state": st.sampled_from(["normal", "battery", "testFailed"]),
        "health": st.sampled_from(["ok", "warning", "critical", "unknown", "?"]),
        "role": st.sampled_from(["uplink", "known"]),
        "direction": st.sampled_from(["above", "below"]),
        "level": st.sampled_from(["warning", "critical"]),
        "sample": st.sampled_from(SAMPLES),
        "ifIndex": st.sampled_from(["", "1", "2"]),
        "ifName": st.sampled_from(["", "GE0/0/1"]),
    }
)
series = st.builds(Sample, st.sampled_from(SAMPLES), labels, numbers)
failures = st.lists(
    st.builds(
        lambda names, kind: failure(*names, kind=kind),
        st.sets(st.sampled_from(SAMPLES)),
        st.sampled_from(["timeout", "auth", "no_history", "profile"]),
    ),
    max_size=3,
)
known_tracks = st.dictionaries(
    st.tuples(st.just("core-1"), st.sampled_from(sorted(RULES)), st.sampled_from(["", "board", "GE0/0/1"])),
    st.builds(Track, *[st.sampled_from(Severity)] * 2, st.integers(0, 5)),
)
taken = st.builds(
    lambda up, samples, lost, expected: Snapshot(
        device="core-1",
        taken_at=NOW,
        up=up,
        profile="any",
        samples=tuple(samples),
        failures=tuple(lost),
        expected=frozenset(expected),
    ),
    st.booleans(),
    st.lists(series, max_size=12),
    failures,
    st.sets(st.sampled_from(SAMPLES)),
)
device_classes = st.sampled_from(DeviceClass)
few = settings(max_examples=30)  # a reading is large
