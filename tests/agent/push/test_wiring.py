"""What pushes is put together from the inventory."""

import socket

import pytest

from agent import wiring
from agent.metrics import Metrics
from agent.model import Inventory
from agent.push.target import PushTarget
from collectors.vocabulary import VOCABULARY
from tests.agent.metered import entry, snapshot
from tests.agent.push.received import SENT, Receiver, read


def test_nothing_is_pushed_unless_the_inventory_says_so():
    metrics = Metrics(VOCABULARY, version="1")
    assert wiring.pusher(Inventory(entries={}), metrics) is None
    assert metrics.health.registry.get_sample_value("netpatrol_push_failures_total") is None


@pytest.mark.parametrize(("instance", "label"), [("hq", "hq"), (None, socket.gethostname())])
def test_what_is_pushed_has_the_labels_of_a_scrape(instance: str | None, label: str, monkeypatch: pytest.MonkeyPatch):
    receiver = Receiver(SENT)
    monkeypatch.setattr(wiring, "sender", lambda target: receiver)
    metrics = Metrics(VOCABULARY, version="1")
    target = PushTarget(url="http://127.0.0.1:9/write", instance=instance)
    pusher = wiring.pusher(Inventory(entries={}, push=target), metrics)
    assert pusher is not None
    metrics.update(entry(), snapshot())
    pusher.step()
    found = [dict(labels) for body in receiver.bodies for labels, _, _ in read(body)]
    assert {(labels["job"], labels["instance"]) for labels in found} == {("netpatrol", label)}
    assert any(labels.get("device") == "core-1" for labels in found)
