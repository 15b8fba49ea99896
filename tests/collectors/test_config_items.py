"""What a configuration says of security: a well-kept one of each family, and what changes when one line does."""

import time
from pathlib import Path

import pytest

from collectors import configs, profiles
from collectors.configs.items import config_items
from collectors.configs.paths import MAX_PREFIX, paths
from collectors.configs.rules import LISTS, Decision, Syntax, compiled
from collectors.configs.text import lines_of
from collectors.vocabulary import CHOICES

KEPT = Path(__file__).parent.parent / "data" / "configs"
GOOD = {  # what should be so
    *("syslog", "ntp", "aaa", "password_encryption", "password_policy", "login_lockout", "idle_timeout"),
    *("management_acl", "bpdu_guard", "dhcp_snooping", "storm_control", "snmp_acl"),
}


def kept(syntax: str) -> str:
    return (KEPT / f"{syntax}.txt").read_text("utf-8")


def items(text: str, syntax: str) -> dict[str, int]:
    loaded = configs.load(syntax)
    return config_items(lines_of(text, loaded), loaded)


FEWEST = {"frr": 0, "zxros": 7}  # FRR has no items: it is the routing of a Linux server


@pytest.mark.parametrize("syntax", sorted(configs.names()))
def test_a_well_kept_configuration_has_what_is_good_and_nothing_else(syntax):
    found = items(kept(syntax), syntax)
    assert {item for item, value in found.items() if value} == GOOD & set(found)
    assert len(found) >= FEWEST.get(syntax, 20)


