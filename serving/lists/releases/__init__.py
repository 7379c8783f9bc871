"""Releases in memory: one release with its items and factors, how it is read, the cache."""
