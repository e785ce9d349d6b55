"""Run the jobs of a sweep on a cluster: as many at a time as there are workers, each until it is done or given up."""

import os
import queue
import time
import uuid
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from experiments.data.location import CACHE_VARIABLE, DATA_ROOT_VARIABLE
from experiments.study.sweep.cluster import ClusterError
from experiments.study.sweep.job import Outcome, Ticket, request_stop, run_job
from experiments.study.sweep.job_log import append_to_log
from experiments.study.sweep.planning import Job

if TYPE_CHECKING:
    from distributed import Client, Future

POLL_SECONDS = 0.2
SECONDS_BETWEEN_COUNTS = 1.0
SECONDS_TO_ANSWER = 30.0
SECONDS_TO_STOP = 60.0


class Watch(Protocol):
    """What a sweep tells whoever watches it."""

    def workers(self, count: int) -> None:
        """Take note of how many workers there are now."""
        ...

    def started(self, job: Job, tries: int, place: str) -> None:
        """Take note that a worker has begun a job; `tries` counts how often workers have begun it so far."""
        ...

    def doing(self, job: Job, words: str) -> None:
        """Take note of what a running job does."""
        ...

    def ended(self, job: Job, outcome: Outcome) -> None:
        """Take note that a job is done, failed or interrupted."""
        ...

    def stopping(self) -> None:
        """Take note that running jobs were asked to keep what they have reached and to stop."""
        ...


def run_jobs(client: "Client", jobs: Sequence[Job], watch: Watch) -> dict[str, Outcome]:
    """Run all jobs, and return how each ended, by its name; an error that stops one of them does not stop the others.

    When a worker dies, the library gives its job to another worker, where the job goes on from its checkpoint. After
    more than ``distributed.scheduler.allowed-failures`` (3) such deaths it gives the job up. It also counts the death
    against jobs that only wait at the worker. So no more jobs are submitted than there are workers.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C, after the running jobs have kept what they have reached; a second one does not wait for them.
    ClusterError
        If the scheduler is lost.
    """
    batch = _Batch(client, jobs, watch)
    try:
        return batch.run()
    except KeyboardInterrupt:
        batch.stop()
        raise
    finally:
        batch.close()


class _Batch:
    """The jobs of one call: which are waiting, which are submitted, and how the others ended."""

    def __init__(self, client: "Client", jobs: Sequence[Job], watch: Watch) -> None:
        self.client = client
        self.watch = watch
        self.waiting = deque(jobs)
        self.submitted: dict[Future, Job] = {}
        self.begun: set[str] = set()
        self.outcomes: dict[str, Outcome] = {}
        self.ticket = Ticket(f"likelihood-curvature-{uuid.uuid4().hex}", _data_variables())
        self.by_name = {job.name: job for job in jobs}
        self._messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._slots = 1
        self._counted = -SECONDS_BETWEEN_COUNTS
        client.subscribe_topic(self.ticket.sweep, lambda event: self._messages.put(event[1]))

    def run(self) -> dict[str, Outcome]:
        while self.waiting or self.submitted:
            self._count_workers()
            while self.waiting and len(self.submitted) < self._slots:
                self._submit(self.waiting.popleft())
            self._take_message()
        return self.outcomes

    def stop(self) -> None:
        """Cancel the jobs that have not begun, and give the others a minute to keep what they have reached."""
        self.watch.stopping()
        with suppress(Exception):  # the scheduler may be gone, too
            idle = [future for future, job in self.submitted.items() if job.name not in self.begun]
            self.client.cancel(idle)
            for future in idle:
                del self.submitted[future]
            self.client.run(request_stop, self.ticket.sweep, on_error="ignore")
            deadline = time.monotonic() + SECONDS_TO_STOP
            while self.submitted and time.monotonic() < deadline:
                self._take_message()

    def close(self) -> None:
        with suppress(Exception):  # the scheduler may be gone
            self.client.unsubscribe_topic(self.ticket.sweep)
            self.client.cancel(list(self.submitted))

    def _submit(self, job: Job) -> None:
        # A key of its own: distributed would take the result of an earlier call with the same arguments for this one.
        key = f"sweep_job-{uuid.uuid4().hex}"
        future = self.client.submit(run_job, job, self.ticket, key=key, pure=False)
        self.submitted[future] = job
        future.add_done_callback(self._messages.put)

    def _take_message(self) -> None:
        """Wait a moment for a report of a job or for its end."""
        try:
            message = self._messages.get(timeout=POLL_SECONDS)
        except queue.Empty:
            return
        if isinstance(message, dict):
            self._report(self.by_name[message["job"]], message)
        elif message in self.submitted:
            self._end(message)

    def _report(self, job: Job, message: dict[str, Any]) -> None:
        if job.name in self.outcomes:
            return
        if "tries" in message:
            self.begun.add(job.name)
            self.watch.started(job, message["tries"], message["place"])
        else:
            self.watch.doing(job, message["doing"])

    def _end(self, future: "Future") -> None:
        job = self.submitted.pop(future)
        if future.status in ("cancelled", "lost"):
            raise _lost_scheduler(self.client)
        outcome = future.result() if future.status == "finished" else _given_up(job, future.exception())
        future.release()
        if outcome.state == "interrupted":  # its worker left the cluster
            self.waiting.appendleft(job)
        else:
            self.outcomes[job.name] = outcome
        self.watch.ended(job, outcome)

    def _count_workers(self) -> None:
        """Ask, now and then, how many workers there are; at least one job waits for the first of them."""
        now = time.monotonic()
        if now - self._counted < SECONDS_BETWEEN_COUNTS:
            return
        self._counted = now
        scheduler = self.client.scheduler
        if scheduler is None:  # the library has given up finding it again
            raise _lost_scheduler(self.client)
        try:
            # What `Client.nthreads` does, which would wait for ever where a scheduler holds the connection but hangs.
            threads = self.client.sync(scheduler.ncores, callback_timeout=SECONDS_TO_ANSWER)
        except (OSError, ValueError, RuntimeError) as error:  # closed comms and timeouts are OSErrors
            raise _lost_scheduler(self.client) from error
        self._slots = max(1, len(threads))
        self.watch.workers(len(threads))


def _given_up(job: Job, error: BaseException) -> Outcome:
    """The outcome of a job that ended outside its own code; it is written to the job's log as well."""
    from distributed.scheduler import KilledWorker

    if isinstance(error, KilledWorker):
        message = f"given up: its worker died {error.allowed_failures + 1} times (killed, or out of memory)"
    else:
        message = f"the worker could not run it ({type(error).__name__}: {error})"
    message = " ".join(message.split())
    append_to_log(job.path, message)
    return Outcome("failed", message, 0.0)


def _lost_scheduler(client: "Client") -> ClusterError:
    address = client.scheduler.address if client.scheduler is not None else "?"
    return ClusterError(f"the scheduler at {address} was lost; start one, and give the same command again to go on")


def _data_variables() -> dict[str, str]:
    """Environment variables of this process that say where data sets lie, with absolute paths."""
    names = (DATA_ROOT_VARIABLE, CACHE_VARIABLE)
    return {name: str(Path(os.environ[name]).expanduser().absolute()) for name in names if os.environ.get(name)}
