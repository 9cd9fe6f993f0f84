"""What had to be repaired while a source was read: counted, so that nothing is repaired in silence."""

from dataclasses import dataclass

from textrnn.errors import DataError

STANDARD_INPUT = "-"


@dataclass(frozen=True)
class Repair:
    """A kind of repair. advice: what else the reader of the count could do about it."""

    what: str
    advice: str = ""


UNDECODABLE = Repair("undecodable bytes read as U+FFFD", "--encoding names another encoding, ")
SHORT_ROW = Repair("rows with fewer cells than the header, the missing ones read as empty")
BLANK_LINE = Repair("blank lines that are no records")


class Ledger:
    """The repairs of one source, each kind with its count and first line; where it is strict, the first is an error."""

    def __init__(self, source: str, *, strict: bool = False) -> None:
        self.name = "standard input" if source == STANDARD_INPUT else source
        self.strict = strict
        self.repairs: dict[Repair, tuple[int, int]] = {}  # how many, and the line of the first
        self.bytes_read = 0  # of the file as it lies on the disk

    def add(self, repair: Repair, *, line: int, says: str, count: int = 1) -> None:
        """Count a repair. says: the same as an error."""
        if self.strict:
            raise self.error(line, says)
        before, first = self.repairs.get(repair, (0, line))
        self.repairs[repair] = before + count, first

    def error(self, line: int, says: str) -> DataError:
        """An error that names file and line."""
        return DataError(f"{self.name}, line {line}{says if says.startswith(',') else f': {says}'}")

    def summary(self) -> list[str]:
        """A line for each kind of repair."""
        return [
            f"{repair.what}: {count:,}, the first on line {line:,} ({repair.advice}--strict refuses)"
            for repair, (count, line) in self.repairs.items()
        ]
