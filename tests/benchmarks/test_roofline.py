"""The roofline: whichever of arithmetic and memory takes longer; and devices by their names."""

import pytest

from benchmarks.known_devices import KnownDevice, known_device
from benchmarks.model_flops import StepBytes
from benchmarks.roofline import Workload

DEVICE = KnownDevice(bfloat16=1e12, tf32=5e11, float32=1e11, float64=None, bandwidth=1e10)


@pytest.mark.parametrize(
    ("flops", "batch", "ceiling", "limit"),
    [
        (10**8, 1, 1e10 / 2e6, "memory"),  # a million bytes for the image, one for the step
        (10**8, 10, 10 * 1e10 / 11e6, "memory"),  # those of the step are shared
        (10**10, 1, 100.0, "arithmetic"),
    ],
)
def test_the_slower_of_arithmetic_and_memory_limits(flops, batch, ceiling, limit):
    work = Workload(flops, StepBytes(per_image=10**6, per_step=10**6))
    assert work.ceiling(batch, DEVICE, peak=1e12) == pytest.approx(ceiling)
    assert work.limit(batch, DEVICE, peak=1e12) == limit


def test_balance_is_where_both_take_equally_long():
    work = Workload(flops=int(DEVICE.balance * 10**6), moved=StepBytes(per_image=10**6, per_step=0))
    assert work.intensity(7) == pytest.approx(DEVICE.balance)
    assert work.ceiling(7, DEVICE, DEVICE.bfloat16) == pytest.approx(DEVICE.bandwidth / 1e6)


@pytest.mark.parametrize(
    ("name", "teraflops", "terabytes"),
    [
        ("NVIDIA H200", 989.5, 4.8),
        ("NVIDIA H200 NVL", 835.5, 4.8),
        ("NVIDIA H100 80GB HBM3", 989.5, 3.35),
        ("NVIDIA H100 PCIe", 756.5, 2.0),
        ("NVIDIA A100-SXM4-80GB", 312.0, 2.039),
        ("NVIDIA A100 80GB PCIe", 312.0, 1.935),
        ("NVIDIA A100-SXM4-40GB", 312.0, 1.555),
        ("NVIDIA L40S", 362.0, 0.864),
        ("NVIDIA L4", 121.0, 0.3),
    ],
)
def test_peaks_of_a_known_device(name, teraflops, terabytes):
    device = known_device(name)
    assert (device.bfloat16, device.bandwidth) == pytest.approx((teraflops * 1e12, terabytes * 1e12))


@pytest.mark.parametrize("name", ["cpu", "NVIDIA L40", "NVIDIA GeForce RTX 3090"])
def test_the_peaks_of_other_devices_are_unknown(name):
    assert known_device(name) is None
