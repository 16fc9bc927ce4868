"""Netlists of chip cells, simulated and held against golden."""
