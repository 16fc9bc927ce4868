"""What every bit must be: the NumPy model of the V.90 modem, written from the Recommendation."""
