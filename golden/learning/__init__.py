"""Learning from DIL (9.3.2/V.90): levels to constellations, and the proposal in CP."""
