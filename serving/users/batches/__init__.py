"""Batches of users' events: their checks, and how they are written together."""
