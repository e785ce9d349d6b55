"""What input sets may use of a studied model: the model in double precision, and its training mean."""

import copy
from functools import cache, partial

import torch
from torch import nn

from analysis.event_setting import EventSetting
from experiments.study.samples import training_mean
from experiments.study.trained_model import StudiedModel


def event_setting(trained: StudiedModel, seed: int) -> EventSetting:
    """Make the setting of a model; the training mean is computed when it is first asked for, with this seed's noise."""
    model = trained.model
    if isinstance(model, nn.Module):
        model = copy.deepcopy(model).to(torch.float64)
    return EventSetting(model, cache(partial(training_mean, trained.train_images, seed, trained.representation)))
