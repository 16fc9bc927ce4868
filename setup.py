"""Which packages there are; all else about the project is in pyproject.toml."""

from setuptools import find_packages, setup

# Patterns, so that a new package needs no line here. The example parameters lie outside of the
# trees, and are a package of `sim` once installed.
setup(packages=[*find_packages(include=["golden*", "hdl*", "sim*", "boards*"]), "sim.examples"])
