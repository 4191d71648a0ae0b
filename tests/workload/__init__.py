"""The load generator measures what is there."""
