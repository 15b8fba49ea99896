"""The form of inventory.yaml: which keys it has, what each is for, and its right form (the first example).

The forms say shapes only; unset keys are None, so that what a device does not say is taken from its credentials, its
groups and the defaults. What several keys must be together is checked in inventory_access.py and inventory_links.py.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from agent.inventory_contracts import ContractForm, CustomerForm, SiteForm
from agent.inventory_form import Or
from agent.inventory_push import URL, PushForm
from agent.inventory_scalars import (
    Address,
    Bool,
    Bound,
    Day,
    Interval,
    Name,
    Pattern,
    Reference,
    SnmpUser,
    SoftwareVersion,
    Timeout,
    Timezone,
    Tls,
    UpsName,
    User,
)
from agent.inventory_traps import TrapsForm
from collectors.model import AuthProtocol, DeviceClass, PrivProtocol, SnmpEngine
from collectors.yamlform import Strict


def _switch(value: object) -> object:
    return {"enabled": value} if value in ("true", "false", True, False) else value


def _off(value: object) -> object:
    return None if value == "false" else value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class AuthForm(Strict):
    protocol: AuthProtocol = Field(description="认证算法 / RFC 3414, RFC 7860", examples=["sha256"])
    key: Reference = Field(description="认证口令，至少 8 个字符 / At least 8 characters", examples=["env:NP_AUTH"])


class PrivForm(Strict):
    protocol: PrivProtocol = Field(
        description="加密算法；aes192c、aes256c 为思科密钥算法 / RFC 3414, RFC 3826; aes192c and aes256c: Cisco's keys",
        examples=["aes128"],
    )
    key: Reference = Field(
        description="加密口令，至少 8 个字符 / At least 8 characters", examples=["file:/run/secrets/priv"]
    )


Version = Annotated[Literal["1", "2c", "3"], WithJsonSchema({"enum": ["1", "2c", "3", 1, 3]})]  # typed 3 is a number


class SnmpForm(Strict):
    """SNMP access."""

    version: Version | None = Field(None, description="协议版本，缺省 2c / Default 2c", examples=["3"])
    port: int | None = Field(None, ge=1, le=65535, description="UDP 端口，缺省 161 / Default 161", examples=[1161])
    community: Reference | None = Field(
        None, description="团体字，用于 1 与 2c / Versions 1 and 2c", examples=["env:NP_COMMUNITY"]
    )
    user: SnmpUser | None = Field(None, description="用户名，用于 3 / Version 3", examples=["ops"])
    auth: AuthForm | None = Field(
        None, description="认证，用于 3 / Version 3", examples=[{"protocol": "sha256", "key": "env:NP_AUTH"}]
    )
    priv: PrivForm | None = Field(
        None,
        description="加密，用于 3，须有认证 / Version 3, with auth",
        examples=[{"protocol": "aes128", "key": "env:NP_PRIV"}],
    )
    context: str | None = Field(None, description="上下文，用于 3 / Version 3", examples=["vlan-10"])
    timeout: Timeout | None = Field(None, description="单次请求超时，缺省 3s / A request; default 3s", examples=["5s"])
    retries: int | None = Field(None, ge=0, le=10, description="重试次数，缺省 1 / Default 1", examples=[2])
    max_repetitions: int | None = Field(
        None, ge=1, le=255, description="GETBULK 行数，缺省 20 / GETBULK rows; default 20", examples=[10]
    )
    engine: SnmpEngine | None = Field(
        None, description="报文引擎，缺省 own（自带） / Who makes the messages; default own", examples=["pysnmp"]
    )


class SshForm(Strict):
    """SSH access."""

    username: User | None = Field(None, description="用户名 / Login", examples=["ops"])
    password: Reference | None = Field(
        None, description="口令；与 key_file 至少一项 / This or key_file", examples=["env:NP_SSH"]
    )
    key_file: str | None = Field(
        None, min_length=1, description="私钥文件 / Private key; relative to this file", examples=["keys/ops_ed25519"]
    )
    port: int | None = Field(None, ge=1, le=65535, description="TCP 端口，缺省 22 / Default 22", examples=[2222])
    known_hosts: str | None = Field(
        None,
        min_length=1,
        description="可信主机密钥，缺省为本文件旁的 known_hosts / Trusted keys; default: known_hosts beside this file",
        examples=["known_hosts"],
    )
    connect_timeout: Timeout | None = Field(
        None, description="连接超时，缺省 10s / TCP and banner; default 10s", examples=["10s"]
    )
    login_timeout: Timeout | None = Field(
        None, description="登录超时，缺省 15s / Login to the prompt; default 15s", examples=["15s"]
    )
    command_timeout: Timeout | None = Field(
        None, description="单条命令超时，缺省 30s / A command; default 30s", examples=["60s"]
    )
    keep_open: bool | None = Field(
        None, description="轮询间保持登录，占一条 VTY / Stay logged in between polls; takes a VTY", examples=[True]
    )


class NutForm(Strict):
    """Access to a UPS through Network UPS Tools (upsd)."""

    ups: UpsName | None = Field(
        None,
        description="ups.conf 中的名称；只有一台时可省 / Its name in ups.conf, if there are several",
        examples=["eaton"],
    )
    port: int | None = Field(None, ge=1, le=65535, description="TCP 端口，缺省 3493 / Default 3493", examples=[13493])
    username: User | None = Field(None, description="用户名，多数只读无需 / Login; most need none", examples=["ops"])
    password: Reference | None = Field(None, description="口令，须有用户名 / With username", examples=["env:NP_NUT"])
    tls: Tls | None = Field(
        None,
        description="加密，缺省 false；unverified 为不验证书 / STARTTLS; default false; unverified: any certificate",
        examples=[True],
    )
    ca_file: str | None = Field(
        None,
        min_length=1,
        description="可信证书，缺省为系统所信 / Trusted certificates; default: the system's",
        examples=["keys/upsd.pem"],
    )
    timeout: Timeout | None = Field(
        None, description="全程时限，缺省 10s / For all of it; default 10s", examples=["5s"]
    )


Snmp = Annotated[SnmpForm | None, BeforeValidator(_off), Or({"const": False})]
Ssh = Annotated[SshForm | None, BeforeValidator(_off), Or({"const": False})]
Nut = Annotated[NutForm | None, BeforeValidator(_off), Or({"const": False})]
_SNMP_EXAMPLE: list[Any] = [{"version": "2c", "community": "env:NP_COMMUNITY"}]
_SSH_EXAMPLE: list[Any] = [{"username": "ops", "password": "env:NP_SSH"}]
_NUT_EXAMPLE: list[Any] = [{"ups": "eaton"}]


class LimitForm(Strict):
    """The customer's own limits for a check, in the sample's base unit."""

    warning: Bound | None = Field(None, description="警告 / Warning: 0.8, 80%, 30m", examples=["80%"])
    critical: Bound | None = Field(None, description="严重 / Critical", examples=["90%"])


class Shared(Strict):
    """What defaults, groups and devices may all say."""

    interval: Interval | None = Field(None, description="采集周期，缺省 60s / Default 60s", examples=["60s"])
    snmp: Snmp = Field(None, description="SNMP 访问；false 为不用 / Access; false: none", examples=_SNMP_EXAMPLE)
    ssh: Ssh = Field(None, description="SSH 访问；false 为不用 / Access; false: none", examples=_SSH_EXAMPLE)
    nut: Nut = Field(
        None,
        description="经 NUT（upsd）访问 UPS；false 为不用 / A UPS through upsd; false: none",
        examples=_NUT_EXAMPLE,
    )
    icmp: Bool | None = Field(None, description="是否 ping，缺省 true / Ping it; default true", examples=[True])
    probe_ports: Bool | None = Field(
        None,
        description="巡检时探测明文端口与加密算法，缺省 true / Look at open ports, TLS and SSH; default true",
        examples=[False],
    )
    limits: dict[Name, LimitForm] | None = Field(
        None,
        description="客户门限，按检查项 / The customer's limits by check",
        examples=[{"cpu": {"warning": "80%", "critical": "90%"}}],
    )


class ConfigBackupForm(Strict):
    """How inspections back up configurations."""

    enabled: Bool | None = Field(None, description="是否备份，缺省 true / Default true", examples=[True])
    key: Reference | None = Field(
        None,
        description="有此密钥才加密保存未脱敏的原文 / With it unmasked texts are kept too, encrypted",
        examples=["env:NP_CONFIG_KEY"],
    )


ConfigBackup = Annotated[ConfigBackupForm, BeforeValidator(_switch), Or({"type": "boolean"})]


Folder = Annotated[str, Field(min_length=1)]
Folders = Annotated[list[Folder], Field(min_length=1), BeforeValidator(_listed), Or({"type": "string"})]


class DefaultsForm(Shared):
    """What holds unless a group, a credential or a device says otherwise."""

    config_backup: ConfigBackup | None = Field(
        None,
        description="巡检时备份配置；false 为不备份 / Back up configurations in inspections; false: not",
        examples=[{"key": "env:NP_CONFIG_KEY"}],
    )

    timezone: Timezone | None = Field(
        None, description="时区，缺省 Asia/Shanghai / Default Asia/Shanghai", examples=["Asia/Shanghai"]
    )
    language: Literal["zh", "en"] | None = Field(
        None, description="界面与报告语言 / Of texts and reports", examples=["zh"]
    )
    profiles_dir: Folders | None = Field(
        None,
        description="社区采集模板目录（Datadog、Netdata、Kentik） / Folders of community profiles",
        examples=["profiles"],
    )


class CredentialForm(Strict):
    """One way in, or several."""

    snmp: SnmpForm | None = Field(None, description="SNMP 访问 / SNMP access", examples=_SNMP_EXAMPLE)
    ssh: SshForm | None = Field(None, description="SSH 访问 / SSH access", examples=_SSH_EXAMPLE)
    nut: NutForm | None = Field(None, description="经 NUT（upsd）访问 / Access through upsd", examples=_NUT_EXAMPLE)


class GroupForm(Shared):
    """What several devices have in common."""

    config_backup: Bool | None = Field(
        None, description="巡检时备份配置，缺省 true / Back it up in inspections; default true", examples=[False]
    )

    class_: DeviceClass | None = Field(
        None, alias="class", description="设备类别 / Class of device", examples=["switch"]
    )
    site: Name | None = Field(None, description="站点 / One of sites", examples=["acme-hq"])
    profile: Name | None = Field(
        None, description="采集模板，缺省自动识别 / Default: recognised", examples=["huawei_vrp"]
    )
    credentials: list[Name] | None = Field(
        None, description="凭据，每种协议一个 / Of credentials, one a protocol", examples=[["ops-v3", "ops-ssh"]]
    )
    criticality: Literal["core", "aggregation", "access"] | None = Field(
        None, description="层级，缺省 access / Default access", examples=["core"]
    )
    tags: list[str] | None = Field(None, description="标签，逐级累加 / Labels; they add up", examples=[["floor-2"]])
    uplinks: list[str] | None = Field(
        None, description="上联端口（ifName 或 ifDescr） / Ports whose loss is critical", examples=[["GE0/0/1"]]
    )
    ignore_interfaces: list[str] | None = Field(
        None, description="不判断的端口 / Ports never judged", examples=[["Vlanif1"]]
    )
    installed: Day | None = Field(None, description="安装日期 / Day of installation", examples=["2024-03-01"])
    warranty: Day | None = Field(None, description="质保最后一天 / Last day of the warranty", examples=["2027-01-31"])


class DeviceForm(GroupForm):
    """One device."""

    name: Name = Field(description="设备名，唯一 / Unique name", examples=["core-1"])
    address: Address | None = Field(
        None, description="IPv4、IPv6 或主机名 / IPv4, IPv6 or host name", examples=["10.0.0.1"]
    )
    local: Bool | None = Field(None, description="即本机，不经网络 / This machine, without network", examples=[True])
    parent: Name | None = Field(None, description="上联设备 / The device it is reached through", examples=["core-1"])
    battery_installed: Day | None = Field(
        None,
        description="UPS 电池安装日期，UPS 自报的优先 / Of a UPS's battery, if it does not tell",
        examples=["2024-03-01"],
    )
    group: Name | None = Field(None, description="所属组 / One of groups", examples=["access-switches"])
    groups: list[Name] | None = Field(
        None, description="所属多组，后者优先 / Several groups; a later one goes first", examples=[["access-switches"]]
    )


class BaselineForm(Strict):
    """Which software some models should run."""

    model: Pattern = Field(
        description="厂商与型号的正则，先写的优先 / Regular expression of vendor and model; the first that fits counts",
        examples=["Huawei S57"],
    )
    version: SoftwareVersion = Field(
        description="推荐版本，低于它为警告 / Recommended; older is a warning", examples=["V200R022C00SPC500"]
    )
    minimum: SoftwareVersion | None = Field(
        None,
        description="最低版本，低于它为严重（停止支持、严重缺陷） / Older is critical: no support, bad defects",
        examples=["V200R019C10"],
    )
    safe: SoftwareVersion | None = Field(
        None, description="修复已知漏洞的版本 / First without known holes", examples=["V200R021C00SPC600"]
    )
    advisory: str | None = Field(None, description="漏洞公告编号 / Advisory of the holes", examples=["CVE-2024-0001"])


class File(Strict):
    """inventory.yaml: what netpatrol inspects. 巡检对象清单。"""

    defaults: DefaultsForm | None = Field(
        None, description="缺省值 / Defaults", examples=[{"timezone": "Asia/Shanghai", "interval": "60s"}]
    )
    credentials: dict[Name, CredentialForm] | None = Field(
        None, description="凭据，只写引用 / Ways in, by reference", examples=[{"v2c": {"snmp": _SNMP_EXAMPLE[0]}}]
    )
    customers: list[CustomerForm] | None = Field(
        None, description="客户 / Customers", examples=[[{"name": "acme", "title": {"zh": "某某局", "en": "Acme"}}]]
    )
    contracts: list[ContractForm] | None = Field(
        None, description="维保合同 / Service contracts", examples=[[{"name": "acme-2026", "calendar": "7x24"}]]
    )
    sites: list[SiteForm] | None = Field(
        None, description="站点 / Sites", examples=[[{"name": "acme-hq", "customer": "acme", "contract": "acme-2026"}]]
    )
    groups: dict[Name, GroupForm] | None = Field(
        None, description="设备组 / Bundles of device keys", examples=[{"access-switches": {"class": "switch"}}]
    )
    baselines: list[BaselineForm] | None = Field(
        None,
        description="软件版本基线 / Which software should run",
        examples=[[{"model": "Huawei S57", "version": "V200R022C00SPC500"}]],
    )
    push: PushForm | None = Field(
        None,
        description="推送指标，用于 Prometheus 无法访问的站点 / Push figures where Prometheus cannot reach us",
        examples=[{"url": URL}],
    )
    traps: TrapsForm | None = Field(
        None,
        description="接收 Trap 与 Inform（netpatrol run），缺省不接收 / Hear traps and informs; default: not",
        examples=[{"listen": "0.0.0.0:1162"}],
    )
    devices: list[DeviceForm] = Field(
        description="设备 / Devices", examples=[[{"name": "core-1", "address": "10.0.0.1", "class": "switch"}]]
    )
