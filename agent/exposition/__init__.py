"""What Prometheus and operators ask of the agent over HTTP."""
