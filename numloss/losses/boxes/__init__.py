"""Losses of boxes: how far one rectangle is from another."""
