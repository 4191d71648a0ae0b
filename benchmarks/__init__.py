"""Measurements, as ratios taken in one run; what they showed last stands in docs/performance.md."""
