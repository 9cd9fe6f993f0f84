"""Translations out: records, what is printed for people, and a summary."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from textrnn.cli.alignment import print_alignment
from textrnn.cli.output import chosen_format, open_output, open_sink
from textrnn.cli.stream import as_rows, stream
from textrnn.errors import DataError
from textrnn.text.signs import printable

if TYPE_CHECKING:
    from textrnn.cli.stream import Fields, Source
    from textrnn.tasks.translation import Translation


def searched(width: int, length_penalty: float) -> str:
    """How translations were looked for, in words."""
    return "greedy" if width == 1 else f"beam {width}, length penalty {length_penalty:g}"


def write_translations(
    found: "Iterable[tuple[Fields, Translation]]",
    source: "Source",
    *,
    attention: str | None,
    html: str | None,
    format: str,
    out: str | None,
) -> None:
    """A record for each; on a terminal, where attention is asked for, a map of it instead."""
    if html is not None:
        from textrnn.cli.alignment_page import translated_on_page

        found = translated_on_page(found, html)
    if attention is not None and chosen_format(format, out) == "table":
        with open_output(out) as file:
            for _, translation in found:
                print_translation(translation, file)
    else:
        with open_sink(out, format) as sink:
            as_record = partial(record_of, attention=attention)
            stream(as_rows(found, as_record), sink, what="texts", source=source, out=out)


def print_translation(translation: "Translation", file: IO[str]) -> None:
    """What a text is translated to, and by which of its words, for people."""
    print(printable(translation.translation), file=file)
    for each in translation.hypotheses or ():
        print(f"  {each.score:.3f}  {printable(each.translation)}", file=file)
    if translation.alignment and translation.alignment.source:
        print_alignment(translation.alignment, file)


def record_of(translation: "Translation", *, attention: str | None) -> dict[str, Any]:
    """The fields of a translation."""
    record: dict[str, Any] = {
        "text": translation.text,
        "translation": translation.translation,
        "score": translation.score,
    }
    if translation.hypotheses is not None:
        record["translations"] = [
            {"translation": each.translation, "score": each.score, "rank_score": each.rank_score}
            for each in translation.hypotheses
        ]
    record["oov"] = [asdict(place) for place in translation.oov]
    alignment = translation.alignment
    if attention == "jsonl":
        record["attention"] = alignment and asdict(alignment)
    if attention == "pharaoh":
        record["alignment"] = alignment and alignment.pharaoh()
    return record


@dataclass
class Summary:
    """What came of all the records. conditions: how they were translated. symbol: what is unknown is one.

    is_strict: a translation that is ended by --max-length is an error.
    """

    conditions: str
    symbol: str
    is_strict: bool = False
    texts: int = 0
    without: int = 0  # texts that have no symbol
    cut: int = 0  # translations that may have had more symbols
    first_cut: int = 0
    unknown: int = 0  # symbols that the vocabulary lacks
    lacking: int = 0  # texts that they are in

    def count(self, found: "Iterable[tuple[Fields, Translation]]") -> "Iterator[tuple[Fields, Translation]]":
        """The same, counted as they go by."""
        for fields, translation in found:
            self.texts += 1
            self.without += translation.score is None
            if translation.ended == "length":
                self.cut += 1
                self.first_cut = self.first_cut or self.texts
                if self.is_strict:
                    raise DataError(f"the translation of text {self.texts:,} is ended by --max-length")
            self.unknown += len(translation.oov)
            self.lacking += bool(translation.oov)
            yield fields, translation

    def lines(self) -> Iterator[str]:
        """The same for people."""
        yield f"texts: {self.texts:,}  ({self.conditions})"
        if self.without:
            yield f"without any symbol, and so without a translation: {self.without:,}"
        if self.cut:
            yield f"translations ended by --max-length: {self.cut:,}, the first of text {self.first_cut:,}"
        if self.unknown:
            yield f"unknown {self.symbol}s, read as <unk>: {self.unknown:,} in {self.lacking:,} texts, listed as `oov`"
