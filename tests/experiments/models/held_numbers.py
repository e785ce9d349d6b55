"""How many numbers the gradient of one event's training objective keeps, counted by autograd itself."""

import torch


def numbers_held(model):
    """Numbers saved for the backward pass, the weights left out."""
    kept = {}

    def keep(saved):
        kept[saved.data_ptr()] = saved.numel()
        return saved

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda saved: saved):
        model.training_objective(torch.rand(1, *model.event_shape), torch.zeros(1, model.objective_noise))
    weights = {parameter.data_ptr() for parameter in model.parameters()}
    return sum(count for place, count in kept.items() if place not in weights)
