"""The simulated world: networks, loops, codecs, named lines, WAV files."""
