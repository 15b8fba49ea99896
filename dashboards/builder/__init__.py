"""Makes Grafana's dashboard JSON, in Chinese and English, from the tables of panels in ../source."""
