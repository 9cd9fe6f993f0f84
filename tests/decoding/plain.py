"""Decoding one source at a time, in plain loops over lists: what the batched loops are held to."""

import math
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from tests.fakes import TableTranslationEngine
from textrnn.decoding.beam import Beam
from textrnn.decoding.hypotheses import Hypothesis
from textrnn.decoding.sampling import GumbelNoise, Sampling
from textrnn.engines.labeller import Padded
from textrnn.text.tokenizer import EOS, PAD, START, UNK


def padded(sources: Sequence[Sequence[int]]) -> Padded:
    return Padded.of([np.array(source) for source in sources])


def logprobs_after(engine: TableTranslationEngine, source: Sequence[int], read: Sequence[int]) -> list[float]:
    """Of every next symbol, after <start> and what was read."""
    return engine.logprobs[engine.row(source, [START, *read])].tolist()


def logprob(engine: TableTranslationEngine, source: Sequence[int], ids: Sequence[int]) -> float:
    """Of all these symbols."""
    return sum(logprobs_after(engine, source, ids[:place])[symbol] for place, symbol in enumerate(ids))


def attention_of(engine: TableTranslationEngine, source: Sequence[int], ids: Sequence[int]) -> np.ndarray:
    """(ids, source) the weights in the step that chose each symbol."""
    rows = [engine.weights[engine.row(source, [START, *ids[:place]])][: len(source)] for place in range(len(ids))]
    return np.array([row / row.sum() for row in rows])


def rank_score(engine: TableTranslationEngine, source: Sequence[int], ids: Sequence[int], beam: Beam) -> float:
    """The formula of Wu et al. (2016), as it is written."""
    penalty = ((5 + len(ids)) ** beam.length_penalty) / ((5 + 1) ** beam.length_penalty)
    coverage = sum(math.log(min(total, 1.0)) for total in attention_of(engine, source, ids).sum(0).tolist())
    return logprob(engine, source, ids) / penalty + beam.coverage_penalty * coverage


def every_translation(symbols: Sequence[int], longest: int) -> Iterator[list[int]]:
    """All there are, <eos> last."""
    for length in range(longest + 1):
        for ids in product(symbols, repeat=length):
            yield [*ids, EOS]


def hypothesis(
    engine: TableTranslationEngine, source: Sequence[int], ids: list[int], beam: Beam, longest: int
) -> Hypothesis:
    after = dict(enumerate(logprobs_after(engine, source, ids[:-1])))
    likeliest = max(after.keys() - forbidden(beam), key=after.__getitem__)
    is_cut = len(ids) == longest + 1 and likeliest != EOS
    score = rank_score(engine, source, ids, beam)
    return Hypothesis(ids, logprob(engine, source, ids), score, is_cut, attention_of(engine, source, ids))


def forbidden(beam: Beam) -> set[int]:
    return {PAD, START} if beam.allow_unk else {PAD, START, UNK}


def plain_search(
    engine: TableTranslationEngine, source: Sequence[int], beam: Beam, *, longest: int, count: int
) -> list[Hypothesis]:
    """Beam search without any short cut: until as many have ended as the beam is wide."""
    live: list[tuple[float, list[int]]] = [(0.0, [])]
    ended: list[list[int]] = []
    while live and len(ended) < beam.width:
        if len(live[0][1]) == longest:
            ended += [[*ids, EOS] for _, ids in live]
            break
        candidates = [
            (score + value, [*ids, symbol])
            for score, ids in live
            for symbol, value in enumerate(logprobs_after(engine, source, ids))
            if symbol not in forbidden(beam)
        ]
        candidates.sort(key=lambda candidate: -candidate[0])
        ended += [ids for _, ids in candidates[: beam.width] if ids[-1] == EOS]
        live = [candidate for candidate in candidates if candidate[1][-1] != EOS][: beam.width]
    found = [hypothesis(engine, source, ids, beam, longest) for ids in ended]
    return sorted(found, key=lambda each: -each.rank_score)[:count]


def plain_greedy(engine: TableTranslationEngine, source: Sequence[int], *, longest: int) -> list[int]:
    """Always the likeliest next symbol."""
    ids: list[int] = []
    while len(ids) < longest and EOS not in ids:
        values = logprobs_after(engine, source, ids)
        ids.append(max(range(EOS, engine.classes), key=lambda symbol: values[symbol]))
    return ids if EOS in ids else [*ids, EOS]


def plain_draw(
    engine: TableTranslationEngine, source: Sequence[int], sampling: Sampling, *, seed: int, index: int, longest: int
) -> tuple[list[int], bool]:
    """One translation, drawn symbol by symbol, and whether it was cut."""
    noise, ids = GumbelNoise(seed, index), list[int]()
    while EOS not in ids:
        values = np.array(logprobs_after(engine, source, ids), np.float32)
        values = values * np.where(np.isin(np.arange(engine.classes), ids), np.float32(sampling.repetition_penalty), 1)
        values = sampling.filter((values + sampling.forbidden(engine.classes))[None].astype(np.float32))[0]
        values = values + noise.draw(1, engine.classes)[0] * np.float32(sampling.temperature)
        drawn = int(values.argmax())
        ids.append(EOS if len(ids) == longest else drawn)
    return ids, drawn != EOS
