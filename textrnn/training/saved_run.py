"""All that --resume needs, in the folder `training` of a model folder, written whole or not at all.

run.json names the parts with their sha256 and is replaced last: until then what was saved before stands.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
from pydantic import Field, ValidationError
from safetensors.torch import load, save
from torch import Tensor

from textrnn.config import Bound, Part, refusal
from textrnn.config_file import SEAL, sealed
from textrnn.data import Data
from textrnn.errors import ModelError, UsageError
from textrnn.model_folder import (
    TRAINING,
    files_of,
    make_folder,
    read_bounded,
    read_part,
    replace_file,
    sha256_of,
    sweep,
    swept_on_error,
    write_part,
)
from textrnn.settings import TrainingSettings
from textrnn.spec import Spec
from textrnn.strict_json import parse_json
from textrnn.text.tokenizer import Tokenizer
from textrnn.training.corpus import Corpus, Facts, stream_of
from textrnn.training.defaults import ChosenSettings
from textrnn.training.ids import StoredIds
from textrnn.training.position import Position
from textrnn.training.run_state import CHECKPOINT, Counters

MOST_BYTES, MOST_POINTER_BYTES = 1 << 36, 1 << 26  # of a part, and of run.json
POINTER, LOCK = "run.json", "lock"
IDS, HELD, TOKENIZER, STATE = "ids.bin", "held.safetensors", "tokenizer.json", "state.safetensors"
SOURCE_TOKENIZER, CHECKPOINTS = "source_tokenizer.json", "checkpoints.safetensors"
TOKENIZERS = {TOKENIZER, SOURCE_TOKENIZER}
PARTS = (IDS, HELD, TOKENIZER, SOURCE_TOKENIZER, STATE, CHECKPOINTS)


class SavedRun(Spec):
    """The whole of run.json. asked: the settings as the user gave them; settings: with all of them chosen.

    ended: how, or nothing while the run goes on. since_best: evaluations since the best one. bounds: of that one.
    """

    version: int = 1
    task: str
    command: str
    source: str
    licence: str
    data: Data
    asked: TrainingSettings
    settings: ChosenSettings
    facts: Facts
    counters: Counters = Counters()
    position: Position = Position()
    history: tuple[dict[str, Any], ...] = ()
    since_best: int = 0
    bounds: Mapping[str, Bound] = Field(default_factory=dict)
    ended: str = ""
    parts: Mapping[str, Part] = Field(default_factory=dict)


class TrainingFolder:
    """The folder of a run. What it learns from is written once, and its checkpoints where there are others."""

    def __init__(self, model: Path) -> None:
        self.model, self.path = model, model / TRAINING
        self._corpus: dict[str, Part] = {}
        self._checkpoints: tuple[frozenset[str], Part] | None = None  # the names of those written last

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Meanwhile nobody else trains in the folder, as long as this process lives; UsageError where somebody does."""
        lock = FileLock(self.path / LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise UsageError(
                f"another training is at work in {self.model}: let it end, stop it, or name another folder"
            ) from None
        except (OSError, NotImplementedError):
            pass  # a file system without locks, or a full one: whoever trains there minds it alone
        try:
            yield
        finally:
            lock.release()

    def refuse_busy(self) -> None:
        """Raise UsageError where somebody trains in the folder."""
        if (self.path / LOCK).exists():
            with self.alone():
                pass

    def _named(self) -> Mapping[str, Part]:
        """The parts of the run saved last; none where run.json is absent or can be saved no more."""
        try:
            return read_saved_run(self.path).parts
        except ModelError:
            return {}

    def sweep(self) -> None:
        """Remove what no saved run names; nothing where it cannot be told."""
        if (self.path / POINTER).exists():
            read_saved_run(self.path)
        sweep(self.path, (*PARTS, POINTER), keep=[POINTER, *files_of(self._named())])

    def refuse_unfinished(self) -> None:
        """Raise UsageError where the folder holds a run that has not ended: a night's work may be in it."""
        if not (self.path / POINTER).exists():
            return
        run = read_saved_run(self.path)
        if run.counters.step and not run.ended:
            raise UsageError(
                f"{self.path.parent} holds a training that has not ended, at {run.counters}: --resume goes on with it, "
                "--overwrite begins anew"
            )

    def new_ids(self) -> Path:
        """A file for the ids of a corpus, which no saved run names yet."""
        make_folder(self.path)
        stem, _, suffix = IDS.partition(".")
        return self.path / f"{stem}-{secrets.token_hex(4)}.{suffix}"

    def write_corpus(self, corpus: Corpus) -> None:
        """Write what the run learns from; it counts from the next `write` on."""
        rows = {"rows": torch.from_numpy(np.concatenate([np.zeros(0, np.int64), *corpus.rows]))}
        rows["lengths"] = torch.tensor([len(row) for row in corpus.rows], dtype=torch.int64)
        if corpus.labels is not None and corpus.held_labels is not None:
            rows |= {"labels": torch.from_numpy(corpus.labels), "held_labels": torch.from_numpy(corpus.held_labels)}
        if corpus.conditions is not None and corpus.held_conditions is not None:
            named = {"conditions": corpus.conditions, "held_conditions": corpus.held_conditions}
            rows |= {name: torch.from_numpy(values) for name, values in named.items()}
        if corpus.references is not None:
            written = json.dumps(corpus.references).encode()
            rows["references"] = torch.frombuffer(bytearray(written), dtype=torch.uint8)
        contents = {HELD: save(rows), TOKENIZER: corpus.tokenizer.to_json()}
        if corpus.source_tokenizer is not None:
            contents[SOURCE_TOKENIZER] = corpus.source_tokenizer.to_json()
        before = self._named()
        with swept_on_error(self.path, PARTS, keep=[POINTER, *files_of(before)]):
            taken = set(files_of(before))
            for name, content in contents.items():
                self._corpus[name] = write_part(self.path, name, content, taken=taken)
        if isinstance(corpus.ids, StoredIds):
            self._corpus[IDS] = Part(file=corpus.ids.path.name, sha256=sha256_of(corpus.ids.path))

    def write(self, run: SavedRun, tensors: Mapping[str, Tensor]) -> SavedRun:
        """Save a run, in one commit; returns it as written."""
        before = self._named()
        kept = {name: value for name, value in tensors.items() if name.startswith(f"{CHECKPOINT}.")}
        others = {name: value for name, value in tensors.items() if name not in kept}
        with swept_on_error(self.path, PARTS, keep=[POINTER, *files_of(before), *files_of(self._corpus)]):
            taken = {*files_of(before), *files_of(self._corpus)}
            parts = {**self._corpus, STATE: write_part(self.path, STATE, save(others), taken=taken)}
            if kept:
                parts[CHECKPOINTS] = self._part_of_checkpoints(kept, taken)
            run = run.model_copy(update={"parts": parts})
            self.write_pointer(run)
        self._checkpoints = (frozenset(kept), parts[CHECKPOINTS]) if kept else None
        sweep(self.path, (*PARTS, POINTER), keep=[POINTER, *files_of(run.parts)])
        return run

    def _part_of_checkpoints(self, tensors: Mapping[str, Tensor], taken: set[str]) -> Part:
        """The part that holds them: what has the same names has not changed, and is not written again."""
        if self._checkpoints and self._checkpoints[0] == tensors.keys():
            return self._checkpoints[1]
        return write_part(self.path, CHECKPOINTS, save(dict(tensors)), taken=taken)

    def write_pointer(self, run: SavedRun) -> None:
        """Save what changed of a run but its arrays."""
        document = sealed(json.loads(run.model_dump_json()))
        replace_file(self.path / POINTER, (json.dumps(document, indent=1) + "\n").encode())

    def read(self) -> tuple[SavedRun, Corpus, dict[str, Tensor]]:
        """The run saved last, what it learns from, and its arrays. The folder goes on with it."""
        self.refuse_busy()
        if not (self.path / POINTER).exists():
            raise UsageError(
                f"there is no training in {self.path.parent} to go on with: without --resume and --extend one is begun"
            )
        run = read_saved_run(self.path)
        self._corpus = {name: part for name, part in run.parts.items() if name not in (STATE, CHECKPOINTS)}
        contents = {
            name: read_part(self.path, part, most=MOST_BYTES) for name, part in run.parts.items() if name != IDS
        }
        corpus = self._corpus_of(run, contents)
        kept = load(contents[CHECKPOINTS]) if CHECKPOINTS in contents else {}
        self._checkpoints = (frozenset(kept), run.parts[CHECKPOINTS]) if kept else None
        return run, corpus, load(contents[STATE]) | kept

    def _corpus_of(self, run: SavedRun, contents: Mapping[str, bytes]) -> Corpus:
        """What a run learns from, from the parts that hold it."""
        tokenizers = {
            name: Tokenizer.from_json(contents[name], run.settings.level) for name in TOKENIZERS & contents.keys()
        }
        tokenizer = tokenizers[TOKENIZER]
        held = load(contents[HELD])
        rows = [row.numpy() for row in torch.split(held["rows"], held["lengths"].tolist())]
        if IDS not in run.parts:
            return Corpus(tokenizer, stream_of(run.data, run.settings, tokenizer, run.facts), rows, run.facts)
        ids = StoredIds(self.path / run.parts[IDS].file, run.facts.dtype)
        check_ids(ids.path, run.parts[IDS].sha256)
        labels, held_labels, conditions, held_conditions = (
            held[name].numpy() if name in held else None
            for name in ("labels", "held_labels", "conditions", "held_conditions")
        )
        references = json.loads(held["references"].numpy().tobytes()) if "references" in held else None
        return Corpus(
            tokenizer,
            ids,
            rows,
            run.facts,
            labels,
            held_labels,
            source_tokenizer=tokenizers.get(SOURCE_TOKENIZER),
            references=references and [(source, target) for source, target in references],
            conditions=conditions,
            held_conditions=held_conditions,
        )


def check_ids(file: Path, sha256: str) -> None:
    """Refuse ids that are not the ones that were written."""
    if not file.is_file() or sha256_of(file) != sha256:
        raise ModelError(f"{file} is absent, changed or damaged: the training cannot go on from it")


def read_saved_run(path: Path) -> SavedRun:
    """run.json of a training folder, or one line that says what is wrong with it."""
    file = path / POINTER
    try:
        document = parse_json(read_bounded(file, most=MOST_POINTER_BYTES))
        if not isinstance(document, dict) or sealed(document) != document:
            raise ModelError(f"{file} was changed or damaged: its sha256 is not that of what it says")
        return SavedRun.model_validate({name: value for name, value in document.items() if name != SEAL})
    except ValidationError as error:
        raise refusal(file, error) from None
    except ValueError as error:
        raise ModelError(f"{file} is not JSON: {error}") from None


def is_begun(model: Path) -> bool:
    """Whether a folder holds a training."""
    return (model / TRAINING / POINTER).exists()


def has_ended(model: Path) -> bool:
    """Whether a folder holds a training that has ended."""
    return is_begun(model) and bool(read_saved_run(model / TRAINING).ended)
