"""The commands of `v90`, a file each, and the demonstration."""
