"""Sweeps: train and compare for every train set, model and seed, on worker processes or a cluster."""
