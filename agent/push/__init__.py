"""Pushes figures to a Prometheus that cannot reach this agent, by remote write."""
