"""Frequency bands of a gap as tidy rows, and from rows again (docs/theory.md, section "Spatial frequencies")."""

from collections.abc import Mapping
from dataclasses import fields

import pandas as pd
import torch

from curvature.frequencies import FrequencyBands

_COLUMNS = tuple(field.name for field in fields(FrequencyBands) if field.name != "dim")


def frequency_frame(bands: Mapping[str, FrequencyBands]) -> pd.DataFrame:
    """Make one row for each input set and band; frequency in cycles per pixel, parts of the gap in nats."""
    tables = [
        pd.DataFrame({name: getattr(each, name).numpy(force=True) for name in _COLUMNS}).assign(
            input_set=input_set, band=range(len(each.frequency)), dim=each.dim
        )
        for input_set, each in bands.items()
    ]
    columns = ["input_set", "band", *_COLUMNS, "dim"]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def frequency_bands_of(rows: pd.DataFrame) -> dict[str, FrequencyBands]:
    """Read the rows that `frequency_frame` made."""
    return {
        str(input_set): FrequencyBands(
            **{name: torch.tensor(table[name].to_numpy()) for name in _COLUMNS}, dim=int(table["dim"].iloc[0])
        )
        for input_set, table in rows.groupby("input_set", sort=False)
    }
