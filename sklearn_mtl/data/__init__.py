"""Rows, targets, and weights of cells and features. Does not import torch."""
