"""A strategy of each family as a user writes it: a file each, public names alone."""
