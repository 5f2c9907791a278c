"""Losses of images: structure and detail."""
