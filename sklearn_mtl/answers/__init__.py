"""From logits to probabilities, decisions and labels, with only numpy and scipy."""
