"""One's own model and arrays on the command line: flows of four libraries, and one clear line for every mistake."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import torch

from analysis.dequantization import dequantize
from curvature.units import bits_per_dim
from experiments.study.samples import noise_generator
from tests.experiments.command_line.test_commands import SMALL, TINY, fail, run
from tests.experiments.models.adapters.cases import CASES, DIM, data

LIBRARIES = {
    "zuko": "zuko NICE",
    "nflows": "nflows RealNVP",
    "normflows": "normflows RealNVP",
    "FrEIA": "FrEIA sequence",
}
MODULE = """
import math
import torch
from tests.experiments.models.adapters.cases import CASES

def trained(case="zuko NICE"):
    return next(each for each in CASES if each.name == case).trained()

def needs_a_library():
    import pyro.nothing_of_that_name

class Density(torch.nn.Module):
    def log_prob(self, x):
        return -0.5 * x.square().flatten(1).sum(1)

density = Density().eval()

class Between(torch.nn.Module):
    # The same density for values in [low, high] instead of [0, 1]; uniform if flat.
    def __init__(self, low, high, flat=False):
        super().__init__()
        self.low, self.width, self.flat = low, high - low, flat

    def log_prob(self, x):
        inner = 0 * x.flatten(1).sum(1) if self.flat else density.log_prob((x - self.low) / self.width)
        return inner - x[0].numel() * math.log(self.width)

class Five(torch.nn.Module):
    def log_prob(self, x):
        return -(x @ torch.ones(5, dtype=x.dtype)).flatten(1).sum(1)

