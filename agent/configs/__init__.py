"""Devices' configurations: kept without their secrets in a git repository a site, and compared."""
