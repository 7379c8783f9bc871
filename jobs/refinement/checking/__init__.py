"""Which rows of bronze may enter silver, and what becomes of the others."""
