"""Public corpora: where each comes from, under what licence, and what its plain files measure."""

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from textrnn.errors import DataError, UsageError
from textrnn.spec import Spec, first_problem

REGISTRY = resources.files("textrnn") / "corpora" / "registry.toml"

Text = Annotated[str, Field(min_length=1, pattern=r"^\S([^\n]*\S)?$")]
Count = Annotated[int, Field(gt=0)]


class Split(Spec):
    """One plain file (unpacked) and its measures; words are what stands between white space in the text alone."""

    name: Text
    file: Text
    bytes: Count
    records: Count
    words: Count | None = None  # none where the file holds numbers
    characters: Count | None = None  # of the text alone; a plain file's line ends are among them
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class PublicCorpus(Spec):
    """A corpus that anybody can get, though not from here."""

    name: Text
    title: Text
    record: Text  # what a record is
    origin: Text
    licence: Text
    citation: Text
    hub: Text | None = None  # its id on the Hugging Face hub, where another copy lies, maybe in another format
    note: Text | None = None
    splits: Annotated[tuple[Split, ...], Field(min_length=1)]

    def facts(self) -> Iterator[tuple[str, str | int]]:
        """All that is known of it, a fact at a time; those of a split under its name."""
        yield from self.model_dump(exclude={"splits"}, exclude_none=True).items()
        for split in self.splits:
            for fact, value in split.model_dump(exclude={"name"}, exclude_none=True).items():
                yield f"{split.name} {fact}", value

    @model_validator(mode="after")
    def _splits_differ(self) -> "PublicCorpus":
        if len({split.name for split in self.splits}) < len(self.splits):
            raise ValueError(f"two splits of {self.name} have one name")
        return self


class Registry(Spec):
    """All corpora."""

    corpora: tuple[PublicCorpus, ...]

    @model_validator(mode="after")
    def _corpora_differ(self) -> "Registry":
        if len({corpus.name for corpus in self.corpora}) < len(self.corpora):
            raise ValueError("two corpora have one name")
        return self


def parse_registry(document: str) -> Registry:
    """What a document in TOML says, checked."""
    try:
        return Registry.model_validate(tomllib.loads(document))
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"the registry of corpora is not TOML: {error}") from None
    except ValidationError as error:
        raise DataError(f"the registry of corpora is malformed: {first_problem(error)}") from None


@cache
def registry() -> Registry:
    """The registry that comes with the program."""
    return parse_registry(REGISTRY.read_text(encoding="utf-8"))


def find_corpus(name: str) -> PublicCorpus:
    """The corpus of this name."""
    corpora = {corpus.name: corpus for corpus in registry().corpora}
    if name not in corpora:
        raise UsageError(f"there is no corpus {name!r} in the registry; one of {', '.join(corpora)}")
    return corpora[name]


def find_split(sha256: str) -> tuple[PublicCorpus, Split] | None:
    """The corpus and the split that a file with this hash is, if it is one."""
    for corpus in registry().corpora:
        for split in corpus.splits:
            if split.sha256 == sha256:
                return corpus, split
    return None
