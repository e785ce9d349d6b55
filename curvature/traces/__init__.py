"""Traces of H with a covariance: exact routes, and estimates with a standard error."""
