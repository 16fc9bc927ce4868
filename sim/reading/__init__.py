"""Recordings of a downstream, read without being told anything."""
