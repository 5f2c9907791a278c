"""Losses of segmentation: overlap of regions."""
