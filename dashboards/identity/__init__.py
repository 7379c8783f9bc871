"""Who uses the app: a signed cookie identifies a browser, and each browser has a user of its own.

`signing` creates and reads the cookie and derives the user's id from it. `browsers` remembers
browsers while the app runs. Pages call `visitors`.
"""
