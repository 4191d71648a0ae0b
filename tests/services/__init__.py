"""Tests of services on a real database."""
