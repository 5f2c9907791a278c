"""Losses of probabilities, logits and margins against labels."""
