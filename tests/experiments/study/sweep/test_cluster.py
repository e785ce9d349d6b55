"""Clusters that are not there: one clear error, soon. Those that we start: closed to everyone else."""

import asyncio
import os
import socket
import sys
import threading
import time
import urllib.error
import urllib.request

import dask
import psutil
import pytest
from distributed import Security
from distributed.core import connect
from distributed.protocol.pickle import dumps

from curvature.errors import ConfigError
from experiments.study.sweep.cluster import ClusterError, local_workers, require_distributed, running_scheduler
from experiments.study.sweep.sweeping import run_sweep
from tests.experiments.study.sweep.tiny import Recorder, tiny_experiment, tiny_sweep


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def fails_with(match, address, timeout=0.5):
    begun = time.monotonic()
    with pytest.raises(ClusterError, match=match), running_scheduler(address, timeout):
        pass
    assert time.monotonic() - begun < 60  # a busy machine included


def test_nobody_at_the_address(free_port):
    fails_with(r"no scheduler answers at .*(refused|no answer).*dask scheduler", f"tcp://127.0.0.1:{free_port}")


@pytest.mark.parametrize(("address", "why"), [("foo://host:1", "unknown address scheme"), ("host", "missing port")])
def test_what_is_no_address(address, why):
    fails_with(f"no scheduler answers at '{address}' \\({why}", address)


def test_something_else_answers():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        fails_with("no scheduler answers", f"tcp://127.0.0.1:{server.getsockname()[1]}", timeout=2)
        thread.join()


def test_an_encrypted_address_without_certificates_is_told_where_to_name_them():
    fails_with(r"needs certificates.*DASK_DISTRIBUTED__COMM__TLS__CA_FILE", "tls://127.0.0.1:1")


@pytest.mark.parametrize("library", ["distributed", "cryptography"])
def test_without_a_library_the_extra_is_named(library, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ConfigError, match=rf"library {library},.* pip install 'likelihood-curvature\[cluster\]'"):
        require_distributed()
    with pytest.raises(ConfigError, match=library):
        run_sweep(tiny_sweep(), tmp_path / "out", Recorder(), experiment_of=tiny_experiment)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("options", [{"workers": 0}, {"workers": 2, "scheduler": "tcp://host:1"}])
def test_workers_that_cannot_be_are_refused(options, tmp_path):
    with pytest.raises(ConfigError, match="--workers"):
        run_sweep(tiny_sweep(), tmp_path / "out", Recorder(), experiment_of=tiny_experiment, **options)
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def client():
    with local_workers(1) as client:
        yield client


def servers(client):
    """Addresses of the scheduler and of its worker."""
    (worker,) = client.scheduler_info()["workers"]
    return {"scheduler": client.scheduler.address, "worker": worker}


OPERATIONS = {"scheduler": "run_function", "worker": "run"}


def run_code(client, server, security, protocol="tls"):
    """Ask a server directly to run a function, without logging on before; what the function returned."""
    address = servers(client)[server].replace("tls://", f"{protocol}://")

    async def ask():
        comm = await connect(address, timeout=2, **security.get_connection_args("client"))
        try:
            await comm.write({"op": OPERATIONS[server], "function": dumps(os.getpid), "args": dumps(())})
            return await asyncio.wait_for(comm.read(), 5)
        finally:
            comm.abort()

    return asyncio.run(ask())["result"]


@pytest.mark.slow
def test_who_holds_the_certificate_can_run_code(client):
    """The tests that follow would prove nothing if their request were wrong."""
    assert run_code(client, "scheduler", client.security) == os.getpid()
    assert [run_code(client, "worker", client.security)] == list(client.run(os.getpid).values())


@pytest.mark.slow
@pytest.mark.parametrize("server", ["scheduler", "worker"])
@pytest.mark.parametrize(
    ("protocol", "security"), [("tcp", Security()), ("tls", Security()), ("tls", Security.temporary())]
)
def test_who_does_not_hold_it_can_neither_connect_nor_run_code(client, server, protocol, security):
    with pytest.raises((OSError, TypeError)):  # TypeError: no certificates at all
        run_code(client, server, security, protocol)
    assert client.run(os.getpid)  # and it still works for us


@pytest.mark.slow
def test_a_client_of_the_library_is_turned_away_too(client):
    fails_with("no scheduler answers", servers(client)["scheduler"].replace("tls://", "tcp://"), timeout=2)


@pytest.mark.slow
def test_nothing_listens_beyond_this_machine_and_no_web_page_is_served(client):
    me = psutil.Process()
    (worker,) = client.run(os.getpid).values()
    ports = {}
    for process in (me, psutil.Process(worker)):
        for connection in process.net_connections():
            if connection.status == psutil.CONN_LISTEN:
                ports[connection.laddr.port] = connection.laddr.ip
    assert {int(address.rpartition(":")[2]) for address in servers(client).values()} <= set(ports)
    assert set(ports.values()) == {"127.0.0.1"}
    (page,) = client.run(lambda dask_worker: dask_worker.http_server.port).values()
    for port in (page, client.cluster.scheduler.http_server.port):
        for path in ("", "status", "info/main/workers.html", "json/counts.json", "health", "metrics", "sysmon"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5)


@pytest.mark.slow
def test_certificates_that_the_settings_name_open_a_scheduler_elsewhere(client, tmp_path):
    names = {"ca-file": "tls_ca_file", "client.cert": "tls_client_cert", "client.key": "tls_client_key"}
    settings = {}
    for option, name in names.items():
        path = tmp_path / f"{name}.pem"
        path.write_text(getattr(client.security, name))
        settings[f"distributed.comm.tls.{option}"] = str(path)
    with dask.config.set(settings), running_scheduler(servers(client)["scheduler"]) as other:
        assert other.run(os.getpid) == client.run(os.getpid)
