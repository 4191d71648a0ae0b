"""Tests mirror the tree of the application."""
