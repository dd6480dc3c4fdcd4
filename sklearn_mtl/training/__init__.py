"""Training: from rows, cells and settings to a trained net."""
