"""What claims are tested on: toy flows, covariances and points as small readable numbers, drawn by Hypothesis."""
