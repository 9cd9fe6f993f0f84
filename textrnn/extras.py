"""Optional extras: which packages a command needs beyond the runtime."""

from collections.abc import Sequence
from importlib.util import find_spec

from textrnn.errors import MissingExtra

NEEDS = {"train": ("torch", "onnx", "safetensors"), "eval": ("matplotlib", "sklearn"), "parquet": ("pyarrow",)}


def require(extra: str, what: str, *, packages: Sequence[str] = ()) -> None:
    """Raise MissingExtra, naming the pip command, unless the packages that `what` uses are installed.

    packages: those of them that it uses, where it is not all that NEEDS names.
    """
    if any(find_spec(package) is None for package in packages or NEEDS[extra]):
        raise MissingExtra(what, extra=extra)
