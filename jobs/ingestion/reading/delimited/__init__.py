"""Read csv and other separated text."""
