"""pysnmp's engines, made quickly: each reads and compiles the same thirty MIB modules, which are kept here instead."""

from functools import cache
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any

from pysnmp.entity.engine import SnmpEngine
from pysnmp.proto.api import v2c
from pysnmp.smi import builder

_read = builder.DirMibSource.read


@cache
def _found(folder: str, name: str) -> Any:
    return _read(builder.DirMibSource(folder).init(), name)


@cache
def _compiled(path: str) -> CodeType:
    return compile(Path(path).read_bytes(), path, "exec")


def _run_path(path: str, init_globals: dict[str, Any]) -> None:
    exec(_compiled(path), {"__name__": "<run_path>", "__file__": path, **init_globals})  # noqa: S102 - as runpy does


builder.DirMibSource.read = lambda source, name: _found(source.full_path(), name)
builder.runpy = SimpleNamespace(run_path=_run_path)


def engine_of(engine_id: bytes) -> SnmpEngine:
    """Return an engine with this ID, which given to SnmpEngine would be kept in a file under /tmp."""
    engine = SnmpEngine()
    (own,) = engine.get_mib_builder().import_symbols("__SNMP-FRAMEWORK-MIB", "snmpEngineID")
    own.syntax = engine.snmpEngineID = own.syntax.clone(v2c.OctetString(engine_id))
    return engine
