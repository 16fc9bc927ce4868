"""Interfaces of a modem: I2S, decimator, host link, report, emulated line."""
