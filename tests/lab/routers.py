"""Two FRR routers and an engineer's place, each in a network namespace of its own; nothing outside them is touched.

    noc ── mgmt0: r1 :wan0 ───────── wan0: r2 :mgmt0 ── noc

Between the routers BGP and OSPF; each is managed over SNMPv3 (BGP and OSPF come to snmpd by AgentX) and over SSH, where
vtysh is the only command. What their snmpd notices they send as traps to the engineer's port TRAPS.
"""

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.processes import await_log, eventually, path_of, run, running
from tests.lab.servers import SnmpUser, Sshd, snmpd, sshd

IF_OPER_STATUS = "1.3.6.1.2.1.2.2.1.8"
OPER_STATUS = {"up": "1", "down": "2"}
TRAPS = 1162


@dataclass(frozen=True)
class Router:
    """One router. Addresses are of the ranges for documentation (RFC 5737)."""

    name: str
    folder: Path
    namespace: str
    autonomous_system: int
    management: str
    wan: str
    loopback: str
    ssh: Sshd

    @property
    def inside(self) -> tuple[str, ...]:
        return _inside(self.namespace)

    @property
    def noc(self) -> str:
        """The engineer's address on the way to it."""
        network, _, host = self.management.rpartition(".")
        return f"{network}.{int(host) - 1}"

    def device(self, user: SnmpUser, known_hosts: Path, **more: Any) -> dict[str, Any]:
        """Return its inventory entry."""
        entry = {"name": self.name, "address": self.management, "class": "router", "profile": "frr", "interval": "2s"}
        return entry | {"snmp": user.access, "ssh": self.ssh.access | {"known_hosts": str(known_hosts)}} | more

    def ask(self, question: str) -> dict[str, Any]:
        """Return what vtysh answers in JSON."""
        answer: dict[str, Any] = json.loads(self.vtysh(f"{question} json"))
        return answer

    def vtysh(self, command: str) -> str:
        """Return what vtysh prints, past netpatrol."""
        return run(*_vtysh(self.folder), "-c", command)


@dataclass(frozen=True)
class Network:
    """The routers, and where the engineer sits."""

    routers: tuple[Router, Router]
    noc: tuple[str, ...]
    user: SnmpUser

    @contextmanager
    def link_down(self) -> Iterator[None]:
        """Take the first router's end of the link down; at the end bring it up and wait for the neighbours."""
        first = self.routers[0]
        run(*first.inside, "ip", "link", "set", "wan0", "down")
        try:
            self._await_interfaces("down")
            yield
        finally:
            run(*first.inside, "ip", "link", "set", "wan0", "up")
            self.await_neighbours()
            self._await_interfaces("up")

    def await_neighbours(self) -> None:
        for router in self.routers:
            eventually(f"{router.name}: BGP is established and OSPF full", lambda r=router: _is_settled(r))

    def _await_interfaces(self, state: str) -> None:
        """Wait until each snmpd, which looks at its interfaces every 3 s, has seen the link as it is."""
        for router in self.routers:
            index = run(*router.inside, "cat", "/sys/class/net/wan0/ifindex").strip()
            ask = (*self.noc, "snmpget", *self.user.options, "-Oqv", router.management, f"{IF_OPER_STATUS}.{index}")
            eventually(f"{router.name}: wan0 is {state}", lambda ask=ask: run(*ask).strip() == OPER_STATUS[state])


def _is_settled(router: Router) -> bool:
    peers = router.ask("show bgp ipv4 unicast summary").get("peers", {}).values()
    neighbours = [n for found in router.ask("show ip ospf neighbor")["neighbors"].values() for n in found]
    states = [peer["state"] for peer in peers] + [neighbour["nbrState"] for neighbour in neighbours]
    return sorted(states) == ["Established", "Full/-"]


@contextmanager
def network(folder: Path, user: SnmpUser) -> Iterator[Network]:
    """Build the network and run it; take all of it away again."""
    tag = secrets.token_hex(2)
    noc = f"np-noc-{tag}"
    first, second = _router(1, folder, tag), _router(2, folder, tag)
    with ExitStack() as stack:
        for namespace in (noc, first.namespace, second.namespace):
            run("ip", "netns", "add", namespace)
            stack.callback(run, "ip", "netns", "delete", namespace)
            run("ip", "-n", namespace, "link", "set", "lo", "up")
        _link((noc, "to-r1", first.noc), (first.namespace, "mgmt0", first.management))
        _link((noc, "to-r2", second.noc), (second.namespace, "mgmt0", second.management))
        _link((first.namespace, "wan0", first.wan), (second.namespace, "wan0", second.wan))
        for router, peer in ((first, second), (second, first)):
            run("ip", "-n", router.namespace, "address", "add", f"{router.loopback}/32", "dev", "lo")
            stack.enter_context(_started(router, peer, user))
        found = Network((first, second), _inside(noc), user)
        found.await_neighbours()
        yield found


