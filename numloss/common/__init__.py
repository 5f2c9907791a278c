"""What every room may use: files written whole or not at all, tables for people, libraries that may be missing."""
