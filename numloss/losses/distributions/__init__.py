"""Losses of distributions that are known by samples: how far two clouds of points are from each other."""
