"""What the adapters of boosted trees share."""
