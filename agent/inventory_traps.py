"""What inventory.yaml says of traps: its form, and what follows from it."""

from pydantic import Field

from agent.inventory_scalars import Address, Endpoint
from agent.traps.settings import Traps
from collectors.yamlform import Strict


class TrapsForm(Strict):
    """Where traps and informs are heard."""

    listen: Endpoint = Field(
        description="监听地址与端口；低于 1024 的端口需要权限 / Address and port; below 1024 needs a privilege",
        examples=["0.0.0.0:1162"],
    )
    relays: list[Address] | None = Field(
        None,
        description="转发他机 v1、v2c Trap 的主机 / Hosts that forward other devices' v1 and v2c traps",
        examples=[["10.0.0.9"]],
    )


def heard(form: TrapsForm | None, whole: bool) -> Traps | None:
    """Return where traps are heard; None for a form that is wrong."""
    if form is None or not whole:
        return None
    return Traps(host=form.listen[0], port=form.listen[1], relays=tuple(form.relays or ()))
