"""Ranked lists in pure numpy: selection, similarity and metrics, for training and for serving.

Imports nothing else of Lantern, so the engine and the API compute the same numbers.
"""
