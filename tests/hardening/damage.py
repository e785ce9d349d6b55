"""Damage to the bytes of a sound file, and what a reader may do with it: the right data, or an error of ours.

`FUZZ_EXAMPLES` in the environment raises the number of damaged files for each reader (`FUZZ_EXAMPLES=20000`); they are
then drawn anew in every run, while the few that are read by default are always the same.
"""

import os
import signal
import tracemalloc
from contextlib import contextmanager

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from curvature.errors import ToolkitError

DEFAULT_EXAMPLES = 60
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", DEFAULT_EXAMPLES))
SECONDS, LARGEST_PEAK = 30, 200_000_000
EXTREME = tuple(
    number.to_bytes(4, order)
    for number in (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000000)
    for order in ("little", "big")
)

fuzzed = settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES == DEFAULT_EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class StillAtWork(BaseException):
    """No reader catches this."""


@st.composite
def damaged(draw, content):
    """The bytes with one to three places flipped, overwritten, cut out, cut off, repeated or inserted."""
    content = bytearray(content)
    for _ in range(draw(st.integers(1, 3))):
        size = len(content)
        # Headers and directories stand at the two ends.
        near = st.integers(0, min(size, 160))
        place = draw(st.one_of(near, near.map(lambda back, size=size: size - back), st.integers(0, size)))
        length = draw(st.one_of(st.integers(1, 16), st.integers(1, max(1, size))))
        match draw(st.sampled_from(("flip", "extreme", "cut out", "cut off", "repeat", "insert"))):
            case "flip" if place < size:
                content[place] ^= draw(st.integers(1, 255))
            case "extreme":
                content[place : place + 4] = draw(st.sampled_from(EXTREME))
            case "cut out":
                del content[place : place + length]
            case "cut off":
                del content[place:]
            case "repeat":
                content[place:place] = content[place : place + length] * draw(st.integers(1, 3))
            case "insert":
                content[place:place] = draw(st.binary(min_size=1, max_size=16))
    return bytes(content)


def outcome(read):
    """What reading a damaged file gives: its data, or None after a one-line error of ours; anything else fails."""
    with _watched():
        try:
            return read()
        except ToolkitError as error:
            told = str(error)
    assert told.strip()
    assert "\n" not in told
    return None


@contextmanager
def _watched():
    """Fail what takes too long, or more memory than a file of a few thousand bytes can need."""

    def stop(number, frame):
        raise StillAtWork(f"after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert peak < LARGEST_PEAK, f"a reader took {peak} bytes"
