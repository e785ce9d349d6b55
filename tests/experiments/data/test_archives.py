"""Archives from strangers: members that lead elsewhere, links and devices are refused."""

import tarfile
import zipfile

import pytest

from experiments.data.catalog import load_image_set
from experiments.data.errors import DataFileError
from experiments.data.formats.archives import members, require_safe_name
from tests.experiments.data.official_files import picture_bytes, random_images, write_tar, write_zip


def every_name(name):
    return True


@pytest.mark.parametrize("name", ["../../evil.png", "/etc/passwd", "C:\\evil.png", "..\\evil.png", "a/../../b", ""])
def test_member_names_that_lead_out_of_the_archive_are_refused(name, tmp_path):
    with pytest.raises(DataFileError, match="refused"):
        require_safe_name(name, tmp_path / "archive.zip")


@pytest.mark.parametrize("writer", [write_zip, write_tar])
@pytest.mark.parametrize("evil", ["../evil.png", "/tmp/evil.png"])
def test_an_archive_with_such_a_member_is_refused_before_anything_is_decoded(writer, evil, root, cache):
    (root / "notmnist").mkdir()
    archive = root / "notmnist" / "notMNIST_small.tar.gz"
    writer(archive, {evil: picture_bytes(random_images(0, 1, 1, 28, 28)[0])})
    with pytest.raises(DataFileError, match="leads out of the archive") as caught:
        load_image_set("notmnist")
    assert str(archive) in str(caught.value)
    assert not (root / "evil.png").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_archive_are_refused(kind, tmp_path):
    archive = tmp_path / "archive.tar"
    with tarfile.open(archive, "w") as file:
        info = tarfile.TarInfo("link.png")
        info.type, info.linkname = kind, "/etc/passwd"
        file.addfile(info)
    with pytest.raises(DataFileError, match="not a plain file"):
        list(members(archive, every_name))


def test_links_in_a_zip_archive_are_refused(tmp_path):
    archive = tmp_path / "archive.zip"
    info = zipfile.ZipInfo("link.png")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(info, "/etc/passwd")
    with pytest.raises(DataFileError, match="not a plain file"):
        list(members(archive, every_name))
