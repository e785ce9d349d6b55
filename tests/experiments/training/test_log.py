import io
import os

import pytest

from curvature.errors import RunDirectoryError
from experiments.training.log import LogRow, TrainingLog, last_row, read_log


def row(step):
    return LogRow(step, 5.0 + step / 3, 1 / 7, 1e-3, 1234.5, step * 0.1, 300.25, None)


def write(path, steps, after_step=0):
    with TrainingLog(path, after_step) as log:
        for step in steps:
            log.append(row(step))


def test_rows_come_back_bit_for_bit(tmp_path):
    write(tmp_path / "log.csv", [1, 2])
    assert read_log(tmp_path / "log.csv") == [row(1), row(2)]
    assert (
        (tmp_path / "log.csv").read_text().splitlines()[0].startswith("step,bits_per_dim,gradient_norm,learning_rate")
    )


def test_resuming_drops_later_rows_and_starting_drops_all(tmp_path):
    path = tmp_path / "log.csv"
    write(path, [1, 2, 3, 4])
    write(path, [3, 4, 5], after_step=2)
    assert [r.step for r in read_log(path)] == [1, 2, 3, 4, 5]
    write(path, [1])
    assert [r.step for r in read_log(path)] == [1]


def test_a_log_without_the_columns_of_memory_is_read_and_gone_on_with(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(
        "step,bits_per_dim,gradient_norm,learning_rate,images_per_second,seconds\n1,5.0,0.5,0.001,9.0,0.1\n"
    )
    old = LogRow(1, 5.0, 0.5, 0.001, 9.0, 0.1)
    assert read_log(path) == [old]
    write(path, [2], after_step=1)
    assert read_log(path) == [old, row(2)]


def test_a_row_is_on_file_as_soon_as_it_is_appended(tmp_path):
    with TrainingLog(tmp_path / "log.csv") as log:
        log.append(row(1))
        assert read_log(tmp_path / "log.csv") == [row(1)]


def test_a_row_cut_short_by_a_kill_is_passed_over_and_done_again(tmp_path):
    path = tmp_path / "log.csv"
    write(path, [1, 2])
    with path.open("a") as file:
        file.write("3,5.1")
    assert [r.step for r in read_log(path)] == [1, 2]
    write(path, [3], after_step=2)
    assert [r.step for r in read_log(path)] == [1, 2, 3]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n"])
def test_what_is_no_log_is_refused(tmp_path, text):
    (tmp_path / "log.csv").write_text(text)
    with pytest.raises(RunDirectoryError, match="is no training log"):
        TrainingLog(tmp_path / "log.csv", after_step=3)


def test_a_damaged_row_and_a_missing_log_are_named(tmp_path):
    write(tmp_path / "log.csv", [1])
    with (tmp_path / "log.csv").open("a") as file:
        file.write("2,x\n")
    with pytest.raises(RunDirectoryError, match="line 3 is damaged"):
        read_log(tmp_path / "log.csv")
    with pytest.raises(RunDirectoryError, match="cannot be read"):
        read_log(tmp_path / "none.csv")


@pytest.mark.parametrize(
    "line",
    [
        "3,nan,0.5,0.001,9.0,0.1,,",
        "3,inf,0.5,0.001,9.0,0.1,,",
        "3,,0.5,0.001,9.0,0.1,,",
        "3,5.0,0.5,0.001,9.0",
        "3,5.0,0.5,0.001,9.0,0.1,,,,",
        "-3,5.0,0.5,0.001,9.0,0.1,,",
        "2,5.0,0.5,0.001,9.0,0.1,,",
        "3.5,5.0,0.5,0.001,9.0,0.1,,",
        "\0",
        '"3,5',
    ],
)
def test_a_row_that_training_never_writes_is_told_with_its_line(line, tmp_path):
    write(tmp_path / "log.csv", [1, 2])
    with (tmp_path / "log.csv").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(RunDirectoryError, match=r"log\.csv: line 4 is damaged"):
        read_log(tmp_path / "log.csv")


def test_a_log_without_rows_has_no_last_one(tmp_path):
    write(tmp_path / "log.csv", [])
    with pytest.raises(RunDirectoryError, match="holds no rows"):
        last_row(tmp_path / "log.csv")
    write(tmp_path / "log.csv", [1, 2])
    assert last_row(tmp_path / "log.csv") == row(2)


def test_a_log_that_is_no_text_file_is_named(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(RunDirectoryError, match=r"log\.csv: cannot be read"):
        read_log(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(RunDirectoryError, match="is a named pipe, expected a file"):
        read_log(path)


def test_a_log_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(RunDirectoryError, match="cannot be written"):
        TrainingLog(tmp_path / "nowhere" / "log.csv")


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    with TrainingLog(tmp_path / "log.csv") as log:

        def full():
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(log, "_file", io.StringIO())
        monkeypatch.setattr(log._file, "flush", full)
        with pytest.raises(RunDirectoryError, match=r"log\.csv: cannot be written \(No space left"):
            log.append(row(1))
        monkeypatch.undo()
