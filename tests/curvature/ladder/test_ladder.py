import math
from dataclasses import replace

import pytest
import torch

from curvature import Ladder, curvature_ladder, evaluate_rungs, expand, prepare_rungs
from tests.curvature.densities import CouplingFlow, randn

SYMMETRIC = ("diagonal", "full", "taylor2", "path-1", "path-2", "path-3")


def test_swapping_the_sets_turns_every_sign():
    model, q, p = CouplingFlow((4,)), 0.4 * randn(9, 4, seed=1), randn(30, 4, seed=0)
    there, back = (curvature_ladder(model, q=a, p=b, at=torch.zeros(4), rungs=SYMMETRIC) for a, b in ((q, p), (p, q)))
    for a, b in zip((*there.rungs, there.measured), (*back.rungs, back.measured), strict=True):
        assert a.nats == pytest.approx(-b.nats)
        assert a.standard_error == pytest.approx(b.standard_error)
        assert a.difference == pytest.approx(-b.difference)
        assert a.ratio == pytest.approx(b.ratio)


def test_identical_sets_have_no_gap_and_no_ratio():
    x = randn(3, 4, seed=0)
    ladder = curvature_ladder(CouplingFlow((4,)), x, x)
    for rung in ladder.rungs:
        assert rung.nats == 0
        assert math.isnan(rung.ratio)
        assert rung.sign_agrees


def test_table_and_progress():
    seen = []
    model, q, p = CouplingFlow((4,)), 0.3 * randn(5, 4, seed=1), randn(150, 4, seed=0)
    ladder = curvature_ladder(model, q, p, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(75, 155), (150, 155), (155, 155)]
    lines = str(ladder).splitlines()
    assert lines[-1].startswith("no ceiling: the model does not say")
    assert len(lines) == 2 + len(ladder.rungs) + 1 + len(ladder.absent) + 1
    table = lines[1 : -len(ladder.absent) - 1]
    assert table[-1].startswith("measured")
    assert table[-2].endswith("agrees")
    assert len({line.rindex(line.split()[-1]) for line in table[1:-1]}) == 1, "the last column is aligned"
    assert max(map(len, lines)) < 110
    with pytest.raises(KeyError):
        ladder["path-9"]


def test_the_ladder_as_a_frame_and_as_html():
    model, q, p = CouplingFlow((4,)), 0.3 * randn(5, 4, seed=1), randn(20, 4, seed=0)
    ladder = curvature_ladder(model, q, p)
    frame = ladder.to_dataframe()
    assert list(frame.index) == [*(rung.name for rung in ladder.rungs), "measured"]
    assert frame.loc["taylor2", "bits_per_dim"] == ladder["taylor2"].bits_per_dim
    assert frame.loc["path", "unexplained"] == -ladder["path"].difference
    assert list(frame.loc[["full", "path-1"], "kind"]) == ["moments", "samples"]
    html = ladder._repr_html_()
    assert html.count("<tr>") == 2 + len(ladder.rungs)
    assert "not shown: published" in html
    assert len(repr(ladder)) < 200


def test_a_wrong_sign_is_shown():
    model = CouplingFlow((4,))
    prepared = prepare_rungs(expand(model, at=torch.zeros(4)), randn(9, 4, seed=0))
    q, p = evaluate_rungs(prepared, 0.3 * randn(9, 4, seed=1)), evaluate_rungs(prepared, randn(9, 4, seed=0))
    flipped = replace(q, values={**q.values, "full": -q.values["full"] - 100})
    ladder = Ladder.between(flipped, p)
    assert not ladder["full"].sign_agrees
    assert "WRONG" in str(ladder)


def test_the_measured_gap_is_found_by_name_too():
    x = randn(5, 4, seed=0)
    ladder = curvature_ladder(CouplingFlow((4,)), x, 2 * x, rungs=["full"])
    assert ladder["measured"] is ladder.measured
    assert ladder.measured.difference == 0
    assert ladder.measured.ratio == 1
