"""Helpers for texts, rows, state, warnings and printed tables."""
