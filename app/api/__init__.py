"""The HTTP edge: parse, authorise, one call, return."""
