import json
import os
from contextlib import suppress
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from curvature.errors import CheckpointError, ConfigError, RunDirectoryError
from experiments.storage.serialisation import content_hash
from experiments.storage.tensor_file import write_tensors
from experiments.training import checkpoint
from experiments.training.checkpoint import Checkpoint, load_ema_weights, read_checkpoint, save_checkpoint
from experiments.training.loop import train


def example(**changes):
    generator = torch.Generator().manual_seed(0)
    kernel = torch.randn(4, 3, 2, 2, generator=generator)
    return Checkpoint(
        step=changes.pop("step", 7),
        identity={"model": {"width": 3}},
        progress={"seconds": 0.1 + 0.2},
        model={
            "kernel": kernel.to(memory_format=torch.channels_last),
            "flag": torch.tensor(True),
            "empty": torch.zeros(0, 3),
            "low": kernel.bfloat16(),
        },
        average={"kernel": kernel.double()},
        optimizer={"step/kernel": torch.tensor(7.0)},
    )


def test_every_bit_comes_back(tmp_path):
    path, saved = tmp_path / "c.safetensors", example()
    save_checkpoint(path, saved)
    read = read_checkpoint(path)
    assert (read.step, read.identity, read.progress) == (7, saved.identity, saved.progress)
    for group in ("model", "average", "optimizer"):
        mine, other = getattr(saved, group), getattr(read, group)
        assert mine.keys() == other.keys()
        for name in mine:
            assert mine[name].dtype == other[name].dtype
            assert torch.equal(mine[name], other[name])
    assert os.listdir(tmp_path) == ["c.safetensors"]


def test_a_write_that_fails_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, example())

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunDirectoryError, match="No space left"):
        save_checkpoint(path, example(step=8))
    assert read_checkpoint(path).step == 7
    assert os.listdir(tmp_path) == ["c.safetensors"]


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="there is no checkpoint; train first"):
        read_checkpoint(tmp_path / "c.safetensors")


@pytest.mark.parametrize("length", [0, 5, 100, -1])
def test_a_truncated_checkpoint_is_damaged(tmp_path, length):
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, example())
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(CheckpointError, match="is damaged"):
        read_checkpoint(path)


def test_one_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, example())
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="its checksum differs"):
        read_checkpoint(path)


def test_another_safetensors_file_is_no_checkpoint(tmp_path):
    save_file({"a": torch.zeros(2)}, tmp_path / "c.safetensors")
    with pytest.raises(CheckpointError, match="expected a file of format"):
        read_checkpoint(tmp_path / "c.safetensors")


def test_missing_metadata_or_an_unknown_group_is_damage(tmp_path):
    path = tmp_path / "c.safetensors"
    save_file({"a": torch.zeros(2)}, path, {"format": "likelihood-curvature checkpoint 1"})
    with pytest.raises(CheckpointError, match="is damaged"):
        read_checkpoint(path)


def test_averaged_weights_come_back_into_a_new_model(trained, tiny_flow):
    model, run, _ = trained
    again = tiny_flow()
    assert load_ema_weights(again, run.checkpoint_path) == 12
    assert not again.training
    for mine, other in zip(again.state_dict().values(), model.state_dict().values(), strict=True):
        assert torch.equal(mine, other)
    checkpoint = read_checkpoint(run.checkpoint_path)
    assert not torch.equal(checkpoint.model["shift"], again.shift)