CHANGED = [
    # syntax, item, line of the well-kept one, what stands there instead, value then
    ("vrp", "telnet", "stelnet server enable", "telnet server enable", 1),
    ("vrp", "http", "undo http server enable", "http server enable", 1),
    ("vrp", "ftp", "stelnet server enable", "ftp server enable", 1),
    ("vrp", "ssh_v1", "stelnet server enable", "ssh server compatible-ssh1x enable", 1),
    ("vrp", "snmp_default_community", "snmp-agent sys-info version v3", "snmp-agent community read public", 1),
    (
        "vrp",
        "snmp_default_community",
        "snmp-agent sys-info version v3",
        "snmp-agent community read cipher Private",
        None,
    ),
    ("vrp", "snmp_write", "snmp-agent sys-info version v3", "snmp-agent community write Xy12345678", 1),
    ("vrp", "snmp_v2c", "snmp-agent sys-info version v3", "snmp-agent sys-info version v2c v3", 1),
    ("vrp", "snmp_v1", "snmp-agent sys-info version v3", "snmp-agent sys-info version all", 1),
    ("vrp", "snmp_acl", "snmp-agent sys-info version v3", "snmp-agent community read Xy12345678", 0),
    ("vrp", "snmp_no_priv", "nms privacy read-view iso", "nms authentication read-view iso", 1),
    ("vrp", "snmp_no_auth", "nms privacy read-view iso", "nms read-view iso", 1),
    ("vrp", "snmp_weak_auth", "authentication-mode sha2-256", "authentication-mode md5", 1),
    ("vrp", "snmp_weak_priv", "privacy-mode aes128", "privacy-mode des56", 1),
    ("vrp", "syslog", "info-center loghost 192.0.2.9 local-time", "info-center enable", 0),
    ("vrp", "ntp", "ntp-service unicast-server 192.0.2.8", "ntp-service server disable", 0),
    (
        "vrp",
        "aaa",
        "authentication-mode aaa\n idle-timeout 5 0\n protocol",
        "authentication-mode password\n protocol",
        0,
    ),
    ("vrp", "password_encryption", "password irreversible-cipher", "password cipher", 0),
    ("vrp", "default_account", "local-user ops privilege", "local-user admin privilege", 1),
    ("vrp", "idle_timeout", "idle-timeout 5 0\n protocol", "idle-timeout 0 0\n protocol", 0),
    ("vrp", "idle_timeout", "idle-timeout 5 0\n protocol", "protocol", 1),
    ("vrp", "management_acl", " acl 2001 inbound\n", "", 0),
    ("comware", "telnet", "ssh server enable", "telnet server enable", 1),
    (
        "comware",
        "snmp_default_community",
        "snmp-agent sys-info version v3",
        "snmp-agent community read simple private",
        1,
    ),
    ("comware", "aaa", "authentication-mode scheme\n user-role network-admin", "user-role network-admin", 0),
    ("comware", "password_encryption", "password hash", "password cipher", 0),
    ("comware", "management_acl", " ssh server acl 2001\n", "", 1),  # the lines have one
    ("comware", "password_policy", "password-control enable", "undo password-control enable", 0),
    ("ios", "telnet", "transport input ssh", "transport input telnet ssh", 1),
    ("ios", "telnet", " transport input ssh\n", "", None),  # depends on the release
    ("ios", "http", "no ip http server", "ip http server", 1),
    ("ios", "ssh_v1", "ip ssh version 2", "ip ssh time-out 60", None),
    ("ios", "snmp_default_community", "logging host 192.0.2.9", "snmp-server community public RO", 1),
    ("ios", "snmp_write", "logging host 192.0.2.9", "snmp-server community Xy12345 RW 10", 1),
    ("ios", "snmp_acl", "logging host 192.0.2.9", "snmp-server community Xy12345 RO", 0),
    ("ios", "snmp_acl", "logging host 192.0.2.9", "snmp-server community Xy12345 RO MGMT", 1),
    ("ios", "snmp_no_priv", "v3 priv read", "v3 auth read", 1),
    ("ios", "aaa", "aaa new-model", "no aaa new-model", 0),
    ("ios", "password_encryption", "enable secret 9", "enable password 7", 0),
    ("ios", "idle_timeout", "exec-timeout 5 0\n transport", "exec-timeout 30 0\n transport", 0),
    ("ios", "management_acl", " access-class MGMT in\n", "", 0),
    ("nxos", "telnet", "feature ssh", "feature telnet", 1),
    ("nxos", "snmp_write", "feature ssh", "snmp-server community Xy12 group network-admin", 1),
    ("nxos", "snmp_weak_auth", "auth sha", "auth md5", 1),
    ("nxos", "snmp_weak_priv", "priv aes-128 ", "priv ", 1),
    ("eos", "telnet", "interface Ethernet1", "management telnet\n   no shutdown\n!\ninterface Ethernet1", 1),
    ("eos", "default_account", "username ops privilege 15", "username admin privilege 15 nopassword\nusername x", 1),
    (
        "rgos",
        "telnet",
        "no enable service telnet-server",
        "enable service telnet-server",
        0,
    ),  # its lines let in SSH only
    ("rgos", "telnet", "no enable service telnet-server\n", "", 0),
    ("rgos", "snmp_default_community", "logging server 192.0.2.9", "snmp-server community 7 0A1B2C ro", None),
    ("junos", "telnet", "        ssh {", "        telnet;\n        ssh {", 1),
    ("junos", "http", "        ssh {", "        web-management {\n            http;\n        }\n        ssh {", 1),
    ("junos", "snmp_default_community", "    v3 {", "    community public {\n        x;\n    }\n    v3 {", 1),
    ("junos", "snmp_acl", "    v3 {", "    community Xy12 {\n        authorization read-only;\n    }\n    v3 {", 0),
    ("junos", "permit_any", "office;", "any;", 0),
    ("junos", "permit_any", "office;\n", "any;\n", 0),
    ("junos", "root_login", "root-login deny;", "root-login allow;", 1),
    ("fortios", "telnet", "ping https ssh", "ping https ssh telnet", 1),
    ("fortios", "http", "ping https ssh", "ping https http", 1),
    ("fortios", "management_acl", "        set trusthost1 192.0.2.0 255.255.255.0\n", "", 0),
    ("fortios", "permit_any", '"office"', '"all"', 0),
    ("fortios", "idle_timeout", "admintimeout 5", "admintimeout 480", 0),
    ("fortios", "snmp_no_priv", "auth-priv", "auth-no-priv", 1),
    ("aoscx", "telnet", "ssh server vrf mgmt", "telnet server vrf mgmt", 1),
    ("aoscx", "snmp_write", "snmp-server snmpv3-only", "snmp-server community Xy12345\n    access-level rw", 1),
    ("aoscx", "snmp_v2c", "snmp-server snmpv3-only", "snmp-server community Xy12345", 1),
    ("aoscx", "snmp_acl", "snmp-server snmpv3-only", "snmp-server community Xy12345", 0),
    ("aoscx", "snmp_weak_auth", "auth sha auth-pass", "auth md5 auth-pass", 1),
    ("aoscx", "snmp_weak_priv", "priv aes priv-pass", "priv des priv-pass", 1),
    ("aoscx", "aaa", "ssh group tacacs local", "ssh local", 0),
    ("aoscx", "idle_timeout", "timeout 10", "timeout 60", 0),
    ("aoscx", "management_acl", "apply access-list ip MGMT control-plane vrf default\n", "", 0),
    ("aoscx", "syslog", "logging 192.0.2.9 severity info vrf mgmt", "logging facility local7", 0),
    ("fastiron", "telnet", "no telnet server", "telnet server", 1),
    ("fastiron", "http", "no web-management http", "web-management http", 1),
    ("fastiron", "snmp_default_community", "logging host 192.0.2.9", "snmp-server community public ro", 1),
    ("fastiron", "snmp_default_community", "logging host 192.0.2.9", "snmp-server community 2 $demo ro", None),
    ("fastiron", "snmp_write", "logging host 192.0.2.9", "snmp-server community Xy12345 rw 10", 1),
    ("fastiron", "snmp_acl", "logging host 192.0.2.9", "snmp-server community Xy12345 ro", 0),
    ("fastiron", "snmp_acl", "logging host 192.0.2.9", "snmp-server community 2 $demo ro view all", 0),
    ("fastiron", "snmp_acl", "logging host 192.0.2.9", "snmp-server community 2 $demo ro view all 10", 1),
    ("fastiron", "snmp_no_priv", "v3 priv access", "v3 auth access", 1),
    ("fastiron", "snmp_weak_auth", "auth sha", "auth md5", 1),
    ("fastiron", "aaa", "login default tacacs+ local", "login default local", 0),
    ("fastiron", "idle_timeout", "idle-time 10", "idle-time 30", 0),
    ("fastiron", "management_acl", "ssh access-group 10\n", "", 0),
    ("ftos", "telnet", "no ip telnet server enable", "ip telnet server enable", 1),
    ("ftos", "snmp_write", "ntp server 192.0.2.8", "snmp-server community Xy12345 rw MGMT", 1),
    ("ftos", "snmp_acl", "ntp server 192.0.2.8", "snmp-server community Xy12345 ro", 0),
    ("ftos", "snmp_acl", "ntp server 192.0.2.8", "snmp-server community Xy12345 ro security-name nms", 0),
    ("ftos", "snmp_acl", "ntp server 192.0.2.8", "snmp-server community Xy12345 ro MGMT", 1),
    ("ftos", "snmp_no_priv", "3 priv read", "3 auth read", 1),
    ("ftos", "password_encryption", "ops secret 5", "ops password 7", 0),
    ("ftos", "idle_timeout", "exec-timeout 5 0\nline vty 0", "exec-timeout 30 0\nline vty 0", 0),
    ("ftos", "management_acl", " access-class MGMT\n!", "!", 0),
    ("panos", "telnet", "disable-telnet yes", "disable-telnet no", 1),
    ("panos", "http", "disable-http yes", "disable-http no", 1),
    ("panos", "aaa", "authentication-profile radius-admins;", "timezone UTC;", 0),
    ("panos", "idle_timeout", "idle-timeout 10;", "idle-timeout 60;", 0),
    ("panos", "snmp_weak_auth", "authproto SHA-256", "authproto MD5", 1),
    ("panos", "default_account", "ops {", "admin {", 1),
    ("panos", "permit_any", "source office;", "source any;", 0),  # the service is not any
    ("provision", "telnet", "no telnet-server\n", "", 1),
    ("provision", "http", "no web-management\n", "", 1),
    ("provision", "snmp_write", "snmpv3 only", 'snmp-server community "Xy12345" unrestricted', 1),
    ("provision", "snmp_v2c", "snmpv3 only", 'snmp-server community "Xy12345" operator', 1),
    ("provision", "snmp_no_priv", "group managerpriv", "group managerauth", 1),
    ("provision", "snmp_weak_auth", "auth sha", "auth md5", 1),
    ("provision", "idle_timeout", "idle-timeout 600", "idle-timeout 1800", 0),
    ("provision", "management_acl", "ip authorized-managers 192.0.2.0 255.255.255.0 access manager\n", "", 0),
    ("routeros", "telnet", "/ip service set telnet disabled=yes\n", "", 1),
    ("routeros", "snmp_default_community", "name=nms", "name=public", 1),
    ("routeros", "snmp_v2c", "security=private", "security=none", 1),
    ("routeros", "snmp_acl", "addresses=192.0.2.9/32", "addresses=::/0", 0),
    ("routeros", "snmp_weak_auth", "authentication-protocol=SHA1", "authentication-protocol=MD5", 1),
    ("routeros", "ntp", "ntp client set enabled=yes", "ntp client set enabled=no", 0),
    ("routeros", "management_acl", "ssh address=192.0.2.0/24", "ssh port=2222", 0),
    ("routeros", "permit_any", "chain=forward connection-state=established,related", "chain=forward", 1),
    ("zxros", "snmp_write", "ntp enable", "snmp-server community Xy12345 view AllView rw", 1),
    ("zxros", "syslog", "syslog-server host 192.0.2.9", "logging on", 0),
]


