"""Every data set by its name, found by its file in `experiments.data.sets`. No torch here."""

from curvature.discovery import discover
from experiments.data.data_set import DataSet

_FOUND: list[DataSet] = discover("experiments.data.sets", "DATA_SET")
# The embedded ones first: they are there for everyone.
DATA_SETS = {each.description.name: each for each in sorted(_FOUND, key=lambda each: not each.description.is_embedded)}

DESCRIPTIONS = {name: each.description for name, each in DATA_SETS.items()}
SOURCES = {name: each.source for name, each in DATA_SETS.items() if each.source is not None}
REAL_SETS = tuple(name for name, description in DESCRIPTIONS.items() if not description.is_embedded)
EMBEDDED = tuple(name for name, description in DESCRIPTIONS.items() if description.is_embedded)
OF_ANY_SIZE = tuple(name for name, description in DESCRIPTIONS.items() if description.any_size)
