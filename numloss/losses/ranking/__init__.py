"""Losses of rankings: which of two should come first."""
