"""Data sets, models, training, runs and the command line."""
