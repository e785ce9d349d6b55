"""One file for each extractor of features; its name is the file's, and its `build` makes the module.

``build(image_shape, seed)`` returns a module whose ``forward`` maps images ``[B, C, H, W]`` on the scale [0, 1] to
features ``[B, *features]``, and whose ``fit(x)`` prepares it with training images.
"""
