"""Downloads from a server on this machine: whole and right, or not there at all."""

import errno
import hashlib
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from experiments.data import checksums, fetching
from experiments.data.catalog import load_image_set
from experiments.data.data_set import OfficialFile, OfficialSource, OfficialSplit
from experiments.data.errors import ChecksumError, DataNotFoundError, DownloadError
from experiments.data.fetching import download, fetch, missing_files
from experiments.data.registry import SOURCES
from experiments.data.verification import verify_set
from tests.experiments.data.official_files import npz_bytes, random_images, write_official

TRAIN, TEST = "train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"


class Handler(BaseHTTPRequestHandler):
    def __init__(self, server_files, requests, cut, *args):
        self.server_files, self.requests, self.cut = server_files, requests, cut
        super().__init__(*args)

    def do_GET(self):
        self.requests.append(self.path)
        content = self.server_files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if self.path in self.cut else content)

    def log_message(self, *args):
        pass


class Server:
    """Files by path, the paths that were asked for, and those whose connection breaks half-way."""

    def __init__(self):
        self.files, self.requests, self.cut = {}, [], set()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, self.files, self.requests, self.cut))
        self.address = f"http://127.0.0.1:{self.http.server_port}"


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=partial(server.http.serve_forever, poll_interval=0.02))
    thread.start()
    yield server
    server.http.shutdown()
    thread.join()
    server.http.server_close()


@pytest.fixture
def mnist(server, tmp_path, monkeypatch):
    """MNIST's official files on the server, with the sums that they really have; the images in them."""
    images = write_official("mnist", tmp_path / "served")
    files = []
    for name in (TRAIN, TEST):
        content = (tmp_path / "served" / name).read_bytes()
        server.files[f"/{name}"] = content
        checksum = f"sha256:{hashlib.sha256(content).hexdigest()}"
        files.append(OfficialFile(name, (f"{server.address}/{name}",), checksum, len(content)))
    splits = {"train": OfficialSplit((TRAIN,), 6), "test": OfficialSplit((TEST,), 4)}
    monkeypatch.setitem(SOURCES, "mnist", OfficialSource(tuple(files), splits))
    return images


def left_behind(directory):
    return sorted(path.name for path in directory.rglob("*") if path.is_file()) if directory.exists() else []


def test_fetch_downloads_into_the_cache_what_can_then_be_loaded(mnist, server, cache):
    assert [path.name for path in fetch("mnist")] == [TRAIN, TEST]
    assert len(load_image_set("mnist", "train")) == 6
    assert fetch("mnist") == []
    assert server.requests == [f"/{TRAIN}", f"/{TEST}"]
    assert all(check.passed for check in verify_set("mnist"))


def test_only_what_is_in_neither_place_is_downloaded(mnist, server, root, cache):
    (root / "mnist").mkdir()
    (root / "mnist" / "train.npz").write_bytes(npz_bytes(images=random_images(0, 3, 28, 28, 1)))
    assert [file.name for file in missing_files("mnist")] == [TEST]
    fetch("mnist")
    assert server.requests == [f"/{TEST}"]
    assert len(load_image_set("mnist", "train")) == 3  # the data root comes first


def test_a_damaged_file_in_the_cache_is_downloaded_again(mnist, server, cache):
    fetch("mnist")
    (cache / "mnist" / TEST).write_bytes(b"damaged")
    assert [check.passed for check in verify_set("mnist")] == [True, True, False, False]
    assert [path.name for path in fetch("mnist")] == [TEST]
    assert all(check.passed for check in verify_set("mnist"))


def test_a_file_of_another_checksum_is_not_kept(mnist, server, cache):
    server.files[f"/{TRAIN}"] = b"another file"
    with pytest.raises(DownloadError, match="checksum is another one"):
        fetch("mnist")
    assert left_behind(cache) == []


def test_a_download_that_breaks_off_leaves_nothing(mnist, server, cache):
    server.cut.add(f"/{TRAIN}")
    with pytest.raises(DownloadError, match=TRAIN):
        fetch("mnist")
    assert left_behind(cache) == []


def test_an_interrupted_download_leaves_nothing(mnist, server, cache):
    class Interrupting:
        total = 0

        def update(self, count):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("mnist", lambda file: Interrupting())
    assert left_behind(cache) == []


def test_the_next_address_is_tried_and_a_file_that_is_nowhere_says_so(mnist, server, cache):
    right = SOURCES["mnist"].files[1]
    mirrored = OfficialFile(TEST, (f"{server.address}/gone", *right.urls), right.checksum, right.size)
    assert download(mirrored, cache).name == TEST
    assert server.requests == ["/gone", f"/{TEST}"]
    nowhere = OfficialFile(TEST, (f"{server.address}/gone",), right.checksum)
    with pytest.raises(DownloadError, match=r"404.*or put the file into .* by hand"):
        download(nowhere, cache / "other")


def test_a_full_disk_is_told_and_leaves_nothing(mnist, server, cache, monkeypatch):
    class Full:
        total = 0

        def update(self, count):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DownloadError, match=r"No space left on device.*LIKELIHOOD_CURVATURE_CACHE"):
        fetch("mnist", lambda file: Full())
    assert left_behind(cache) == []
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10}))
    with pytest.raises(DownloadError, match="needed"):
        fetch("mnist")
    assert server.requests == [f"/{TRAIN}"]  # too little room is seen before anything is downloaded


def test_a_file_without_a_published_sum_is_recorded_and_held_against_that(cache, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    assert not checksums.require_recorded(path)
    assert checksums.require_recorded(path)
    path.write_bytes(b"changed")
    with pytest.raises(ChecksumError, match=r"is not the recorded one.*checksums\.json"):
        checksums.require_recorded(path)


def test_a_damaged_record_is_not_taken_for_an_empty_one(cache, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    assert not checksums.require_recorded(path)
    (cache / checksums.RECORD).write_text("{")
    with pytest.raises(ChecksumError, match="record of checksums is damaged"):
        checksums.require_recorded(path)


@pytest.mark.parametrize("name", ["celeba32", "imagenet32"])
def test_sets_behind_a_login_say_what_to_download_and_where_to_put_it(name, cache):
    with pytest.raises(DataNotFoundError, match=r"https://.* and put .* into .*data verify") as caught:
        fetch(name)
    assert str(cache / name) in str(caught.value)
    assert all(file.name in str(caught.value) for file in SOURCES[name].files)


def test_an_official_file_with_fewer_images_than_published_fails(mnist, cache, monkeypatch):
    fetch("mnist")
    splits = {"train": OfficialSplit((TRAIN,), 60_000), "test": OfficialSplit((TEST,), 4)}
    monkeypatch.setitem(SOURCES, "mnist", OfficialSource(SOURCES["mnist"].files, splits))
    (failed,) = [check for check in verify_set("mnist") if not check.passed]
    assert "6 images, but 60000 are published" in failed.detail


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://example.org/a", "data:,a", "nonsense"])
def test_an_address_that_is_not_of_the_web_is_told_as_such(address, cache):
    file = OfficialFile("a.gz", (address,), "sha256:" + "0" * 64)
    with pytest.raises(DownloadError, match="expected an address that begins with https:// or http://") as told:
        download(file, cache)
    assert "checksum" not in str(told.value)
    assert left_behind(cache) == []
