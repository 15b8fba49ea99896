"""Draws a dashboard as HTML from its JSON and a Prometheus, where there is no Grafana: for pictures in documents."""
