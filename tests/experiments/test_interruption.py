"""Ctrl-C and SIGTERM: which of them interrupts, at once or after the step, and with which exit code."""

import signal
import sys
import threading

import pytest

from experiments.interruption import deferred_interrupt, sigterm_as_ctrl_c


@pytest.fixture
def sigterm():
    """Sends SIGTERM to this process, which must have a handler for it."""

    def send():
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL, "it would end the tests"
        signal.raise_signal(signal.SIGTERM)

    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    yield send
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_the_first_press_is_noted_and_the_second_raises(ctrl_c):
    before = signal.getsignal(signal.SIGINT)
    with deferred_interrupt() as interrupt:
        assert not interrupt.requested
        ctrl_c()
        assert interrupt.requested
        with pytest.raises(KeyboardInterrupt):
            ctrl_c()
    assert signal.getsignal(signal.SIGINT) is before


def test_the_handler_is_put_back_after_an_error(ctrl_c):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match="inside"), deferred_interrupt():
        raise ValueError("inside")
    assert signal.getsignal(signal.SIGINT) is before


def test_an_ignored_ctrl_c_stays_ignored(ctrl_c):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with deferred_interrupt() as interrupt:
        ctrl_c()
        assert not interrupt.requested
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_another_thread_trains_without_touching_the_handler(ctrl_c):
    before, seen = signal.getsignal(signal.SIGINT), []

    def work():
        with deferred_interrupt() as interrupt:
            seen.append((interrupt.requested, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, before)]


def test_sigterm_interrupts_as_ctrl_c_does(sigterm):
    with pytest.raises(KeyboardInterrupt), sigterm_as_ctrl_c() as termination:
        sigterm()
    assert termination.received


@pytest.mark.parametrize(("code", "seen"), [(130, 143), (0, 0), (2, 2)])
def test_only_an_interrupted_command_gets_another_exit_code(sigterm, code, seen):
    @sigterm_as_ctrl_c()
    def command():
        with pytest.raises(KeyboardInterrupt):
            sigterm()
        sys.exit(code)

    for _ in range(2):  # the decorator serves any number of calls
        with pytest.raises(SystemExit) as stop:
            command()
        assert stop.value.code == seen


def test_an_exit_code_of_ctrl_c_stays(sigterm):
    with pytest.raises(SystemExit) as stop, sigterm_as_ctrl_c():
        sys.exit(130)
    assert stop.value.code == 130


def test_sigterm_waits_for_the_end_of_the_step_and_the_second_does_not(sigterm, ctrl_c):
    with sigterm_as_ctrl_c() as termination:
        with deferred_interrupt() as interrupt:
            sigterm()
            assert interrupt.requested
            assert termination.received
            with pytest.raises(KeyboardInterrupt):
                ctrl_c()
        with pytest.raises(KeyboardInterrupt):
            sigterm()


def test_sigterm_is_deferred_where_ctrl_c_is_ignored(sigterm, ctrl_c):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with sigterm_as_ctrl_c(), deferred_interrupt() as interrupt:
        ctrl_c()
        assert not interrupt.requested
        sigterm()
        assert interrupt.requested


def test_a_handler_that_somebody_has_set_stays(sigterm):
    seen = []
    signal.signal(signal.SIGTERM, lambda *_: seen.append(True))
    try:
        with sigterm_as_ctrl_c(), deferred_interrupt() as interrupt:
            sigterm()
        assert seen == [True]
        assert not interrupt.requested
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
