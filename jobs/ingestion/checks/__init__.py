"""Checks of rows, shared by `check` and `refine`."""
