"""`likelihood-curvature data ...`, and `--data-root` of the other commands."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from experiments.command_line import main


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A data root with a small MNIST in the npz layout, and an empty cache."""
    monkeypatch.setenv("LIKELIHOOD_CURVATURE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    directory = tmp_path / "data" / "mnist"
    directory.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for split, count in (("train", 30), ("test", 20)):
        np.savez(directory / f"{split}.npz", images=generator.integers(0, 256, (count, 28, 28, 1), dtype=np.uint8))
    return tmp_path / "data"


def fails(capsys, code, *arguments):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == code
    return capsys.readouterr().err


def test_list_shows_what_is_where(root, capsys):
    main(["data", "list", "--data-root", str(root)])
    out = capsys.readouterr().out
    (mnist,) = (line for line in out.splitlines() if line.split()[:1] == ["mnist"])
    assert "data root" in mnist
    assert "train 30, test 20" in mnist
    assert "1 x 28 x 28" in mnist
    (kmnist,) = (line for line in out.splitlines() if line.split()[:1] == ["kmnist"])
    assert "missing" in kmnist
    assert "CC BY-SA 4.0" in kmnist
    assert "embedded" in out


def test_verify_records_sums_then_finds_a_changed_and_a_damaged_file(root, capsys):
    main(["data", "verify", "--data-root", str(root)])
    assert capsys.readouterr().out.count("checksum recorded now") == 2
    main(["data", "verify", "mnist", "--data-root", str(root)])
    assert capsys.readouterr().out.count("recorded checksum") == 2
    path = root / "mnist" / "test.npz"
    path.write_bytes(path.read_bytes()[:-100])
    error = fails(capsys, 1, "data", "verify", "--data-root", str(root))
    assert str(path) in error
    assert "mnist/test" in error
    assert "mnist/train" not in error


def test_verify_fails_for_a_named_set_that_is_missing(root, capsys):
    assert "kmnist" in fails(capsys, 1, "data", "verify", "kmnist", "--data-root", str(root))


def test_moments_prints_and_writes_tables_and_computes_once(root, tmp_path, capsys, monkeypatch):
    arguments = ["data", "moments", "mnist/train", "--data-root", str(root), "--components", "3"]
    main([*arguments, "--out", str(tmp_path / "tables")])
    out = capsys.readouterr().out
    assert "mnist/train: 30 images" in out
    assert "mnist/train.npz" in out
    channels = pd.read_csv(tmp_path / "tables" / "channels.csv")
    assert channels["n_images"].item() == 30
    monkeypatch.setattr("experiments.data.statistics_files.pixel_statistics", None)
    main(arguments)
    assert capsys.readouterr().out.count("%") == 6  # three components, two shares each


def test_moments_of_an_embedded_set_need_no_files(root, capsys):
    main(["data", "moments", "china", "--components", "1"])
    assert "china/test" in capsys.readouterr().out


def test_fetch_leaves_alone_what_is_there(root, capsys):
    main(["data", "fetch", "mnist", "china", "--data-root", str(root)])
    out = capsys.readouterr().out
    assert "it is here already" in out
    assert "china: embedded" in out


def test_a_set_that_cannot_be_fetched_does_not_keep_the_others_from_it(root, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["data", "fetch", "imagenet32", "celeba32", "mnist", "--data-root", str(root)])
    assert stopped.value.code == 2
    printed = capsys.readouterr()
    assert "mnist: nothing to download" in printed.out
    assert "log in at" in printed.err
    assert "celeba32: its files" in printed.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("data", "fetch", "mnits"), "did you mean 'mnist'"),
        (("data", "fetch"), "at least one data set"),
        (("data", "fetch", "imagenet32"), "log in at"),
        (("data", "verify", "china"), "unknown data set with files 'china'"),
        (("data", "moments", "kmnist"), "likelihood-curvature data fetch kmnist"),
        (("data", "moments", "mnist/heldout"), "split of mnist 'heldout'"),
        (("data", "moments", "china", "--components", "0"), "--components: expected a whole number from 1"),
        (("data", "moments", "china", "--patch-size", "0"), "--patch-size: expected a whole number from 1 to 256"),
        (("data", "moments", "digits", "--out", "/dev/null/tables"), "/dev/null is a device, expected a directory"),
        (("data", "list", "--data-root", "/no/such/directory"), "--data-root: /no/such/directory does not exist"),
        (
            ("train", "--data.train-set", "kmnist", "--data-root", "/no/such/directory"),
            "--data-root: /no/such/directory does not exist",
        ),
        (
            ("compare", "--model", "nowhere", "--data-root", "/no/such/directory"),
            "--data-root: /no/such/directory does not exist",
        ),
        (
            ("explain", "--model", "nowhere", "--data-root", "/no/such/directory"),
            "--data-root: /no/such/directory does not exist",
        ),
    ],
)
def test_mistakes_are_told_in_one_line_with_exit_code_2(arguments, message, root, capsys):
    error = fails(capsys, 2, *arguments)
    assert message in error
    assert len(error.splitlines()) == 1


def test_help_of_the_data_commands_loads_nothing_heavy(root):
    program = (
        "import sys\n"
        "from experiments.command_line import main\n"
        "try:\n    main(['data', 'moments', '--help'])\n"
        "except SystemExit as stopped:\n    assert stopped.code == 0\n"
        "heavy = {'torch', 'scipy', 'pooch', 'PIL', 'pandas', 'accelerate'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr
    assert "--data-root" in done.stdout
