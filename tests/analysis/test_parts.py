import io
import math

import pandas as pd
import pytest
import torch
from rich.console import Console

from analysis.comparison import Provenance
from analysis.parts import COLUMNS, PartValues, compare_parts, no_parts, varying_parts
from analysis.parts_table import parts_table

PROVENANCE = Provenance("run", "a flow", "glow", "china", 7)
DIM = 10


def values(n, seed, mean=0.0, is_constant=False):
    generator = torch.Generator().manual_seed(seed)
    measured = mean + torch.randn(n, generator=generator, dtype=torch.float64)
    if is_constant:
        measured = torch.full((n,), 5.0, dtype=torch.float64)
    return PartValues(measured, measured + 0.5 * (not is_constant), "hvp", is_constant)


@pytest.fixture
def sets():
    q = {"prior": values(400, 1, 2.0), "log_det": values(400, 2, 6.0), "rest": values(400, 3, is_constant=True)}
    p = {"prior": values(300, 4), "log_det": values(300, 5), "rest": values(300, 6, is_constant=True)}
    return q, p


def test_gaps_of_the_parts_are_differences_of_means_in_bits_per_dimension(sets):
    q, p = sets
    rows = compare_parts(q, p, "flower/test", DIM, PROVENANCE).set_index("part")
    for part in ("prior", "log_det"):
        gap = q[part].measured.mean() - p[part].measured.mean()
        assert rows.loc[part, "measured"] == pytest.approx(float(-gap / (DIM * math.log(2))))
        error = math.sqrt(float(q[part].measured.var() / 400 + p[part].measured.var() / 300))
        assert rows.loc[part, "measured_se"] == pytest.approx(error / (DIM * math.log(2)))
        assert rows.loc[part, "error"] == pytest.approx(0, abs=1e-12)
    assert list(rows.loc["rest", ["measured", "measured_se", "taylor2", "taylor2_se", "share_of_gap"]]) == [0] * 5
    assert set(rows["n_images"]) == {400}
    assert set(rows["family"]) == {"glow"}


def test_shares_add_up_and_their_errors_are_those_of_a_ratio(sets):
    q, p = sets
    rows = compare_parts(q, p, "flower/test", DIM, PROVENANCE).set_index("part")
    assert rows["share_of_gap"].sum() == pytest.approx(1)
    assert rows.loc["log_det", "share_of_gap"] == pytest.approx(0.75, abs=0.05)
    # By resampling the images.
    generator, ratios = torch.Generator().manual_seed(0), []
    for _ in range(400):
        i, j = torch.randint(400, (400,), generator=generator), torch.randint(300, (300,), generator=generator)
        gaps = {part: float(q[part].measured[i].mean() - p[part].measured[j].mean()) for part in q}
        ratios.append(gaps["log_det"] / sum(gaps.values()))
    assert rows.loc["log_det", "share_of_gap_se"] == pytest.approx(float(torch.tensor(ratios).std()), rel=0.15)


def test_no_gap_has_no_shares(sets):
    _, p = sets
    rows = compare_parts(p, p, "china/train", DIM, PROVENANCE)
    assert (rows["measured"] == 0).all()
    assert rows["share_of_gap"].isna().all()


def test_the_table_of_a_model_without_parts_has_the_same_columns(sets):
    assert tuple(no_parts().columns) == COLUMNS == tuple(compare_parts(*sets, "x", DIM, PROVENANCE).columns)
    assert parts_table(no_parts()) is None


def shown(table):
    console = Console(width=110, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()


def test_the_terminal_shows_parts_that_vary(sets):
    q, p = sets
    rows = pd.concat([compare_parts(q, p, "flower/test", DIM, PROVENANCE), compare_parts(p, p, "[b]", DIM, PROVENANCE)])
    assert varying_parts(rows) == ["prior", "log_det"]
    text = shown(parts_table(rows))
    assert "Trained on china: the gap part by part" in text
    (line,) = (line for line in text.splitlines() if line.strip().startswith("log_det") and "%" in line)
    first = rows[rows["part"] == "log_det"].iloc[0]
    assert f"−{-first['measured']:.3f} ±{first['measured_se']:.3f}" in line
    assert f"{100 * first['share_of_gap']:.0f} %" in line
    assert "[b]" in text
    assert text.count("%") == 2, "where there is no gap there are no shares"
    assert "rest" not in text


def test_one_varying_part_is_no_table(sets):
    q, p = ({name: part for name, part in each.items() if name != "log_det"} for each in sets)
    assert parts_table(compare_parts(q, p, "flower/test", DIM, PROVENANCE)) is None
