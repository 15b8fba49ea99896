"""Symbols of a profile, for the tests of values and labels."""

from typing import Any

from collectors.profiles.rules import Symbol


def symbol(**fields: Any) -> Symbol:
    return Symbol(**({"OID": "1.3.6.1.9.1", "name": "it"} | fields))


def temperature(**fields: Any) -> Symbol:
    return symbol(sample="device_temperature_celsius", **fields)
