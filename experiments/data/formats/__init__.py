"""Readers of the formats in which data sets are published; each refuses what it cannot read, and none unpickles."""
