"""Malformed and hostile SNMP messages, through the whole receiving side of the own engine."""
