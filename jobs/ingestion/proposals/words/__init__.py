"""Words in the names of columns and files, and what they stand for."""
