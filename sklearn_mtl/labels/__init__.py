"""Label tables, their cells, and splits by labels. Does not import torch."""
