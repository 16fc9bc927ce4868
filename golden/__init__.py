"""What every bit must be: the NumPy model of the V.90 modem, written from the Recommendation."""

#: The project's version: of the wheel, of `v90 --version`, and in a manifest of vectors.
__version__ = "0.2.0"
