"""What the forms of inventory.yaml are made of: strictness, short forms of a value, and titles in two languages."""

from typing import Annotated

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from collectors.yamlform import Strict


class Or:
    """Adds a short form to a mapping's JSON Schema."""

    def __init__(self, short: JsonSchemaValue) -> None:
        self.short = short

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(core), self.short]}


def _both_languages(value: object) -> object:
    return {"zh": value, "en": value} if isinstance(value, str) else value


class TitleForm(Strict):
    zh: str = Field(description="中文名 / In Chinese", examples=["某某局"])
    en: str = Field(description="英文名 / In English", examples=["Acme"])


Title = Annotated[TitleForm, BeforeValidator(_both_languages), Or({"type": "string"})]
