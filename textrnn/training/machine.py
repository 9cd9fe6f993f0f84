"""What a run leaves to the machine: the device, the precision, the memory that is freed; and how long it lasts."""

import ctypes
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from textrnn.errors import UsageError
from textrnn.training.defaults import ChosenSettings

DEFAULT_MINUTES = 10.0
MOST_EPOCHS = 40.0  # with minutes alone: more of a small text is learnt by heart


def on_this_machine(settings: ChosenSettings) -> ChosenSettings:
    """The settings with device, precision and end made definite."""
    device = find_device(settings.device)
    precision = settings.precision
    if precision == "auto":
        precision = "bfloat16" if bfloat16_is_fast(device) else "float32"
    no_end = not (settings.minutes or settings.epochs or settings.steps)
    minutes = DEFAULT_MINUTES if no_end else settings.minutes
    epochs = settings.epochs or (MOST_EPOCHS if minutes else 0.0)
    update = {"device": device, "precision": precision, "minutes": minutes, "epochs": epochs}
    return settings.model_copy(update=update)


@contextmanager
def one_thread() -> Iterator[None]:
    """With one thread of PyTorch's: networks of a few units take longer on several, which wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def find_device(name: str) -> str:
    """A device that is there; `auto` takes the first of cuda, mps and cpu."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return next(device for device, is_there in present.items() if is_there)
    if not present.get(name.partition(":")[0]):
        there = ", ".join(device for device, is_there in present.items() if is_there)
        raise UsageError(f"there is no device {name!r} here; there are: auto, {there}")
    return name


def bfloat16_is_fast(device: str) -> bool:
    """Whether a matrix product is at least half as fast again in bfloat16 as in float32, by trying."""
    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device != "cpu":
        return False
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        a, b = torch.ones(64, 512, dtype=dtype), torch.ones(512, 2048, dtype=dtype)
        times = []
        for _ in range(6):
            begin = time.perf_counter()
            torch.mm(a, b)
            times.append(time.perf_counter() - begin)
        seconds[dtype] = min(times)
    return seconds[torch.float32] > 1.5 * seconds[torch.bfloat16]


def keep_freed_memory() -> None:
    """Let the C library keep freed blocks: else each step gets fresh pages from the system, a fifth of its time."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # not glibc
        return
    trim_threshold, mmap_max = -1, -4
    mallopt(mmap_max, 0)
    mallopt(trim_threshold, 2**31 - 1)
