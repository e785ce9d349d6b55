"""From a trained model to its comparison: samples, rungs, tables, each stage kept."""
