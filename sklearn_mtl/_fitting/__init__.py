"""The steps of a fit: X and y to rows, cells, settings and a training run."""
