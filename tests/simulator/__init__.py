"""Devices to test against and to demonstrate with: they answer real SNMP and SSH on loopback."""
