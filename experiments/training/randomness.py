"""The random numbers of training, each a function of nothing but the seed and a step or epoch.

A generator that runs on from step to step would have to be saved, restored and kept equal between processes. Here the
noise of a step comes from a generator seeded by (seed, "noise", step), the order of an epoch from one seeded by
(seed, "order", epoch), and so on for the other streams. A resumed run, or one that shares a batch between processes,
draws the same numbers without being told any state. The three are mixed by NumPy's SeedSequence, `seed` as its entropy
and (stream, index) as its spawn key, whose output is specified to stay the same in every version and machine. Orders
are always drawn on the CPU; noise is drawn on the device of the images, so it differs between kinds of device, not
between runs on one kind.
"""

from typing import Literal

import numpy as np
import torch

Stream = Literal["order", "noise", "initialisation", "objective"]
STREAMS: dict[Stream, int] = {"order": 0, "noise": 1, "initialisation": 2, "objective": 3}


def seeded_generator(seed: int, stream: Stream, index: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Make the generator of one epoch's order or of one step's noise.

    Parameters
    ----------
    seed
        The run's seed, at least 0.
    stream
        What the numbers are for.
    index
        The epoch (order) or step (noise of the pixels or of the objective), counted from 0; 0 for the initialisation.
    device
        Where the numbers are drawn.
    """
    sequence = np.random.SeedSequence(entropy=seed, spawn_key=(STREAMS[stream], index))
    return torch.Generator(device=device).manual_seed(int(sequence.generate_state(1, np.uint64)[0]))
