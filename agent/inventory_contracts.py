"""The forms of customers, their sites and their contracts in inventory.yaml."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from agent.inventory_form import Or, Title
from agent.inventory_scalars import Day, Hours, Name, Target, Timezone, Weekdays
from collectors.yamlform import Strict

CALENDARS = {
    "7x24": {"weekdays": "mon-sun", "hours": "00:00-24:00"},
    "5x8": {"weekdays": "mon-fri", "hours": "09:00-17:00"},
}


def _calendar(value: object) -> object:
    if not isinstance(value, str):
        return value
    if (short := value.replace("×", "x")) not in CALENDARS:
        raise ValueError(f"is none of {', '.join(CALENDARS)}, nor a mapping of weekdays and hours")
    return CALENDARS[short]


class CustomerForm(Strict):
    name: Name = Field(description="客户代号，唯一 / Unique name", examples=["acme"])
    title: Title | None = Field(None, description="全称 / Full name", examples=[{"zh": "某某局", "en": "Acme"}])


class SiteForm(Strict):
    name: Name = Field(description="站点代号，唯一 / Unique name", examples=["acme-hq"])
    title: Title | None = Field(None, description="全称 / Full name", examples=[{"zh": "总部", "en": "Headquarters"}])
    customer: Name = Field(description="客户 / One of customers", examples=["acme"])
    contract: Name | None = Field(None, description="合同 / One of contracts", examples=["acme-2026"])


class CalendarForm(Strict):
    """When the contract's clocks run."""

    timezone: Timezone | None = Field(
        None, description="时区，缺省同 defaults / Default: defaults'", examples=["Asia/Shanghai"]
    )
    weekdays: Weekdays = Field(description="服务日 / Days of service", examples=["mon-fri"])
    hours: Hours = Field(description="服务时间 / Hours of service", examples=["08:30-17:30"])
    holidays: tuple[Day, ...] = Field(
        (), description="不服务的日期：法定节假日 / Days without service: public holidays", examples=[["2026-10-01"]]
    )
    workdays: tuple[Day, ...] = Field(
        (),
        description="另加的服务日：调休上班的周末 / Further days of service: weekends worked in exchange for holidays",
        examples=[["2026-10-10"]],
    )


class TargetsForm(Strict):
    """One fault level's promises, in service time of the calendar."""

    response: Target | None = Field(None, description="响应时限 / Response", examples=["15m"])
    on_site: Target | None = Field(None, description="到场时限 / On site", examples=["1h"])
    fix: Target | None = Field(None, description="修复时限 / Fixed", examples=["4h"])


class ContractForm(Strict):
    name: Name = Field(description="合同代号，唯一 / Unique name", examples=["acme-2026"])
    title: Title | None = Field(
        None, description="全称 / Full name", examples=[{"zh": "2026 年维保", "en": "Maintenance 2026"}]
    )
    customer: Name | None = Field(None, description="客户 / One of customers", examples=["acme"])
    starts: Day | None = Field(None, description="开始日 / First day", examples=["2026-01-01"])
    ends: Day | None = Field(None, description="结束日 / Last day", examples=["2026-12-31"])
    calendar: Annotated[
        CalendarForm | None, BeforeValidator(_calendar), Or({"enum": ["7x24", "7×24", "5x8", "5×8"]})
    ] = Field(
        None,
        description="服务日历，缺省 7x24；5x8 为周一至周五 09:00-17:00 / Default 7x24; 5x8 is mon-fri 09:00-17:00",
        examples=["7x24"],
    )
    levels: dict[Literal["1", "2", "3", "4"], TargetsForm] | None = Field(
        None,
        description="各级故障的时限，1 最重 / Targets by fault level, 1 the worst",
        examples=[{"1": {"response": "15m", "on_site": "1h", "fix": "4h"}}],
    )
