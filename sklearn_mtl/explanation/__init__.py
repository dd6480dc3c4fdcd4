"""What each word adds to the answers for a text; without torch."""
