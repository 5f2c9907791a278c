"""Losses of several tasks."""
