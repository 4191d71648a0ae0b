"""The rules of the list in plain Python, written without the service's own, to hold the service against.

A listing is a dictionary as ``GET /v1/listings`` answers it, but for what depends on the day asked for; its persons
carry their number. Days are ISO texts, which sort as days do.
"""
