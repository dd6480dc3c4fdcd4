"""Benchmarks: one runner, and a file for each case in ``cases/``."""
