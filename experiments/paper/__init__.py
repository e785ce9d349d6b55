"""What belongs to the paper: its pairs of data sets, presets, reference models and results."""