@pytest.mark.parametrize(("syntax", "item", "old", "new", "value"), CHANGED)
def test_one_line_decides(syntax, item, old, new, value):
    text = kept(syntax)
    assert old in text
    assert items(text.replace(old, new, 1), syntax).get(item) == value


def test_a_rule_that_lets_everything_through_is_told():
    opened = kept("fortios").replace('"office"', '"all"').replace('"HTTPS"', '"ALL"')
    assert items(opened, "fortios")["permit_any"] == 1
    opened = kept("junos").replace("office;", "any;").replace("junos-https;", "any;")
    assert items(opened, "junos")["permit_any"] == 1


def test_a_community_of_snmp_is_told_from_one_of_fortios():
    block = 'config system snmp community\n    edit 1\n        set name "public"\n    next\nend\n'
    found = items(block + kept("fortios"), "fortios")
    assert (found["snmp_default_community"], found["snmp_acl"], found["snmp_v2c"]) == (1, 0, 1)


@pytest.mark.parametrize("syntax", sorted(configs.names()))
def test_every_pattern_compiles_and_every_item_is_known(syntax):
    loaded = configs.load(syntax)
    assert [len(loaded.searches(field)) for field in LISTS] == [len(getattr(loaded, field)) for field in LISTS]
    decisions = [decision for each in loaded.items.values() for decision in each]
    for each in decisions:
        for pattern in (each.line, each.each, each.has, each.some, *each.with_, *each.without):
            compiled(pattern or "")
    assert set(loaded.items) <= set(CHOICES["device_config_item"])


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"line": "x", "each": "y", "has": "z", "is": 1}, "needs one of line, each, some"),
        ({"each": "y", "is": 1}, "each and has belong together"),
        ({"line": "x", "is": 1, "else": 0}, "each and has belong together"),
        ({"with": ["x"], "is": 1}, "some belongs to with"),
        ({"line": "(", "is": 1}, "is not a regular expression"),
        ({"line": "x"}, "Field required"),
        ({"line": "x", "is": "2"}, "Input should be 0 or 1"),
    ],
)
def test_a_wrong_decision_is_refused(wrong, complaint):
    with pytest.raises(ValueError, match=complaint):
        Decision.model_validate(wrong)


