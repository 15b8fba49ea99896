"""What a device's configuration is made of: what of it is secret, what changes by itself, what it says of security.

One YAML file a family (a syntax): `vrp.yaml`, `ios.yaml` …; what all have in common is in `_generic.yaml`.
"""

from collectors.configs.loading import load, names
from collectors.configs.rules import Syntax

__all__ = ["Syntax", "load", "names"]
