"""Traps and informs: which device they are from, what is polled at once, and what becomes a finding."""
