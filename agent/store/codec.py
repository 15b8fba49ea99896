"""Turn the frozen dataclasses of both packages into JSON and back, without loss: infinities, NUL, lone surrogates."""

import json
import zlib
from datetime import datetime
from functools import cache
from types import GenericAlias
from typing import Any, TypeVar, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from agent.store.errors import StoreCorrupt

T = TypeVar("T")

_REPLACED = "\N{REPLACEMENT CHARACTER}".encode()  # what pydantic silently makes of a surrogate in a mapping's key
LARGE = 2048  # bytes from which compressing pays


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    # in a tuple, because pydantic takes a config for a plain dataclass only from what holds it
    one_of: Any = GenericAlias(tuple, (kind,))
    return TypeAdapter(one_of, config=ConfigDict(ser_json_inf_nan="constants"))


def to_json(value: Any) -> bytes:
    """Return `value`, a dataclass, as JSON: a list of one."""
    kind: Any = type(value)
    try:
        data: bytes = _adapter(kind).dump_json((value,))
    except PydanticSerializationError:  # a lone surrogate is no UTF-8
        return to_ascii(value).encode()
    return to_ascii(value).encode() if _REPLACED in data else data


def to_ascii(value: Any) -> str:
    """Return `value` as JSON in which everything beyond ASCII, lone surrogates too, is escaped."""
    kind: Any = type(value)
    return json.dumps(_adapter(kind).dump_python((value,)), default=_plain)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else list(cast(frozenset[object], value))


def from_json(kind: type[T], data: bytes) -> T:
    """Return what `to_json` or `to_ascii` was given. Raises StoreCorrupt."""
    wanted: Any = kind
    try:
        return cast(T, _adapter(wanted).validate_json(data)[0])
    except ValidationError:
        try:  # pydantic's parser takes no lone surrogate, the standard library's does
            return cast(T, _adapter(wanted).validate_python(json.loads(data))[0])
        except (ValueError, RecursionError) as error:
            raise StoreCorrupt(f"{kind.__name__} cannot be read back: {str(error).splitlines()[0]}") from error


def pack(value: Any) -> bytes:
    """Return `value` as JSON, compressed if it is large."""
    data = to_json(value)
    return zlib.compress(data, 3) if len(data) >= LARGE else data


def unpack(kind: type[T], data: bytes) -> T:
    """Return what `pack` was given. Raises StoreCorrupt."""
    if data.startswith(b"["):
        return from_json(kind, data)
    try:
        return from_json(kind, zlib.decompress(data))
    except zlib.error as error:
        raise StoreCorrupt(f"{kind.__name__} cannot be read back: {error}") from error
