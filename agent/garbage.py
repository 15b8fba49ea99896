"""How seldom Python looks for garbage in circles: figures are many objects, and few of them garbage."""

GARBAGE = (50_000, 20, 100)
"""Objects made before Python looks (gc.set_threshold). With the defaults a quarter of the daemon's CPU goes into it."""
