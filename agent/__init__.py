"""Everything that decides about a device: which are due, what is wrong, whom to tell."""
