"""Boards: platforms, thin tops, and what builds them into bitstreams."""
