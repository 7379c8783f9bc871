"""How accepted rows get into the silver tables."""
