"""Everything that touches a device, and what the device said. Decides nothing: that is `agent`'s."""
