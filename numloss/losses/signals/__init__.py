"""Losses of signals: sound and speech."""
