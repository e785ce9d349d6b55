"""Files of every official format, written from arrays, so that readers can be held against what went in."""

import gzip
import io
import tarfile
import zipfile

import numpy as np
from PIL import Image
from scipy.io import savemat

TRAIN_COUNT, TEST_COUNT = 6, 4


def idx_bytes(images):
    """[N, H, W] uint8 as a gzipped IDX file."""
    header = bytes((0, 0, 8, 3)) + np.array(images.shape, ">u4").tobytes()
    return gzip.compress(header + images.tobytes(), mtime=0)


def cifar_bytes(images, label_bytes):
    """[N, 3, 32, 32] as records of labels and pixels."""
    labels = np.zeros((len(images), label_bytes), np.uint8)
    return np.concatenate([labels, images.reshape(len(images), -1)], 1).tobytes()


def picture_bytes(picture, kind="PNG"):
    """[C, H, W] as a picture file."""
    file = io.BytesIO()
    Image.fromarray(picture[0] if len(picture) == 1 else np.ascontiguousarray(picture.transpose(1, 2, 0))).save(
        file, kind
    )
    return file.getvalue()


def flat_jpegs(seed, count, height, width):
    """JPEG files of colour pictures of one colour each, and those pictures as they are decoded."""
    files = [picture_bytes(picture, "JPEG") for picture in flat_pictures(seed, count, 3, height, width)]
    return files, np.stack([np.asarray(Image.open(io.BytesIO(file))).transpose(2, 0, 1) for file in files])


def write_zip(path, contents):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in contents.items():
            file.writestr(name, content)


def write_tar(path, contents):
    with tarfile.open(path, "w:gz") as file:
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))


