"""A file's digest is that of its bytes, however many there are."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.storage.file_digest import file_digest


@settings(max_examples=20, deadline=None)
@given(content=st.binary(max_size=300), repeats=st.integers(1, 3000), algorithm=st.sampled_from(["sha256", "md5"]))
def test_the_digest_is_that_of_all_bytes_at_once(tmp_path_factory, content, repeats, algorithm):
    path = tmp_path_factory.getbasetemp() / "file"
    path.write_bytes(content * repeats)
    assert file_digest(path, algorithm) == hashlib.new(algorithm, content * repeats).hexdigest()


def test_sha256_is_the_default(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")  # the example of FIPS 180-2
    assert file_digest(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_missing_file_has_none(tmp_path):
    with pytest.raises(FileNotFoundError):
        file_digest(tmp_path / "missing")
