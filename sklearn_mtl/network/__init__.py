"""Batches, input layers, and what networks are built from."""
