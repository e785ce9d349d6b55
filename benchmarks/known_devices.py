"""What NVIDIA's data sheets say of a device: most operations and bytes a second, by words of its name.

Sources: data sheets and architecture white papers of the NVIDIA H200, H100, A100, L40S and L4 Tensor Core GPUs
(nvidia.com/en-us/data-center). Dense: half of what they quote with sparsity.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class KnownDevice:
    """Peaks of one device.

    Attributes
    ----------
    bfloat16
        Products of bfloat16 matrices with float32 sums, on tensor cores, in operations a second.
    tf32
        Products of float32 matrices whose factors are rounded to TensorFloat-32, on tensor cores.
    float32
        float32, without tensor cores.
    float64
        float64, on tensor cores where the device has any for it; None where the data sheet gives none.
    bandwidth
        Of the device's memory, in bytes a second.
    """

    bfloat16: float
    tf32: float
    float32: float
    float64: float | None
    bandwidth: float

    @property
    def balance(self) -> float:
        """bfloat16 operations for each byte, below which the memory limits the speed."""
        return self.bfloat16 / self.bandwidth


def _of(bfloat16: float, tf32: float, float32: float, float64: float | None, terabytes: float) -> KnownDevice:
    """Give peaks in 10^12 a second."""
    tera = 1e12
    double = None if float64 is None else tera * float64
    return KnownDevice(tera * bfloat16, tera * tf32, tera * float32, double, tera * terabytes)


# The first whose words stand in the name counts.
KNOWN_DEVICES = {
    "H200 NVL": _of(835.5, 417.5, 60.0, 60.0, 4.8),
    "H200": _of(989.5, 494.5, 67.0, 67.0, 4.8),
    "H100 PCIe": _of(756.5, 378.0, 51.0, 51.0, 2.0),
    "H100 NVL": _of(835.5, 417.5, 60.0, 60.0, 3.9),
    "H100": _of(989.5, 494.5, 67.0, 67.0, 3.35),
    "A100 SXM4 80GB": _of(312.0, 156.0, 19.5, 19.5, 2.039),
    "A100 80GB PCIe": _of(312.0, 156.0, 19.5, 19.5, 1.935),
    "A100": _of(312.0, 156.0, 19.5, 19.5, 1.555),
    "L40S": _of(362.0, 183.0, 91.6, None, 0.864),
    "L4": _of(121.0, 60.0, 30.3, None, 0.3),
}


def known_device(name: str) -> KnownDevice | None:
    """The device of that name, as torch tells it; None where it is not in the table."""
    words = f" {name.replace('-', ' ')} "
    return next((device for part, device in KNOWN_DEVICES.items() if f" {part} " in words), None)
