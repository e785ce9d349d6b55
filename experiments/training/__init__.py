"""Training a flow by maximum likelihood."""
