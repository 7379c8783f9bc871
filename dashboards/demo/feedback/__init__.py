"""What visitors do on the pages: the callbacks of widgets, and how events are sent and undone."""
