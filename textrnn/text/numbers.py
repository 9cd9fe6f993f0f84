"""Vectors that are given as text: numbers between commas, or a list of them as JSON writes it."""

import math
import re

import numpy as np
from numpy.typing import NDArray

from textrnn.errors import DataError

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
BETWEEN = re.compile(r"\s*[,\s]\s*", re.ASCII)
Vectors = NDArray[np.float32]  # (count, size)


def numbers_in(text: str) -> tuple[float, ...] | None:
    """The numbers of "0.5", "0.5,1" or "[0.5, 1]"; None where it is anything else, or beyond what a float32 holds.

    >>> numbers_in("[0.5, -1e-3]")
    (0.5, -0.001)
    """
    inner = text.strip()
    if inner.startswith("[") and inner.endswith("]"):
        inner = inner[1:-1].strip()
    parts = BETWEEN.split(inner)
    if not all(map(NUMBER.fullmatch, parts)):
        return None
    found = tuple(map(float, parts))
    return found if all(map(fits, found)) else None


def fits(number: float) -> bool:
    """Whether it is a finite float32."""
    return math.isfinite(number) and abs(number) <= float(np.finfo(np.float32).max)


def read_vectors(file: str) -> Vectors:
    """The rows of an .npy file, each a number alone where it has one axis; DataError says what is wrong with it."""
    try:
        found = np.lib.format.open_memmap(file, mode="r")  # no pickle, and no more than the file holds
    except FileNotFoundError:
        raise DataError(f"there is no file {file}") from None
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise DataError(f"{file} is not an .npy file of numbers: {' '.join(str(error).split())[:200]}") from None
    if found.dtype.kind not in "fiub":
        raise DataError(f"{file} is not an .npy file of numbers, but of {found.dtype}")
    if found.ndim not in (1, 2) or not found.size:
        raise DataError(f"{file} has shape {found.shape}: a row of numbers for each record is needed, (rows, numbers)")
    with np.errstate(over="ignore"):
        rows = found.astype(np.float32).reshape(len(found), -1)
    wrong = np.flatnonzero(~np.isfinite(rows).all(1))
    if len(wrong):
        raise DataError(f"{file}, row {wrong[0] + 1}: a number that is not finite")
    return rows
