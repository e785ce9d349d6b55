"""Studies of a trained model: they draw samples, evaluate rungs and write tables, and keep every finished stage."""
