"""What evaluate says of a translator: its figures, beside another, and a picture of BLEU by source length."""

from pathlib import Path
from typing import TYPE_CHECKING

from textrnn.cli.output import write_metrics
from textrnn.cli.stream import report_repairs
from textrnn.errors import UsageError
from textrnn.extras import require
from textrnn.tasks.translation_evaluation import evaluate_pairs

if TYPE_CHECKING:
    from textrnn.tasks.translator import Translator
    from textrnn.text.pairs import PairedLines, Pairs

PICTURE = ".png"


def write_translation_figures(
    translator: "Translator",
    pairs: "Pairs | PairedLines",
    *,
    on: str,
    beam: int,
    length_penalty: float,
    rival: "Translator | None",
    by_length: str | None,
    format: str,
    out: str | None,
) -> None:
    """A row for each figure, and the picture. rival: to be compared with on the same pairs."""
    found, *others = (
        evaluate_pairs(model, pairs, on=on, beam=beam, length_penalty=length_penalty)
        for model in (translator, rival)
        if model is not None
    )
    metrics = found.metrics()
    for other in others:
        metrics += found.against(other)
    write_metrics(metrics, out, format)
    if by_length:
        from textrnn.pictures.translation import bleu_by_length_picture

        bleu_by_length_picture(found.by_length(), by_length)
    report_repairs(pairs)


def check_picture(file: str | None) -> None:
    """Raise UsageError, before any work, for a file that a picture cannot be written to."""
    if file and Path(file).suffix != PICTURE:
        raise UsageError(f"--by-length writes a picture, whose name ends in {PICTURE}, not {file}")
    if file:
        require("eval", "--by-length")
