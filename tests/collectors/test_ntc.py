"""Reading by ntc-templates: the same records as its own `parse_output` finds, and the same refusals."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ntc_templates.parse import parse_output
from textfsm import TextFSMError

from collectors import ntc

DEVICES = Path(__file__).parent.parent / "devices"
CASES = [
    ("cisco_ios", "show version", DEVICES / "cisco_ios/ssh_c9300/show version.txt"),
    ("cisco_ios", "show environment power all", DEVICES / "cisco_ios/ssh_c2960x/show environment power all.txt"),
]
VLANS = """\
The total number of vlans is : 2
VID  Type    Ports
1    common  UT:GE1/0/1(U)

VID  Status  Property      MAC-LRN Statistics Description
1    enable  default       enable  disable    VLAN 0001
"""


@pytest.mark.parametrize(("platform", "command", "path"), CASES)
def test_a_recorded_output_gives_the_records_of_ntc_templates(platform: str, command: str, path: Path) -> None:
    text = path.read_text("utf-8")
    found = ntc.records(platform, command, text)
    assert found and found == parse_output(platform=platform, command=command, data=text)


def test_several_templates_of_one_command_are_joined_as_ntc_templates_joins_them() -> None:
    found = ntc.records("huawei_vrp", "display vlan", VLANS)
    assert found and found == parse_output(platform="huawei_vrp", command="display vlan", data=VLANS)


def test_a_template_begins_anew_with_each_text_even_after_one_it_refuses() -> None:
    platform, command, path = CASES[1]
    text = path.read_text("utf-8")
    first = ntc.records(platform, command, text)
    with pytest.raises(TextFSMError):
        ntc.records(platform, command, text + "\nwhat no switch prints\n")
    assert ntc.records(platform, command, text) == first


def test_threads_that_read_by_one_template_get_each_their_own_records() -> None:
    platform, command, path = CASES[0]
    text = path.read_text("utf-8")
    texts = [text.replace("Version 17", f"Version {n}") for n in range(1, 40)]
    alone = [parse_output(platform=platform, command=command, data=each) for each in texts]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda each: ntc.records(platform, command, each), texts)) == alone


def test_a_command_without_a_template_is_named() -> None:
    with pytest.raises(ntc.NoTemplate, match="cisco_ios 'show nothing of the kind'"):
        ntc.records("cisco_ios", "show nothing of the kind", "")