five = Five().eval()
"""


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A working directory with a module `own` and a file of arrays."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(MODULE)
    images = {name: pixels(n, seed) for name, n, seed in (("train", 40, 0), ("other", 30, 1))}
    np.savez(tmp_path / "mine.npz", **images, floats=images["other"] / 255.0, gray=images["other"][:, 0])
    np.save(tmp_path / "one.npy", images["other"])
    np.save(tmp_path / "signed.npy", np.linspace(-0.5, 0.5, 18).reshape(3, 1, 2, 3))
    return tmp_path


def pixels(n, seed):
    return (255 * data(n, seed).clamp(0, 1)).round().to(torch.uint8).reshape(n, 1, 2, DIM // 2).numpy()


@pytest.mark.parametrize("library", LIBRARIES)
def test_compare_on_a_flow_of_another_library(library, workplace, capsys):
    case = next(case for case in CASES if case.name == LIBRARIES[library])
    flow = case.trained()
    arguments = ["--model", "own:trained", "--model-args", f"case={case.name}", "--train-inputs", "mine.npz:train"]
    run("compare", *arguments, "--inputs", "mine.npz:other", "constant=99", "--n-images", 12, "--out", "runs/c")
    comparison = pd.read_csv(workplace / "runs" / "c" / "comparison.csv")
    assert set(comparison["input_set"]) == {"mine.npz:other", "constant=99"}
    assert set(comparison["family"]) == {library}
    assert set(comparison["train_set"]) == {"mine.npz:train"}
    assert "mine.npz:other" in capsys.readouterr().out

    # The same by the library alone: dequantised images of the file in the fixed order, flattened.
    order = torch.randperm(30, generator=torch.Generator().manual_seed(0))
    x8 = torch.from_numpy(pixels(30, 1))[order][:12]
    x = dequantize(x8, noise_generator(0), dtype=torch.float64)
    bpd = bits_per_dim(case.reference(flow)(x.flatten(1)), DIM).mean()
    assert comparison.set_index("input_set")["bpd"]["mine.npz:other"].iloc[0] == pytest.approx(float(bpd), rel=1e-10)
    path = comparison[comparison["rung"] == "path"].set_index("input_set")
    assert (path["predicted"] - path["measured"]).abs().max() < 0.05


@pytest.mark.parametrize("library", LIBRARIES)
def test_check_on_a_flow_of_another_library(library, workplace, capsys):
    np.save("events.npy", data(32).numpy())
    arguments = ["--model-args", f"case={LIBRARIES[library]}", "--inputs", "events.npy", "--fast"]
    run("check", "own:trained", *arguments, "--expect-failure", "smoothness=ReLU")
    printed = capsys.readouterr().out
    assert "log-determinant" in printed
    assert "failed" not in printed


def test_check_on_training_images_that_a_model_of_vectors_gets_flattened(workplace, capsys):
    run("check", "own:trained", "--model-args", "case=zuko additive NICE", *TRAIN, "--fast")
    assert "failed" not in capsys.readouterr().out


def test_verify_puts_the_claims_to_a_flow_of_another_library(workplace, capsys):
    arguments = ["--model-args", "case=zuko additive NICE", "--examples", 2, "--json", "claims.json"]
    run("verify", "--model", "own:trained", *arguments, *TRAIN)
    printed = " ".join(capsys.readouterr().out.split())
    assert "Claims on own:trained: 2 examples" in printed
    assert "Not applicable to this model" in printed
    assert "needs samples of the flow itself" in printed
    record = json.loads((workplace / "claims.json").read_text())
    assert (record["model"], record["train_inputs"], record["is_sound"]) == ("own:trained", "mine.npz:train", True)
    claims = {each["name"]: each for each in record["claims"]}
    assert claims["routes-agree"]["verdict"] == claims["path-converges"]["verdict"] == "holds"
    assert claims["swap-negates"]["verdict"] == "not applicable"
    assert "two Gaussian models" in claims["swap-negates"]["inapplicable"]


def test_counterexamples_of_verify_are_programs_that_run(workplace, capsys):
    np.save("events.npy", data(32).numpy())
    arguments = ["--model-args", "case=zuko mixture", "--inputs", "events.npy", "--claims", "hessian-sign"]
    run("verify", "--model", "own:trained", *arguments)
    printed = capsys.readouterr().out
    _, program = re.split(r"hessian-sign, smallest counterexample: .*\n", printed)
    assert "load_own_density('own:trained', {'case': 'zuko mixture'}, x)" in program
    exec(program, {})
    left, relation, right = capsys.readouterr().out.split()
    assert (relation, right) == (">", "0")
    assert float(left) > 0


def test_explain_on_a_model_whose_parts_cannot_be_told_apart(workplace, capsys):
    arguments = ["--model", "own:trained", "--model-args", "case=zuko MAF", "--train-inputs", "mine.npz:train"]
    run("explain", *arguments, "--inputs", "mine.npz:other", "--n-images", 12, "--bands", 1, "--eigenpairs", 1)
    out = workplace / "runs" / "explain-own.trained"
    attribution = pd.read_csv(out / "attribution.csv")
    assert attribution["part"].tolist() == ["all"]
    bands = pd.read_csv(out / "frequencies.csv")
    assert bands["share"].sum() == pytest.approx(attribution["nats"].sum() / 2, rel=1e-8)
    assert "–" in capsys.readouterr().out


def test_a_file_is_read_alike_as_pixels_and_as_floats(workplace):
    run("compare", "--model", "own:density", "--train-inputs", "mine.npz:train", "--n-images", 9, "--out", "runs/c",
        "--inputs", "mine.npz:other", "mine.npz:floats", "one.npy", "mine.npz:other:contrast=0.5")  # fmt: skip
    bpd = pd.read_csv(workplace / "runs" / "c" / "comparison.csv").groupby("input_set")["bpd"].first()
    assert bpd["mine.npz:other"] == bpd["mine.npz:floats"] == bpd["one.npy"]
    assert bpd["mine.npz:other:contrast=0.5"] != bpd["one.npy"]


def bits(out):
    return pd.read_csv(out / "comparison.csv").groupby("input_set")[["bpd", "measured"]].first()


def test_another_scale_of_the_values_changes_no_bits_per_dim(workplace):
    images = np.load("mine.npz")["other"]
    np.save("signed.npy", 2 * (images + 0.5) / 256 - 1)
    rest = ("--n-images", 9, "--mean-curvature-points", 0, "--inputs", "one.npy", "constant=128")
    run("compare", "--model", "own:density", *TRAIN, *rest, "--out", "runs/unit")
    own = ("--model", "own:Between", "--model-args", "low=-1.0", "high=1.0", "--value-range", -1, 1, *TRAIN)
    run("compare", *own, *rest, "signed.npy", "--out", "runs/signed")
    unit, signed = bits(workplace / "runs" / "unit"), bits(workplace / "runs" / "signed")
    for name in unit.index:
        assert signed.loc[name].tolist() == pytest.approx(unit.loc[name].tolist(), rel=1e-12)
    assert signed.loc["signed.npy"].tolist() == signed.loc["one.npy"].tolist()


def test_bits_per_dim_count_the_levels(workplace):
    arguments = ["low=-1.0", "high=3.0", "flat=True"]
    run("compare", "--model", "own:Between", "--model-args", *arguments, "--value-range", -1, 3, "--levels", 32, *TRAIN,
        "--inputs", "one.npy", "--n-images", 9, "--mean-curvature-points", 0, "--out", "runs/c")  # fmt: skip
    assert bits(workplace / "runs" / "c")["bpd"].tolist() == pytest.approx([5.0], rel=1e-12)


def test_changed_weights_make_the_comparison_again(workplace, capsys):
    arguments = ["compare", "--model", "own:trained", "--train-inputs", "mine.npz:train", "--inputs", "one.npy"]
    run(*arguments, "--n-images", 8, "--out", "runs/c")
    record = json.loads((workplace / "runs" / "c" / "comparison.json").read_text())
    assert len(record["model"]) == len(record["train_images"]) == 64
    before = (workplace / "runs" / "c" / "comparison.csv").stat().st_mtime_ns
    run(*arguments, "--n-images", 8, "--out", "runs/c")
    assert (workplace / "runs" / "c" / "comparison.csv").stat().st_mtime_ns == before


def test_train_on_own_arrays(workplace):
    np.save(workplace / "square.npy", np.concatenate([pixels(24, 2), pixels(24, 3)], 2)[..., :2])
    run("train", "--data.train-set", workplace / "square.npy", *SMALL, *TINY, "--evaluation.n-images", 8)
    out = workplace / "runs" / "square-npy"
    assert json.loads((out / "config.json").read_text())["data"]["train_set"] == str(workplace / "square.npy")
    assert pd.read_csv(out / "evaluations.csv")["input_set"].unique().tolist() == [str(workplace / "square.npy")]
    run("compare", "--model", out, "--n-images", 8)
    sets = pd.read_csv(out / "comparison.csv")["input_set"].unique().tolist()
    assert sets[0] == f"{workplace / 'square.npy'}:contrast=0.75"
    assert sets[-1] == "noise=uniform"


TRAIN = ("--train-inputs", "mine.npz:train")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["own:trained"], "--train-inputs: own:trained does not say what it was trained on"),
        (["own:train", *TRAIN], "unknown name in own 'train'; did you mean 'trained'?"),
        (["owm:trained", *TRAIN], "the module owm cannot be imported"),
        (["own:needs_a_library", *TRAIN], "to install it: pip install -e '.[pyro]'"),
        (["own:trained", *TRAIN, "--model-args", "case"], "--model-args: expected KEY=VALUE, got 'case'"),
        (["own:trained", *TRAIN, "--model-args", "size=3"], "unexpected keyword argument 'size'"),
        (["own:five", *TRAIN], "takes neither events of shape [16, 1, 2, 3]"),
        (["own:density", "--train-inputs", "mine.npz"], "holds the arrays train, other, floats, gray; say which"),
        (["own:density", "--train-inputs", "mine.npz:gray"], "save array[:, None] instead"),
        (["own:density", "--train-inputs", "none.npz"], "there is no such file"),
        (["own:density", "--train-inputs", "constant=3"], "--train-inputs: expected a data set without transforms"),
        (["own:density", *TRAIN, "--inputs", "mine.npz:othr"], "did you mean 'other'?"),
        (["own:density", *TRAIN, "--value-range", "1", "0"], "range of values: expected LOW below HIGH, got 1 and 0"),
        (["own:density", *TRAIN, "--levels", "300"], "expected a whole number from 2 to 256"),
        (
            ["own:density", "--train-inputs", "signed.npy"],
            "floats range over [-0.5, 0.5], expected [0, 1]; say",
        ),
        (["cifar10", "--levels", "32"], "--levels: cifar10 is no package.module:factory"),
        (["cifar10", *TRAIN], "--train-inputs: cifar10 is no package.module:factory"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_mistakes_of_compare_are_told_in_one_line(arguments, words, workplace, capsys):
    assert words in fail(capsys, "compare", "--inputs", "one.npy", "--model", *arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "own:trained"], "--inputs: your own model needs events"),
        (["--model", "own:trained", *TRAIN, "--inputs", "one.npy"], "leave one of the two out"),
        (["--model", "own:trained", *TRAIN, "--claims", "stein"], "cannot be put to your own densities"),
        (["--model", "own:five", *TRAIN], "takes neither events of shape [16, 1, 2, 3]"),
        (["--model", "nowhere", "--inputs", "one.npy"], "unknown model 'nowhere'"),
        ([*TRAIN], "--train-inputs: names no model; add --model package.module:factory"),
        (["--inputs", "one.npy"], "--inputs: names no model"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_of_verify_are_told_in_one_line(arguments, words, workplace, capsys):
    assert words in fail(capsys, "verify", *arguments)


@pytest.mark.parametrize("arguments", [["trajectory", "--model", "own:trained"], ["export", "own:trained", "mine"]])
def test_commands_that_read_a_run_say_that_an_own_model_has_none(arguments, workplace, capsys):
    told = fail(capsys, *arguments)
    assert "own:trained is a model of your own: it has no run with snapshots" in told
    assert "name the run directory of likelihood-curvature train" in told


def test_rivals_of_a_function_tell_what_it_does_not_allow(workplace, capsys):
    arguments = ["--model", "own:density", "--train-inputs", "mine.npz:train", "--inputs", "mine.npz:other"]
    few = ["--n-images", 12, "--neighbours", 4, "--resamples", 20, "--out", "runs/r"]
    run("rivals", *arguments, *few)
    assert "Density has no latents" in " ".join(capsys.readouterr().out.split())
    table = pd.read_csv(workplace / "runs" / "r" / "rivals.csv").set_index("score")
    assert table.loc["taylor2", "r2"] == pytest.approx(1)  # log p is quadratic
    assert table.loc["latent-norm", "remark"].startswith("not available")
    run("rivals", *arguments, *few[:-1], "runs/none", "--scores", "latent-norm")
    assert "not available" in capsys.readouterr().out
    assert pd.read_csv(workplace / "runs" / "none" / "rival_auroc.csv").empty
