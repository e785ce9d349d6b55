"""`likelihood-curvature verify`: the table, the record and the exit codes."""

import json

import pytest

from curvature.claims import Claim, Counterexample, Evidence, ToyFlow, Verdict, claim
from curvature.claims.engine import verification
from experiments.command_line import main
from experiments.command_line.console import table_console
from experiments.command_line.verification_view import ClaimProgress

QUICK = ["verify", "--examples", "3", "--seed", "1", "--claims", "swap-negates", "stein", "hessian-sign"]


def run(*arguments):
    main([str(argument) for argument in arguments])


def test_it_prints_verdicts_and_counterexamples_that_run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(*QUICK, "--json", "record.json")
    printed = capsys.readouterr().out
    for words in ("swap-negates", "refuted", "stein", "holds", "3 examples, seed 1", "property"):
        assert words in printed
    assert list(tmp_path.iterdir()) == [tmp_path / "record.json"]
    record = json.loads((tmp_path / "record.json").read_text())
    assert (record["seed"], record["examples"], record["is_sound"]) == (1, 3, True)
    assert {"torch", "python", "hypothesis", "sympy"} <= set(record["environment"])
    by_name = {one["name"]: one for one in record["claims"]}
    refuted = by_name["swap-negates"]
    assert refuted["verdict"] == "refuted"
    assert refuted["counterexample"]["python"] in printed
    variables = {}
    exec(refuted["counterexample"]["python"], variables)
    assert isinstance(variables["case"].p, ToyFlow)
    evaluation = claim("swap-negates").evaluate(variables["case"])
    assert not evaluation.holds
    assert evaluation.left == refuted["counterexample"]["left"]["value"]
    assert by_name["stein"]["counterexample"] is None
    assert (
        by_name["hessian-sign"]["sympy"]["verdict"] == by_name["hessian-sign"]["expected"] == "holds under a condition"
    )
    assert not any(one["is_unexpected"] for one in record["claims"])


def test_the_same_seed_gives_the_same_record(tmp_path, capsys):
    for name in ("a.json", "b.json"):
        run("verify", "--examples", "2", "--claims", "swap-negates", "--json", tmp_path / name)
    assert (tmp_path / "a.json").read_text() == (tmp_path / "b.json").read_text()


def test_a_refuted_claim_that_the_toolkit_rests_on_fails(monkeypatch, capsys):
    broken = ToyFlow.sample
    monkeypatch.setattr(ToyFlow, "sample", lambda flow, n, generator: 2 * broken(flow, n, generator))
    with pytest.raises(SystemExit) as stop:
        run("verify", "--examples", "2", "--claims", "stein")
    assert stop.value.code == 1
    assert "the toolkit rests on it" in capsys.readouterr().out


def made_up(name, evidence):
    return Claim(
        name=name,
        order=1,
        statement=f"{name} is one",
        equations=(1,),
        expected=Verdict.HOLDS,
        evidence=lambda: evidence,
    )


def test_what_sympy_cannot_decide_fails(monkeypatch, capsys):
    two = Counterexample.exact("2", ("two", "one"), 2, "==", 1)
    refuted = made_up("two", Evidence("by hand", refutations={"2 is not 1": True}, counterexample=two))
    monkeypatch.setattr(verification, "claims", lambda: (refuted,))
    run("verify")
    printed = capsys.readouterr().out
    assert "2 != 1" in printed
    assert "two: refuted: expected: holds" in printed
    monkeypatch.setattr(verification, "claims", lambda: (refuted, made_up("one", Evidence("by hand"))))
    with pytest.raises(SystemExit) as stop:
        run("verify")
    assert stop.value.code == 1
    assert "one: undecided: sympy could not decide" in capsys.readouterr().out


def test_statements_that_sympy_decides_alone_are_tested_by_name(capsys):
    run("verify", "--claims", "orthogonal-kernels", "two-channels")
    printed = " ".join(capsys.readouterr().out.split())
    assert "Statements that sympy decides alone" in printed
    assert "holds under a condition: one kernel: exactly if every row sum" in printed
    assert "Claims on random toy flows" not in printed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--examples", "0"], ["--examples", "from 1 to 10^6"]),
        (["--claims", "stien"], ["did you mean 'stein'"]),
        (["--json", "nowhere/record.json"], ["nowhere/record.json", "directory"]),
    ],
)
def test_mistakes_are_one_line(arguments, words, capsys):
    with pytest.raises(SystemExit) as stop:
        run("verify", *arguments)
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert all(word in line for word in words)


def test_progress_speaks_now_and_then_where_there_is_no_terminal(capsys, monkeypatch):
    from experiments.command_line import verification_view

    monkeypatch.setattr(verification_view, "SECONDS_BETWEEN_LINES", 0.0)
    with ClaimProgress(table_console()) as progress:
        progress("stein", 3)
    assert "stein: 3 cases" in capsys.readouterr().out
