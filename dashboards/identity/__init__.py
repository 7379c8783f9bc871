"""Who uses the app: a browser is known by a signed cookie, and has a user of its own.

`signing` makes and reads the cookie and derives the user's id from it, `browsers` is the app's
memory of browsers, and `visitors` is what pages call.
"""
