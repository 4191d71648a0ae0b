"""Measurements, as ratios of what was taken in turn in one run: `make bench` writes docs/performance.md from them."""
