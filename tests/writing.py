"""Tables of like rows, written by others: the csv module and json."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any


def as_csv(rows: list[dict[str, Any]], end: str) -> str:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(rows[0]), lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def as_jsonl(rows: list[dict[str, Any]], end: str) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + end for row in rows)


def as_tsv(rows: list[dict[str, Any]], end: str) -> str:
    marks = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
    lines = [list(rows[0]), *(row.values() for row in rows)]
    return "".join("\t".join("".join(marks.get(c, c) for c in cell) for cell in line) + end for line in lines)


WRITERS: dict[str, Callable[[list[dict[str, Any]], str], str]] = {"csv": as_csv, "jsonl": as_jsonl, "tsv": as_tsv}
