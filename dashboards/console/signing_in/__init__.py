"""Operators' sign-in: the form, its back-off, and what was typed before it."""
