"""The losses: a folder per task, a file per loss."""
