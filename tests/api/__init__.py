"""Tests through the real routes."""
