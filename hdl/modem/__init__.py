"""Blocks assembled into modems: a bank on a highway, a client, a self-test."""
