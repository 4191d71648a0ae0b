"""Asking a running service at a chosen rate, and measuring how it answers: `liancheng bench`, and the benchmarks."""
