"""Image flows whose couplings are zero, for the closed forms of linear flows."""

from tests.curvature.flows import ImageFlow, random_image_flow


def linear_flow(event_shape: tuple[int, int, int], levels: int, steps: int = 2, seed: int = 0) -> ImageFlow:
    """A flow with couplings at zero, and random kernels and scales."""
    model = random_image_flow(event_shape, levels, steps, width=4, prior_scale=1.7, seed=seed)
    for level in model.levels:
        for step in level:
            step.network[-1].weight.zero_()
            step.network[-1].bias.zero_()
    return model
