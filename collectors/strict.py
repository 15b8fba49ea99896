"""What the forms of files have in common: they are immutable, and refuse what they do not know."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A form of a file, or a part of one."""

    model_config = ConfigDict(extra="forbid", frozen=True)
