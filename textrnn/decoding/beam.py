"""Beam search: the likeliest translations of many sources at once, by one step of the decoder after another.

A source keeps the `width` likeliest beginnings of a translation. Each is continued by every symbol; of all
continuations the likeliest live on, and one that is <eos> has ended if it is among the first `width`. A source is done
when as many have ended, or when none that lives can still rank among those that are wanted.
"""

from dataclasses import dataclass

import numpy as np

from textrnn.batch import Ids
from textrnn.decoding.hypotheses import Booleans, Decoding, History, Hypothesis, Numbers, Places, of_parents
from textrnn.engines.engine import Floats
from textrnn.engines.labeller import Padded
from textrnn.engines.translating import Best, TranslationEngine
from textrnn.errors import UsageError
from textrnn.text.tokenizer import EOS, PAD, START, UNK

WIDEST = 1000
STEEPEST = 100.0  # of either penalty
LEAST_COVERAGE = 1e-9  # of a symbol that nothing was read from, whose logarithm is to be a number


@dataclass(frozen=True)
class Beam:
    """How to search.

    width: how many beginnings a source keeps; 1 is greedy. Translations of n symbols, <eos> among them, are ranked by
    log P / ((5 + n) / 6) ** length_penalty + coverage_penalty x the sum over the source of log min(1, attention)
    (Wu et al., 2016). allow_unk: <unk> may be chosen; <pad> and <start> never are.
    """

    width: int = 5
    length_penalty: float = 1.0
    coverage_penalty: float = 0.0
    allow_unk: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.width <= WIDEST:
            raise UsageError(f"beam must be from 1 to {WIDEST}, not {self.width}")
        for name in ("length_penalty", "coverage_penalty"):
            if not 0 <= getattr(self, name) <= STEEPEST:
                said = name.replace("_", "-")
                raise UsageError(f"{said} must be from 0 to {STEEPEST:.0f}, not {getattr(self, name)}")

    def divisor(self, symbols: Ids | int) -> Numbers:
        """What the log-probability of so many symbols is divided by."""
        return np.asarray(((5 + np.asarray(symbols)) / 6) ** self.length_penalty, np.float64)

    def forbidden(self, classes: int) -> Floats:
        """(classes,) -inf where a symbol may not be chosen, else 0."""
        mask = np.zeros(classes, np.float32)
        mask[[PAD, START] if self.allow_unk else [PAD, START, UNK]] = -np.inf
        return mask


def search(
    engine: TranslationEngine,
    sources: Padded,
    beam: Beam,
    *,
    longest: Ids,
    count: int = 1,
    attention: bool = False,
) -> list[list[Hypothesis]]:
    """The `count` best translations of each source, the best first; count ≤ width.

    longest: (batch,) how many symbols a translation may have before <eos>. attention: keep it.
    """
    searching = Search(engine, sources, beam, longest=longest, count=count, attention=attention)
    step = 0
    while searching.cut(step):
        searching.go_on(step)
        step += 1
    return searching.history.best(count)


