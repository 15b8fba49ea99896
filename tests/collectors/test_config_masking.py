"""No secret of a configuration survives masking; what is none stays as it is."""

import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import configs
from collectors.configs.masking import MAX_LINE, mask
from tests.collectors.seeded_secrets import LINES, Seeded, a_secret, seeded

SYNTAXES = sorted(LINES)
MARK = "<masked>"
SHORTEST = 6  # characters of a secret that may not be seen anywhere


def masked(lines: list[str], syntax: str) -> list[str]:
    return mask(lines, configs.load(syntax), lambda before, secret: MARK)


def survivors(config: Seeded, output: list[str]) -> list[tuple[str, str]]:
    """Return (line, masked line) of every secret of which some characters are left."""
    return [
        (config.lines[number], output[number])
        for number, secret in config.secrets
        if any(secret[n : n + SHORTEST] in output[number] for n in range(len(secret) - SHORTEST + 1))
    ]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_no_seeded_secret_survives(syntax, seed):
    config = seeded(syntax, seed)
    output = masked(config.lines, syntax)
    assert survivors(config, output) == []
    assert len(output) == len(config.lines)


def test_more_than_two_hundred_secrets_are_seeded_and_every_syntax_has_some():
    assert sum(len(seeded(syntax).secrets) for syntax in SYNTAXES) > 200
    assert configs.names() <= set(SYNTAXES)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_words_that_lead_to_a_secret_and_blanks_before_the_line_stay(syntax):
    config = seeded(syntax)
    for number, line in enumerate(masked(config.lines, syntax)):
        original = config.lines[number]
        assert len(line) - len(line.lstrip()) == len(original) - len(original.lstrip())
        if MARK not in line:
            assert line == original
        else:
            assert line.split()[0] == original.split()[0] or MARK in line.split()[0]


@given(syntax=st.sampled_from(SYNTAXES), seed=st.integers(0, 2**32))
def test_odd_blanks_and_case_hide_no_secret(syntax, seed):
    config, chance = seeded(syntax, seed), random.Random(seed)
    lines = list(config.lines)
    for number in {number for number, _ in config.secrets}:
        held = [secret for at, secret in config.secrets if at == number]
        pieces = re.split("(" + "|".join(map(re.escape, held)) + ")", lines[number].lstrip())
        indent = " " * (len(lines[number]) - len(lines[number].lstrip()))
        odd = [piece if piece in held else written_otherwise(piece, chance) for piece in pieces]
        lines[number] = indent + "".join(odd) + chance.choice(["", " ", "\t"])
    assert survivors(config, masked(lines, syntax)) == []


def written_otherwise(text: str, chance: random.Random) -> str:
    """Return words with other blanks between them, and in other letters where letters do not matter."""
    if "://" not in text and "-----" not in text:
        text = chance.choice([text, text.upper(), text.title()])
    return re.sub(" +", lambda _: chance.choice([" ", "  ", "\t", " \t  "]), text)


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_quoted_secret_does_not_survive_either(syntax, quote):
    config = seeded(syntax)
    lines = list(config.lines)
    for number, secret in config.secrets:
        if not re.search(r"""["'@\s]""", secret) and f'"{secret}' not in lines[number] and "://" not in lines[number]:
            lines[number] = lines[number].replace(secret, f"{quote}{secret}{quote}")
    assert survivors(config, masked(lines, syntax)) == []


