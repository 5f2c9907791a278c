"""Losses of a real prediction against a real target."""
