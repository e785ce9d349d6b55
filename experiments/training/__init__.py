"""Training by maximum likelihood: reproducible step by step, and resumable at any of them."""