BENIGN = {
    "vrp": """
sysname core-1
undo telnet server enable
 local-aaa-user password policy administrator
  password expire 90
  password alert original
 local-user ops privilege level 15
 local-user ops service-type ssh terminal
 authentication-mode aaa
 authentication-mode password
 authentication-scheme default
ssh server cipher aes256_ctr aes128_ctr
ssh server hmac sha2_256
ssh server key-exchange dh_group14_sha256
ssh user ops authentication-type password
snmp-agent
snmp-agent local-engineid 800007DB03548998F3A2B1
snmp-agent sys-info version v3
snmp-agent group v3 g1 privacy read-view iso notify-view iso acl 2001
snmp-agent community complexity-check disable
 apply community 65001:100 additive
 if-match community-filter 1
 peer 10.0.0.2 advertise-community
ip community-filter 1 permit 65001:100
keychain k1 mode absolute
 key-id 1
info-center loghost 10.1.1.9
ntp-service unicast-server 10.1.1.8
ntp-service authentication enable
 port link-type trunk
 description uplink to the secretariat, keyboard room
rsa local-key-pair create
 ike proposal 1
 pki realm default
""",
    "comware": """
 password-control length 12
password-control enable
 undo password-control aging enable
line vty 0 63
 authentication-mode scheme
 user-role network-operator
 service-type ssh terminal
snmp-agent sys-info version v3
snmp-agent group v3 g1 privacy
ssh server enable
ssh2 algorithm cipher aes256-ctr aes128-ctr
ssh2 algorithm mac sha2-256
public-key local create rsa
 primary authentication 10.1.1.1
 key-derivation sha256
ospf authentication-mode
 apply community 65001:100
info-center loghost 10.1.1.9
""",
    "ios": """
service password-encryption
no service password-recovery
aaa new-model
aaa authentication login default group tacacs+ local
aaa authentication enable default enable
security passwords min-length 12
key chain OSPF
 key 1
crypto key generate rsa modulus 2048
ip ssh version 2
ip ssh server algorithm encryption aes256-ctr aes128-ctr
ip community-list standard CUST permit 65001:100
 set community 65001:100 additive
 match community CUST
 neighbor 10.0.0.2 send-community both
snmp-server enable traps config
snmp-server group g1 v3 priv read iso access 10
snmp-server location room 7
snmp-server host 10.1.1.5 vrf mgmt
username ops privilege 15
 authentication pre-share
 encryption aes 256
crypto ipsec transform-set T esp-aes 256 esp-sha256-hmac
 match identity remote address 10.3.3.3 255.255.255.255
 authentication local rsa-sig
 login local
 transport input ssh
 ip ospf authentication message-digest
 ip ospf authentication key-chain OSPF
 ip address 10.0.0.1 255.255.255.0
 description to the secretary's switch
ntp authenticate
ntp trusted-key 1
ntp server 10.1.1.8 key 1
tunnel key 7
""",
    "nxos": """
feature tacacs+
no password strength-check
userpassphrase min-length 8
role name network-audit
ssh key rsa 2048
key chain k
  key 1
snmp-server host 10.1.1.5 use-vrf management
snmp-server host 10.1.1.5 source-interface mgmt0
  send-community
  route-map X permit 10
    set community 65001:1
vrf context management
""",
    "eos": """
aaa authentication policy lockout failure 3 duration 900
username bob nopassword
management security
   password minimum length 12
management ssh
   idle-timeout 10
   cipher aes256-ctr
   neighbor LEAF send-community extended
ip community-list CUST permit 65001:1
ntp server vrf MGMT 10.1.1.8 key 1
""",
    "junos": """
policy-options {
    community CUST members 65001:100;
    policy-statement P {
        then {
            community add CUST;
            community set CUST;
        }
    }
}
system {
    login {
        password {
            minimum-length 12;
            format sha512;
        }
    }
    services {
        ssh {
            ciphers [ aes256-ctr aes128-ctr ];
            root-login deny;
        }
    }
    ntp {
        trusted-key 1;
    }
}
set policy-options community CUST members 65001:100
""",
    "fortios": """
config system global
    set admintimeout 5
    set hostname "fw-1"
end
config system password-policy
    set status enable
    set minimum-length 12
end
config system interface
    edit "port1"
        set allowaccess ping https ssh
    next
end
config vpn ipsec phase1-interface
    edit "hq"
        set keylife 28800
        set proposal aes256-sha256
        set authmethod psk
    next
end
config firewall policy
    edit 1
        set name "allow-web"
        set srcaddr "all"
    next
end
""",
    "frr": """
service password-encryption
 ip ospf authentication message-digest
 neighbor 10.0.0.2 send-community all
bgp community-list standard CUST permit 65001:1
 set community 65001:1 additive
 ip ospf area 0
""",
    "_generic": """
hostname x
secretary on duty: nobody
keyboard layout us
ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 ops@nms
-----BEGIN CERTIFICATE-----
MIIDazCCAlOgAwIBAgIUEjRWeJCrze8=
-----END CERTIFICATE-----
https://example.com/a/b?c=d
""",
}


@pytest.mark.parametrize("syntax", sorted(BENIGN))
def test_what_is_no_secret_stays(syntax):
    lines = BENIGN[syntax].strip("\n").split("\n")
    assert masked(lines, syntax) == lines


def test_the_mark_is_made_of_what_stands_before_the_secret_and_the_secret():
    seen: list[tuple[str, str]] = []

    def mark(before: str, secret: str) -> str:
        seen.append((before, secret))
        return "X"

    assert mask([" local-user bob password cipher s3cret level 3"], configs.load("vrp"), mark)[0].endswith(
        "cipher X level 3"
    )
    assert seen == [("local-user bob password cipher ", "s3cret")]


def test_a_line_too_long_to_read_is_masked_whole():
    assert masked([" description " + "x" * MAX_LINE], "ios") == [" " + MARK]


def test_a_private_key_without_an_end_masks_all_that_follows():
    lines = ["a", "-----BEGIN RSA PRIVATE KEY-----", "MIIE", "interface x", ""]
    assert masked(lines, "ios") == ["a", "-----BEGIN RSA PRIVATE KEY-----", MARK, MARK, ""]


def test_a_family_nobody_knows_is_masked_by_what_all_have_in_common():
    assert configs.load("no-such-os").name == "_generic"
    secret = a_secret("plain", random.Random(1))
    assert masked([f"frobnicate password {secret}"], "no-such-os") == [f"frobnicate password {MARK}"]


@pytest.mark.parametrize(
    "line", ["password " * 400, "$" * 3_900, "%^%#" * 900, "key " * 900, '"' * 3_900, "a:/" * 1_200]
)
@pytest.mark.parametrize("syntax", ["vrp", "ios", "junos"])
def test_no_line_takes_long(syntax, line):
    began = time.process_time()
    masked([line], syntax)
    assert time.process_time() - began < 1.0
