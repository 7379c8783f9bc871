"""Texts of files as values: numbers, times, truth values, lists."""