def _inside(namespace: str) -> tuple[str, ...]:
    return ("ip", "netns", "exec", namespace)


def _vtysh(folder: Path) -> tuple[str, ...]:
    return (path_of("vtysh"), "--vty_socket", str(folder), "--config_dir", str(folder))


def _router(number: int, parent: Path, tag: str) -> Router:
    """Return router 1 or 2, not running yet."""
    folder = parent / f"r{number}"
    folder.mkdir()
    management = f"192.0.2.{4 * number - 2}"
    return Router(
        name=folder.name,
        folder=folder,
        namespace=f"np-{folder.name}-{tag}",
        autonomous_system=65000 + number,
        management=management,
        wan=f"198.51.100.{number}",
        loopback=f"203.0.113.{number}",
        ssh=sshd(folder / "sshd", management, 22, force=" ".join(_vtysh(folder))),
    )


def _link(*ends: tuple[str, str, str]) -> None:
    """Join two (namespace, interface, address) by a cable."""
    (here, name, _), (there, peer, _) = ends
    run("ip", "link", "add", name, "netns", here, "type", "veth", "peer", "name", peer, "netns", there)
    for namespace, interface, address in ends:
        run("ip", "-n", namespace, "address", "add", f"{address}/30", "dev", interface)
        run("ip", "-n", namespace, "link", "set", interface, "up")


@contextmanager
def _started(router: Router, peer: Router, user: SnmpUser) -> Iterator[None]:
    folder, socket = router.folder, router.folder / "agentx.sock"
    agent = [f"sysName {router.name}", "master agentx", f"agentXSocket unix:{socket}", "agentXPerms 0777 0777"]
    agent.append(f"trapsess {' '.join(user.options)} {router.noc}:{TRAPS}")
    (folder / "frr.conf").write_text(f"agentXSocket unix:{socket}\n")  # the sub-agents' own, read by libnetsnmp
    (folder / "vtysh.conf").write_text(f"hostname {router.name}\n")
    for daemon, lines in _configuration(router, peer).items():
        (folder / f"{daemon}.conf").write_text("\n".join([f"hostname {router.name}", *lines, ""]))
    for path in (folder, *folder.iterdir()):
        if path != router.ssh.folder:
            run("chown", "frr:frr", path)
    with ExitStack() as stack:
        stack.enter_context(snmpd(folder / "snmpd", router.management, 161, [*agent, *user.lines], router.inside))
        for daemon in ("zebra", "ospfd", "bgpd"):
            stack.enter_context(_daemon(router, daemon))
        stack.enter_context(router.ssh.running(router.inside))
        yield


@contextmanager
def _daemon(router: Router, name: str) -> Iterator[None]:
    folder, log = router.folder, router.folder / f"{name}.log"
    log.touch()
    options: list[str | Path] = [
        "-f",
        folder / f"{name}.conf",
        "-i",
        folder / f"{name}.pid",
        "-z",
        folder / "zserv.api",
    ]
    options += ["--vty_socket", folder, "-A", "127.0.0.1", "-P", "0", "-u", "frr", "-g", "frr", "--log", "stdout"]
    snmp = () if name == "zebra" else ("-M", f"{name}_snmp")
    environment = {"SNMPCONFPATH": str(folder), "SNMP_PERSISTENT_DIR": str(folder)}
    with running([*router.inside, path_of(name), *options, *snmp], log, environment) as process:
        if snmp:
            await_log(process, log, "AgentX subagent connected")
        else:
            eventually(f"{router.name}: zebra's socket", (folder / "zserv.api").exists)
        yield


def _configuration(router: Router, peer: Router) -> dict[str, Sequence[str]]:
    """Return each daemon's configuration; its timers are as short as they may be."""
    return {
        "zebra": ["interface wan0", f" description to {peer.name}"],
        "ospfd": [
            "agentx",
            "interface wan0",
            " ip ospf network point-to-point",
            " ip ospf hello-interval 1",
            " ip ospf dead-interval 4",
            "router ospf",
            f" ospf router-id {router.loopback}",
            " network 198.51.100.0/30 area 0",
            f" network {router.loopback}/32 area 0",
        ],
        "bgpd": [
            "agentx",
            f"router bgp {router.autonomous_system}",
            f" bgp router-id {router.loopback}",
            " no bgp ebgp-requires-policy",
            f" neighbor {peer.wan} remote-as {peer.autonomous_system}",
            f" neighbor {peer.wan} timers 1 3",
            f" neighbor {peer.wan} timers connect 1",
            " address-family ipv4 unicast",
            f"  network {router.loopback}/32",
        ],
    }
