"""Bodies and answers of the routes that only operators may ask."""