def npz_bytes(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def random_images(seed, count, *shape):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def flat_pictures(seed, count, channels, height, width):
    """Pictures of one colour each: cropping and averaging leave them as they are."""
    colours = np.random.default_rng(seed).integers(0, 256, (count, channels, 1, 1), dtype=np.uint8)
    return np.broadcast_to(colours, (count, channels, height, width)).copy()


def write_mnist_like(directory):
    train, test = random_images(0, TRAIN_COUNT, 28, 28), random_images(1, TEST_COUNT, 28, 28)
    (directory / "train-images-idx3-ubyte.gz").write_bytes(idx_bytes(train))
    (directory / "t10k-images-idx3-ubyte.gz").write_bytes(idx_bytes(test))
    return train[:, None], test[:, None]


def write_emnist(directory):
    train, test = random_images(0, TRAIN_COUNT, 28, 28), random_images(1, TEST_COUNT, 28, 28)
    contents = {
        f"gzip/emnist-letters-{split}-images-idx3-ubyte.gz": idx_bytes(np.ascontiguousarray(images.transpose(0, 2, 1)))
        for split, images in (("train", train), ("test", test))
    }
    write_zip(directory / "gzip.zip", {**contents, "gzip/emnist-digits-test-images-idx3-ubyte.gz": b"not read"})
    return train[:, None], test[:, None]


def write_notmnist(directory):
    train, test = random_images(0, TRAIN_COUNT, 1, 28, 28), random_images(1, TEST_COUNT, 1, 28, 28)
    for folder, images in (("notMNIST_large", train), ("notMNIST_small", test)):
        # Backwards, since tar archives keep no order of names; with one of the pictures that are known to be empty, and
        # a sound one of the same font under another letter.
        font = {"large": "Um9tYW5hIEJvbGQucGZi.png", "small": "RGVtb2NyYXRpY2FCb2xkT2xkc3R5bGUgQm9sZC50dGY=.png"}
        font = font[folder.removeprefix("notMNIST_")]
        names = [*(f"{folder}/A/{number:03}.png" for number in range(len(images) - 1)), f"{folder}/C/{font}"]
        named = [(name, picture_bytes(image)) for name, image in zip(names, images, strict=True)]
        empty = {f"{folder}/A/{font}": b""}
        write_tar(directory / f"{folder}.tar.gz", {**dict(reversed(named)), **empty})
    return train, test


def write_omniglot(directory):
    train, test = flat_pictures(0, TRAIN_COUNT, 1, 105, 105), flat_pictures(1, TEST_COUNT, 1, 105, 105)
    for folder, images in (("images_background", train), ("images_evaluation", test)):
        named = {f"{folder}/Greek/character01/{n:04}_01.png": picture_bytes(image) for n, image in enumerate(images)}
        write_zip(directory / f"{folder}.zip", named)
    return train[:, :, :28, :28], test[:, :, :28, :28]


def write_cifar10(directory):
    train, test = random_images(0, 5 * 2, 3, 32, 32), random_images(1, TEST_COUNT, 3, 32, 32)
    batches = {f"data_batch_{n + 1}.bin": cifar_bytes(train[2 * n : 2 * n + 2], 1) for n in range(5)}
    contents = {**batches, "test_batch.bin": cifar_bytes(test, 1), "readme.html": b"<html>"}
    named = {f"cifar-10-batches-bin/{name}": content for name, content in reversed(contents.items())}
    write_tar(directory / "cifar-10-binary.tar.gz", named)
    return train, test


def write_cifar100(directory):
    train, test = random_images(0, TRAIN_COUNT, 3, 32, 32), random_images(1, TEST_COUNT, 3, 32, 32)
    contents = {"train.bin": cifar_bytes(train, 2), "test.bin": cifar_bytes(test, 2)}
    write_tar(directory / "cifar-100-binary.tar.gz", {f"cifar-100-binary/{k}": v for k, v in contents.items()})
    return train, test


def write_svhn(directory):
    train, test = random_images(0, TRAIN_COUNT, 3, 32, 32), random_images(1, TEST_COUNT, 3, 32, 32)
    for split, images in (("train", train), ("test", test)):
        labels = np.ones((len(images), 1), np.uint8)
        arrays = {"X": images.transpose(2, 3, 1, 0), "y": labels}
        savemat(directory / f"{split}_32x32.mat", arrays, do_compression=True)
    return train, test


def write_celeba(directory):
    files, images = flat_jpegs(0, TRAIN_COUNT + TEST_COUNT + 1, 218, 178)
    partitions = [0] * TRAIN_COUNT + [1] + [2] * TEST_COUNT
    names = [f"{number + 1:06}.jpg" for number in range(len(images))]
    contents = {f"img_align_celeba/{name}": file for name, file in zip(names, files, strict=True)}
    write_zip(directory / "img_align_celeba.zip", contents)
    lines = [f"{name} {partition}\n" for name, partition in zip(names, partitions, strict=True)]
    (directory / "list_eval_partition.txt").write_text("".join(lines))
    small = images[:, :, :32, :32]
    return small[:TRAIN_COUNT], small[-TEST_COUNT:]


def write_imagenet32(directory):
    train, test = random_images(0, 10 * 2, 3, 32, 32), random_images(1, TEST_COUNT, 3, 32, 32)
    batches = {
        f"train_data_batch_{n + 1}.npz": npz_bytes(data=train[2 * n : 2 * n + 2].reshape(2, -1), labels=np.ones(2, int))
        for n in range(10)
    }
    write_zip(directory / "Imagenet32_train_npz.zip", batches)
    validation = {"val_data.npz": npz_bytes(data=test.reshape(len(test), -1), labels=np.ones(len(test), int))}
    write_zip(directory / "Imagenet32_val_npz.zip", validation)
    return train, test


def write_tiny_imagenet(directory):
    (train_files, train), (test_files, test) = flat_jpegs(0, TRAIN_COUNT, 64, 64), flat_jpegs(1, TEST_COUNT, 64, 64)
    folder = "tiny-imagenet-200"
    names = [f"{folder}/train/n0000000{n % 2}/images/n0000000{n % 2}_{n}.JPEG" for n in range(TRAIN_COUNT)]
    contents = dict(zip(names, train_files, strict=True))
    order = sorted(range(TRAIN_COUNT), key=lambda n: names[n])
    contents.update({f"{folder}/val/images/val_{n}.JPEG": file for n, file in enumerate(test_files)})
    contents.update({f"{folder}/test/images/test_0.JPEG": b"not read", f"{folder}/wnids.txt": b"n00000000\n"})
    write_zip(directory / "tiny-imagenet-200.zip", contents)
    return train[order][:, :, :32, :32], test[:, :, :32, :32]


WRITERS = {
    "mnist": write_mnist_like,
    "fashion_mnist": write_mnist_like,
    "kmnist": write_mnist_like,
    "notmnist": write_notmnist,
    "emnist_letters": write_emnist,
    "omniglot": write_omniglot,
    "cifar10": write_cifar10,
    "cifar100": write_cifar100,
    "svhn": write_svhn,
    "celeba32": write_celeba,
    "imagenet32": write_imagenet32,
    "tinyimagenet32": write_tiny_imagenet,
}


def write_official(name, directory):
    """Write the official files of a set; the images of `train` and `test` that they stand for, in the files' order."""
    directory.mkdir(parents=True, exist_ok=True)
    train, test = WRITERS[name](directory)
    return {"train": train, "test": test}
