"""The Hessian of log p at a point: one file for each way to compute it."""
