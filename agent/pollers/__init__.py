"""Polling in processes of their own, as one process of Python uses one core."""
