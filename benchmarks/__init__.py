"""Ratios of our code against named alternatives: `python -m benchmarks`."""
