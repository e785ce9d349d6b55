"""The paper's gaps, measured and predicted from the reference models: what `results/` holds."""
