"""Rows, targets, and the weights of cells and terms. Imports no torch."""
