"""Predicted against measured: likelihoods, input sets, comparisons and their tables."""
