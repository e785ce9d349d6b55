"""Worker processes end with the process that started them, however that one ended."""

import os
import threading
from multiprocessing import parent_process
from multiprocessing.connection import wait

EXIT_CODE = 1


def end_with_parent() -> None:
    """End this process as soon as its parent has ended; nothing in a process that `multiprocessing` did not start.

    A daemon thread waits for the end of a pipe (`multiprocessing.process.ParentProcess.sentinel`) whose other end only
    the parent holds: the kernel closes it even when the parent is killed, on Linux and on macOS. The process then ends
    at once, as if it were killed itself, so that it holds no lock for long: what training has kept on the disk stays.
    """
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(EXIT_CODE)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()
