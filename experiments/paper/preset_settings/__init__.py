"""One file for each preset, with a `PRESET`; see `experiments.paper.presets`."""
