"""How the command lines of vendors look: prompts, pagers, what they say to a line they do not know."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Family:
    """How one vendor's command line looks. `{name}` is the device's name, `{line}` the line typed."""

    prompt: str
    unknown: str
    pager: str = ""  # empty: there is none
    wipe: str = ""  # what takes the pager off the screen
    set_up: frozenset[str] = frozenset()  # lines accepted without a word
    no_pager: frozenset[str] = frozenset()  # lines that switch the pager off, too
    says: Mapping[str, str] = field(default_factory=dict)  # what it answers to lines that prepare the session
    redraws: bool = False  # what was typed is shown again, behind the prompt, when it is entered
    leave: frozenset[str] = frozenset({"quit", "exit"})


FAMILIES = {
    "huawei_vrp": Family(
        prompt="<{name}>",
        unknown="               ^\nError: Unrecognized command found at '^' position.",
        pager="  ---- More ----",
        wipe="\x1b[16D                \x1b[16D",
        no_pager=frozenset({"screen-length 0 temporary"}),
    ),
    "h3c_comware": Family(
        prompt="<{name}>",
        unknown="            ^\n % Unrecognized command found at '^' position.",
        pager="---- More ----",
        wipe="\r              \r",
        no_pager=frozenset({"screen-length disable"}),
    ),
    "cisco_ios": Family(
        prompt="{name}#",
        unknown="              ^\n% Invalid input detected at '^' marker.\n",
        pager=" --More-- ",
        wipe="\b" * 10 + " " * 10 + "\b" * 10,
        set_up=frozenset({"terminal width 511"}),
        no_pager=frozenset({"terminal length 0"}),
    ),
    "frr": Family(
        prompt="{name}# ",
        unknown="% Unknown command: {line}",
        no_pager=frozenset({"terminal length 0"}),
    ),
    "linux": Family(prompt="ops@{name}:~$ ", unknown="-bash: {line}: command not found"),
}
FAMILIES |= {
    "cisco_nxos": Family(
        prompt="{name}# ",
        unknown="              ^\n% Invalid command at '^' marker.",
        pager="--More--",
        wipe="\r        \r",
        set_up=frozenset({"terminal width 511"}),
        no_pager=frozenset({"terminal length 0"}),
    ),
    "arista_eos": Family(
        prompt="{name}#",
        unknown="% Invalid input (at token 0: '{line}')",
        pager=" --More-- ",
        wipe="\b" * 10 + " " * 10 + "\b" * 10,
        says={
            "terminal width 511": "Width set to 511 columns.",
            "terminal length 0": "Pagination disabled.",
        },
        no_pager=frozenset({"terminal length 0"}),
    ),
    "juniper_junos": Family(
        prompt="ops@{name}> ",
        unknown="             ^\nunknown command.",
        pager="---(more)---",
        wipe="\r                                        \r",
        says={
            "set cli screen-width 511": "Screen width set to 511",
            "set cli complete-on-space off": "Disabling complete-on-space",
            "set cli screen-length 0": "Screen length set to 0",
        },
        no_pager=frozenset({"set cli screen-length 0"}),
    ),
    # its pager cannot be switched off without a change of the configuration
    "fortinet_fortigate": Family(
        prompt="{name} # ",
        unknown="command parse error before '{line}'\nCommand fail. Return code -61",
        pager="--More-- ",
        wipe="\r         \r",
    ),
    "ruijie_rgos": Family(
        prompt="{name}#",
        unknown="                 ^\n% Unrecognized command.",
        pager=" --More-- ",
        wipe="\b" * 10 + " " * 10 + "\b" * 10,
        says={"terminal width 511": "                ^\n% Invalid input detected at '^' marker."},
        no_pager=frozenset({"terminal length 0"}),
    ),
}
FAMILIES |= {
    "aruba_cx": Family(
        prompt="{name}# ",
        unknown="Invalid input: {line}",
        pager="-- MORE --, next page: Space, next line: Enter, quit: q",
        wipe="\r" + " " * 60 + "\r",
        no_pager=frozenset({"no page"}),
    ),
    "brocade_fastiron": Family(
        prompt="SSH@{name}#",
        unknown="Invalid input -> {line}\nType ? for a list",
        pager="--More--, next page: Space, next line: Return key, quit: Control-c",
        wipe="\r" + " " * 70 + "\r",
        says={"skip-page-display": "Disable page display mode"},
        no_pager=frozenset({"skip-page-display"}),
    ),
    "dell_dnos9": Family(
        prompt="{name}#",
        unknown='                ^\n% Error: Invalid input at "^" marker.',
        pager=" --More-- ",
        wipe="\b" * 10 + " " * 10 + "\b" * 10,
        no_pager=frozenset({"terminal length 0"}),
    ),
    # its pages and colours are switched off by what stands behind the user name
    "mikrotik_routeros": Family(
        prompt="[ops@{name}] > ", unknown="bad command name {line} (line 1 column 1)", redraws=True
    ),
    "paloalto_panos": Family(
        prompt="ops@{name}> ",
        unknown="Unknown command: {line}",
        pager="lines 1-23 ",
        wipe="\r           \r",
        set_up=frozenset({"set cli scripting-mode on", "set cli terminal width 500", "show system info"}),
        no_pager=frozenset({"set cli pager off"}),
        redraws=True,
    ),
    "zte_zxr10": Family(
        prompt="{name}#",
        unknown="                 ^\n%Error 20200: Invalid input detected at '^' marker.",
        pager=" --More--",
        wipe="\b" * 9 + " " * 9 + "\b" * 9,
        no_pager=frozenset({"terminal length 0"}),
    ),
}
FAMILIES["aruba_procurve"] = replace(
    FAMILIES["aruba_cx"],
    pager="-- MORE --, next page: Space, next line: Enter, quit: Control-C",
    wipe="\r" + " " * 70 + "\r",
)
FAMILIES["cisco_iosxr"] = replace(FAMILIES["cisco_ios"], prompt="RP/0/RSP0/CPU0:{name}#")
FAMILIES |= {"huawei_vrp8": FAMILIES["huawei_vrp"], "linux_netsnmp": FAMILIES["linux"]}
"""By the name of the profile that reads them."""
