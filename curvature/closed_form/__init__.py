"""Published and exact coefficients of the closed form, and the channel mixings that they are computed from."""
