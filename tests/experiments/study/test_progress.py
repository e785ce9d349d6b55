"""Progress counts on from part to part, and reaches the whole exactly when the last part is done."""

from hypothesis import given
from hypothesis import strategies as st

from experiments.study.progress import SILENT, Progress, plain_lines

SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=5)


def recorded():
    told = []
    return told, Progress(lambda *report: told.append(report))


@given(sizes=SIZES, counts=st.lists(st.integers(1, 40), min_size=5, max_size=5))
def test_parts_of_any_size_and_units_make_up_the_whole(sizes, counts):
    told, whole = recorded()
    total = sum(sizes)
    for k, (size, count) in enumerate(zip(sizes, counts, strict=False)):
        part = whole.part(sum(sizes[:k]), size, total)
        for done in (0, count):
            part(done, count, "")
    shares = [done / in_all for done, in_all, _ in told]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert told[-1][0] == told[-1][1]
    for k in range(len(sizes)):
        assert abs(shares[2 * k + 1] - sum(sizes[: k + 1]) / total) < 1e-12


def test_parts_of_parts_name_the_way_to_them():
    told, whole = recorded()
    whole.part(1, 1, 2, "cifar10").part(0, 4, 8, "ladder")(2, 4, "svhn/test")
    assert told == [(10, 16, "cifar10: ladder: svhn/test")]


def test_a_part_in_the_units_of_the_whole_counts_in_them():
    told, whole = recorded()
    for done in (1, 2, 3):
        whole.part(5, 3, 8).counter("svhn/test")(done, 3)
    assert told == [(6, 8, "svhn/test"), (7, 8, "svhn/test"), (8, 8, "svhn/test")]


def test_an_empty_part_is_no_division_by_zero():
    told, whole = recorded()
    whole.part(5, 3, 8)(0, 0, "nothing")
    assert told == [(5, 8, "nothing")]


def test_what_is_said_in_a_part_is_said_of_the_whole():
    said = []
    Progress(say=said.append).part(0, 1, 2, "cifar10").say("comparison.csv is empty")
    assert said == ["comparison.csv is empty"]
    SILENT(1, 2, "nobody watches")
    SILENT.say("nobody listens")


def test_lines_come_first_last_and_now_and_then():
    lines = []
    progress = plain_lines(lines.append, "china", seconds=1e9)
    for step in (1, 2, 3, 4):
        progress(step, 4, f"loss {step}")
    progress.say("log.csv is empty")
    assert lines == ["china: loss 1 (1/4)", "china: loss 4 (4/4)", "china: log.csv is empty"]
    every = []
    progress = plain_lines(every.append, seconds=0.0)
    progress(1, 3, "a")
    progress(2, 3, "a")
    assert every == ["a (1/3)", "a (2/3)"]
