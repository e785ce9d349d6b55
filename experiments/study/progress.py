"""How far a piece of work has come: one callable that every study takes, with parts that count within the whole."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import gcd

SECONDS_BETWEEN_LINES = 10.0

Show = Callable[[int, int, str], None]


def ignore(*_: object) -> None:
    """Do nothing with what is told."""


@dataclass(frozen=True)
class Progress:
    """Reports how far some work has come: ``progress(3, 10, "svhn/test")`` says that 3 of 10 units are done.

    An exception that the watcher raises, such as KeyboardInterrupt, stops the work.

    Attributes
    ----------
    show
        Takes the units done, the units in all, and what is being done.
    say
        Takes one line that the user must read, such as that a file is not trusted and made again.
    """

    show: Show = ignore
    say: Callable[[str], None] = ignore

    def __call__(self, done: int, total: int, what: str) -> None:
        """Tell that so many of all units are done, and what is being done."""
        self.show(done, total, what)

    def part(self, before: int, size: int, total: int, name: str = "") -> "Progress":
        """Make the progress of a part of the work, which is reported as progress of the whole.

        Parameters
        ----------
        before
            Units of the whole that are done before the part begins.
        size
            Units of the whole that the part makes up. The part itself may count in finer units.
        total
            Units of the whole.
        name
            Of the part; told before what is being done in it.

        Examples
        --------
        >>> whole = Progress(print)
        >>> whole.part(10, 5, 20)(2, 5, "svhn/test")
        12 20 svhn/test
        >>> whole.part(1, 1, 3, "step 100")(5, 10, "svhn/test")
        15 30 step 100: svhn/test
        """

        def show(done: int, part_total: int, what: str) -> None:
            finer = max(part_total, 1) // gcd(size, max(part_total, 1))
            done_in_part = done * size * finer // max(part_total, 1)
            self.show(before * finer + done_in_part, total * finer, f"{name}: {what}" if name else what)

        return Progress(show, self.say)

    def counter(self, what: str) -> Callable[[int, int], None]:
        """Progress as `curvature` tells it: units done and units in all, while one thing is being done."""
        return lambda done, total: self.show(done, total, what)


SILENT = Progress()
"""For work that nobody watches."""


def plain_lines(print_line: Callable[[str], None], name: str = "", seconds: float = SECONDS_BETWEEN_LINES) -> Progress:
    """Progress as lines of text: the first, the last, and between them one now and then.

    Parameters
    ----------
    print_line
        Takes a line.
    name
        What the lines begin with.
    seconds
        Shortest time between two lines.
    """
    start = f"{name}: " if name else ""
    last: float | None = None

    def show(done: int, total: int, what: str) -> None:
        nonlocal last
        now = time.monotonic()
        if last is None or done == total or now - last >= seconds:
            last = now
            print_line(f"{start}{what} ({done}/{total})")

    return Progress(show, lambda words: print_line(f"{start}{words}"))
