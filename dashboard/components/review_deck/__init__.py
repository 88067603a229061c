"""The ReviewDeck."""
