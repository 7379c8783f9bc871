"""Words and numbers of the pages: decades, kinds of events, reasons and stars."""
