"""The client: pure parts by hand, the whole against a server that misbehaves, and against the real service."""
