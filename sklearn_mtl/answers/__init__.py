"""From logits to probabilities, decisions and labels, with numpy and scipy alone."""
