"""How many numbers a discretised logistic mixture takes for every pixel. This module does not import torch."""


def parameters_per_pixel(channels: int, components: int) -> int:
    """Count the weight, means, scales and slopes of every component, for pixels of that many channels.

    >>> parameters_per_pixel(3, 10)
    100
    """
    return components * (1 + 2 * channels + slope_count(channels))


def slope_count(channels: int) -> int:
    """Count the pairs of channels: the mean of the later one is shifted by a multiple of the earlier one."""
    return channels * (channels - 1) // 2
