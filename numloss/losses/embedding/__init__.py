"""Losses of embeddings: distances of pairs."""