def test_a_loaded_glow_is_initialised_and_gives_the_same_bits(tiny_glow, colour_images, short, new_run):
    model, run = tiny_glow(seed=1), new_run()
    train(model, colour_images, replace(short, channels_last=True), run)
    again = tiny_glow(seed=2)
    load_ema_weights(again, run.checkpoint_path)
    assert again.is_initialised
    x = torch.rand(5, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(again.log_prob(x), model.log_prob(x))
    for name, tensor in again.state_dict().items():
        assert torch.equal(tensor, model.state_dict()[name])


def test_another_activation_does_not_fit_though_every_shape_does(tiny_glow, colour_images, short, new_run):
    run = new_run()
    train(tiny_glow(), colour_images, short, run)
    with pytest.raises(CheckpointError, match=r'model\.config\.activation: "silu" -> "tanh"'):
        load_ema_weights(tiny_glow(activation="tanh"), run.checkpoint_path)


def test_what_is_missing_unexpected_or_misshapen_is_listed_in_one_line(trained, tiny_flow):
    _, run, _ = trained
    other = tiny_flow()
    other.shift = nn.Parameter(torch.zeros(2))
    other.extra = nn.Parameter(torch.zeros(1))
    del other.unused
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    message = r"missing: extra; unexpected: unused; of another shape: shift \[1, 4, 4\] for \[2\]"
    with pytest.raises(CheckpointError, match=message) as caught:
        load_ema_weights(other, run.checkpoint_path)
    assert "\n" not in str(caught.value)
    assert all(torch.equal(tensor, before[name]) for name, tensor in other.state_dict().items())


def test_long_lists_are_cut(trained, tiny_flow):
    _, run, _ = trained
    other = tiny_flow()
    for i in range(7):
        other.register_parameter(f"extra{i}", nn.Parameter(torch.zeros(1)))
    with pytest.raises(CheckpointError, match="extra0, extra1, extra2, extra3 and 3 more"):
        load_ema_weights(other, run.checkpoint_path)


@pytest.mark.parametrize("group", ["model", "average", "optimizer"])
def test_a_checkpoint_that_lost_a_tensor_cannot_be_resumed(trained, tiny_flow, images, short, group):
    _, run, _ = trained
    whole = read_checkpoint(run.checkpoint_path)
    tensors = dict(getattr(whole, group))
    lost = next(name for name in tensors if name.endswith("shift"))
    del tensors[lost]
    save_checkpoint(run.checkpoint_path, replace(whole, **{group: tensors}))
    with pytest.raises(CheckpointError, match=f"missing: {lost}"):
        train(tiny_flow(), images, short, run, resume=True)


def test_other_running_sums_are_damage(trained, tiny_flow, images, short):
    _, run, _ = trained
    save_checkpoint(run.checkpoint_path, replace(read_checkpoint(run.checkpoint_path), progress={"x": 1.0}))
    with pytest.raises(CheckpointError, match="is damaged"):
        train(tiny_flow(), images, short, run, resume=True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"identity": "[1, 2]"}, "identity: expected a JSON object"),
        ({"identity": '{"a":' * 100_000}, "identity: it is nested more than"),
        ({"identity": '{"model": NaN}'}, "identity: NaN is no finite number"),
        ({"identity": None}, "identity"),
        ({"step": "-3"}, "step: expected a whole number of at least 0, got '-3'"),
        ({"step": "1e3"}, "step: expected a whole number"),
        ({"step": ""}, "step: expected a whole number"),
        ({"step": "9" * 5000}, "step: expected a whole number"),
        ({"progress": "[]"}, "progress: expected a JSON object"),
        ({"progress": '{"steps": "two"}'}, "progress: expected numbers alone"),
    ],
)
def test_words_that_training_never_writes_are_damage_although_the_checksum_fits(changes, words, tmp_path):
    identity = json.dumps({"model": {}})
    sound = {"step": "3", "identity": identity, "progress": "{}"}
    metadata = {key: word for key, word in {**sound, **changes}.items() if word is not None}
    with suppress(ValueError, RecursionError, ConfigError):
        metadata["identity_sha256"] = content_hash(json.loads(metadata.get("identity", "{}")))
    metadata.setdefault("identity_sha256", content_hash({}))
    path = tmp_path / "checkpoint.safetensors"
    write_tensors(path, checkpoint.FORMAT, {"model/weight": torch.ones(2)}, metadata)
    with pytest.raises(CheckpointError, match=words):
        read_checkpoint(path)


def test_a_tensor_of_no_group_is_damage(tmp_path):
    metadata = {"step": "3", "identity": "{}", "identity_sha256": content_hash({}), "progress": "{}"}
    path = tmp_path / "checkpoint.safetensors"
    write_tensors(path, checkpoint.FORMAT, {"weight": torch.ones(2)}, metadata)
    with pytest.raises(CheckpointError, match="belongs to none of model, average, optimizer"):
        read_checkpoint(path)