class Search:
    """A search under way; shapes are (batch, beam, …), and the beam has one hypothesis before the first step."""

    def __init__(
        self, engine: TranslationEngine, sources: Padded, beam: Beam, *, longest: Ids, count: int, attention: bool
    ) -> None:
        self.beam, self.keeps_attention = beam, attention
        self.decoding = Decoding(engine, sources)
        self.history = History(sources.lengths)
        self.longest = longest
        self.scores = np.zeros((len(longest), 1))  # log-probabilities so far; -inf where a slot is empty
        self.best = np.full((len(longest), count), -np.inf)  # rank scores of what has ended, the lowest first
        self.ended = np.zeros(len(longest), np.int64)
        self.forbidden = beam.forbidden(engine.classes)
        self.count = min(beam.width + 1 + int(np.isinf(self.forbidden).sum()), engine.classes)  # + 1: <eos>
        self.outside = np.arange(len(sources.ids)) >= sources.lengths[:, None]  # (batch, source) padding
        self.coverage = np.zeros((len(longest), 1, len(sources.ids)), np.float32) if beam.coverage_penalty else None

    def cut(self, step: int) -> bool:
        """End what may have no more symbols, and let the sources that are done leave; whether any are left."""
        decoding = self.decoding
        places = np.flatnonzero((self.longest <= step) & ~decoding.done)
        if len(places):
            read = decoding.read_some(places)
            logprobs = read.logprobs[..., EOS]
            is_cut = logprobs < (read.logprobs + self.forbidden).max(-1)
            scores, slots = self.scores[places], np.arange(logprobs.shape[1])
            self._attend(step, places, read.attention)
            self._end(step, places, scores > -np.inf, scores + logprobs, slots, is_cut)
            decoding.done[places] = True
        stay = decoding.leave()
        if stay is not None:
            self.longest, self.scores, self.best = self.longest[stay], self.scores[stay], self.best[stay]
            self.ended, self.outside = self.ended[stay], self.outside[stay]
            self.coverage = None if self.coverage is None else self.coverage[stay]
        return len(decoding.rows) > 0

    def go_on(self, step: int) -> None:
        """One step of all hypotheses."""
        decoding, width = self.decoding, self.beam.width
        found = decoding.engine.best(decoding.last, decoding.state, decoding.memory, count=self.count)
        self._attend(step, np.arange(len(decoding.rows)), found.attention)
        scores, symbols, parents = self._candidates(found)
        is_end = symbols == EOS
        first = slice(width)
        may_end = is_end[:, first] & (scores[:, first] > -np.inf) & ~decoding.done[:, None]
        if may_end.any():
            nowhere = np.zeros_like(may_end)
            self._end(step, np.arange(len(scores)), may_end, scores[:, first], parents[:, first], nowhere)
        scores[is_end] = -np.inf
        live = np.argsort(is_end, axis=1, kind="stable")[:, first]
        self.scores = np.take_along_axis(scores, live, 1)
        self._follow(found, np.take_along_axis(symbols, live, 1), np.take_along_axis(parents, live, 1))
        hopeless = self.scores[:, 0] / self.beam.divisor(self.longest + 1) <= self.best[:, 0]
        decoding.done |= hopeless | (self.ended >= width)

    def _candidates(self, found: Best) -> tuple[Numbers, Ids, Places]:
        """The likeliest continuations of each source, (batch, at most 2 x width): log-probability, symbol, slot."""
        batch, _, count = found.ids.shape
        logprobs = found.logprobs + self.forbidden[found.ids]
        scores = (self.scores[..., None] + logprobs).reshape(batch, -1)
        order = np.argsort(-scores, axis=1, kind="stable")[:, : 2 * self.beam.width]
        symbols = np.take_along_axis(found.ids.reshape(batch, -1), order, 1)
        return np.take_along_axis(scores, order, 1), symbols, order // count

    def _attend(self, step: int, places: Places, attention: Floats | None) -> None:
        """Where these sources were attended to, as far as anyone asks."""
        if self.keeps_attention:
            self.history.attend(step, self.decoding.rows[places], attention)
        if self.coverage is not None and attention is not None:
            self.coverage[places] += attention

    def _end(
        self, step: int, places: Places, ends: Booleans, logprobs: Numbers, slots: Places, is_cut: Booleans
    ) -> None:
        """Note which continuations (places, any number) of the hypotheses in these slots are whole translations."""
        at, which = np.nonzero(ends)
        slots = np.broadcast_to(slots, ends.shape)[at, which]
        rank_scores = logprobs / self.beam.divisor(step + 1)
        if self.coverage is not None:
            rank_scores[at, which] += self.beam.coverage_penalty * self._covered(places[at], slots)
        self.history.end(
            step,
            self.decoding.rows[places[at]],
            slots,
            logprobs=logprobs[at, which],
            rank_scores=rank_scores[at, which],
            is_cut=is_cut[at, which],
        )
        count = self.best.shape[1]
        every = np.concatenate([self.best[places], np.where(ends, rank_scores, -np.inf)], axis=1)
        self.best[places] = np.sort(every, axis=1)[:, -count:]
        self.ended[places] += ends.sum(1)

    def _covered(self, places: Places, slots: Places) -> Numbers:
        """How well the symbols of these sources were read by these hypotheses: 0 is wholly, less is worse."""
        assert self.coverage is not None
        covered = np.clip(self.coverage[places, slots], LEAST_COVERAGE, 1).astype(np.float64)
        return np.asarray(np.where(self.outside[places], 0, np.log(covered)).sum(1))

    def _follow(self, found: Best, symbols: Ids, parents: Places) -> None:
        """Go on with these symbols after these hypotheses."""
        decoding, state = self.decoding, found.state
        if self.beam.width > 1:
            state = {name: of_parents(part, parents) for name, part in state.items()}
            self.coverage = None if self.coverage is None else of_parents(self.coverage, parents)
        self.history.add(decoding.rows, symbols, parents)
        decoding.go_on(symbols, state)
