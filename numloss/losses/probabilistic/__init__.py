"""Negative log-likelihoods of predicted distributions."""