def test_an_unknown_item_is_refused():
    with pytest.raises(ValueError, match="'telnett' is no item"):
        Syntax.model_validate({"name": "x", "items": {"telnett": [{"is": 0}]}})


def test_a_path_has_what_a_line_stands_under():
    lines = ["#", " sysname x", "aaa", " local-user a", "  x", "", " y", "! z", "\tindented"]
    assert [path for path, _ in paths(lines)] == [
        *("#", "sysname x", "aaa", "aaa / local-user a", "aaa / local-user a / x", "", "aaa / y", "! z", "indented"),
    ]
    assert [path[start:] for path, start in paths(lines)] == [line.strip() for line in lines]


def test_of_a_run_of_blanks_two_are_part_of_a_path_which_searches_take_for_any():
    assert [path for path, _ in paths(["line   \t  vty  0 4", " login     local"])] == [
        *("line  vty  0 4", "line  vty  0 4 / login  local"),
    ]


def test_what_stands_under_more_than_can_be_looked_at_stands_by_itself():
    lines = ["x" * MAX_PREFIX, " a", "  b", "y", " c"]
    assert list(paths(lines)) == [(lines[0], 0), ("a", 0), ("b", 0), ("y", 0), ("y / c", 4)]


@pytest.mark.parametrize(
    "lines",
    [
        ["config system snmp community", " edit" + " " * 1_900 + "x"],
        ["config system interface", " edit 1", "  set" + " " * 1_900 + "allowaccess"],
        ["line vty" + " " * 1_900 + "/", " transport input" + " " * 1_900 + "x"],
        ["x" * 5_000_000, *[" y"] * 5_000],
    ],
)
@pytest.mark.parametrize("syntax", ["fortios", "ios", "junos"])
def test_no_line_takes_long(syntax, lines):
    loaded = configs.load(syntax)
    began = time.process_time()
    config_items(lines, loaded)
    assert time.process_time() - began < 1.0


def test_every_configuration_command_names_a_syntax_and_is_part_of_the_allow_list():
    loaded = profiles.load()
    with_config = {name: p.cli.config for name, p in loaded.items() if p.cli and p.cli.config}
    assert {"huawei_vrp", "huawei_vrp8", "h3c_comware", "cisco_ios", "frr"} <= with_config.keys()
    for name, config in with_config.items():
        assert config.syntax in configs.names()
        assert {config.running, config.startup or config.running} <= loaded[name].cli.lines
