"""Label tables, their cells, and splits by labels. Imports no torch."""
