"""Malformed and hostile SNMP messages: answers through the whole receiving side of the own engine, and traps."""
