"""Optional extras: which packages a command needs beyond the runtime."""

from importlib.util import find_spec

from textrnn.errors import MissingExtra

NEEDS = {"train": ("torch", "onnx", "safetensors"), "eval": ("matplotlib", "sklearn"), "parquet": ("pyarrow",)}


def require(extra: str, what: str) -> None:
    """Raise MissingExtra, naming the pip command, unless the packages that `what` uses are installed."""
    if any(find_spec(package) is None for package in NEEDS[extra]):
        raise MissingExtra(what, extra=extra)
