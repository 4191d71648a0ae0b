"""One file, one thing that the service does."""
