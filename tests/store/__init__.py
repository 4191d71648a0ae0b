"""Tests of what only the database can show."""
