"""Calls: files through modems, networks and lines, golden or gateware."""
