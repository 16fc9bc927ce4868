"""Interfaces of a board: PCM highway, I2S, UART, host link, report, emulated line."""
