"""What a network is made of, as specs: an input, a core and a head, each chosen alone.

Plain data, checked on reading; no framework is imported here.
"""

from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from textrnn.cells import CELLS
from textrnn.errors import meant
from textrnn.spec import Spec

UNKNOWN_CELL: Literal["unknown_cell"] = "unknown_cell"  # type of pydantic's complaint

MOST_SYMBOLS = 1 << 22  # these bound what a file can make the program allocate, far above what is trained
MOST_UNITS = 1 << 16
MOST_LAYERS = 1 << 10


def known_cell(name: str) -> str:
    """The name, if there is such a cell."""
    if name not in CELLS:
        known = ", ".join(CELLS)
        raise PydanticCustomError(
            UNKNOWN_CELL,
            "unknown cell {name}; one of {known}",
            {"name": repr(name) + meant(name, CELLS), "known": known},
        )
    return name


class OneHot(Spec):
    """Each symbol is a unit vector; as a look-up of input weights, so that the vectors never exist."""

    kind: Literal["one-hot"] = "one-hot"
    symbols: int = Field(gt=0, le=MOST_SYMBOLS)


class Learned(Spec):
    """Each symbol has a vector that is learnt with the network."""

    kind: Literal["learned"] = "learned"
    symbols: int = Field(gt=0, le=MOST_SYMBOLS)
    size: int = Field(gt=0, le=MOST_UNITS)


class Pretrained(Spec):
    """Each symbol has a vector that was there before the network, from a file or by word2vec.

    frozen: it stays as it was; else it is learnt further. origin: where it comes from, in words for people.
    """

    kind: Literal["pretrained"] = "pretrained"
    symbols: int = Field(gt=0, le=MOST_SYMBOLS)
    size: int = Field(gt=0, le=MOST_UNITS)
    frozen: bool = False
    origin: str = Field("", max_length=1000)


Input = Annotated[OneHot | Learned | Pretrained, Field(discriminator="kind")]


class LayerShape(NamedTuple):
    """One recurrent layer of a stack: its name among the weights, and its sizes."""

    name: str
    inputs: int
    units: int
    outputs: int
    is_backward: bool


class Core(Spec):
    """A stack of recurrent layers, all of `units` but the last where it has `top_units` of its own.

    projection: the size that outputs are projected to, which is what recurs and what is read above (Sak et al., 2014).
    bidirectional: each level reads the sequence in both directions (Schuster and Paliwal, 1997). residual: what a level
    above the first reads is added to its output, where both are of one size (He et al., 2016; Wu et al., 2016).
    """

    cell: str = "lstm"
    units: int = Field(gt=0, le=MOST_UNITS)
    layers: int = Field(1, gt=0, le=MOST_LAYERS)
    top_units: int | None = Field(None, gt=0, le=MOST_UNITS)
    projection: int | None = Field(None, gt=0, le=MOST_UNITS)
    bidirectional: bool = False
    residual: bool = False

    @field_validator("cell")
    @classmethod
    def _is_known(cls, name: str) -> str:
        return known_cell(name)

    @property
    def sizes(self) -> list[int]:
        """The units of each level."""
        return [self.units] * (self.layers - 1) + [self.top_units or self.units]

    def levels(self, inputs: int) -> list[list[LayerShape]]:
        """The layers of each level, for inputs of this size."""
        levels = []
        for index, units in enumerate(self.sizes):
            outputs = self.projection or units
            names = {f"{index}": False, f"{index}_reverse": True} if self.bidirectional else {f"{index}": False}
            levels.append([LayerShape(name, inputs, units, outputs, backward) for name, backward in names.items()])
            inputs = outputs * len(names)
        return levels

    @property
    def outputs(self) -> int:
        """The size of the top level's output."""
        return sum(shape.outputs for shape in self.levels(1)[-1])

    def is_residual(self, index: int, level: list[LayerShape]) -> bool:
        """Whether a level's input is added to its output."""
        return self.residual and index > 0 and sum(shape.outputs for shape in level) == level[0].inputs

    def state_sizes(self) -> dict[str, int]:
        """The size of each part of the state, by its name in a graph."""
        first, *others = CELLS[self.cell].state
        sizes = {}
        for shape in (shape for level in self.levels(1) for shape in level):
            sizes[f"{first}.{shape.name}"] = shape.outputs
            sizes |= {f"{part}.{shape.name}": shape.units for part in others}
        return sizes

    def unbounded(self) -> list[str]:
        """The vectors whose entries may leave [-1, 1], by their names in a graph: an int8 graph must know how far."""
        found, is_sum = [], False
        is_open = self.projection is not None or CELLS[self.cell].bound != 1
        for index, level in enumerate(self.levels(1)):
            is_sum |= self.is_residual(index, level)
            found += [f"layers.{shape.name}.hidden" for shape in level if is_open]
            found += [f"layers.{index}.output"] if is_open or is_sum else []
        return found

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.projection and not CELLS[self.cell].projects:
            able = ", ".join(name for name, cell in CELLS.items() if cell.projects)
            raise ValueError(f"the outputs of {self.cell} cannot be projected; those of {able} can")
        if self.projection and self.top_units:
            raise ValueError("with a projection every layer has the same units")
        if self.residual and not any(self.is_residual(*level) for level in enumerate(self.levels(1))):
            raise ValueError(
                "a residual connection needs a second layer that is as large as the first: --layers 2, untied"
            )
        return self

    def __str__(self) -> str:
        """The stack in words, such as 2 x 512 lstm or 512 + 320 lstm."""
        is_even = len(set(self.sizes)) == 1
        size = f"{self.layers} x {self.units}" if is_even else " + ".join(map(str, self.sizes))
        extras = [f"projected to {self.projection}"] if self.projection else []
        extras += [name for name in ("bidirectional", "residual") if getattr(self, name)]
        return " ".join([size, self.cell, *([f"({', '.join(extras)})"] if extras else [])])


class LabelPerStep(Spec):
    """A distribution over `classes` labels after every step; for a language model the next token is the label.

    tied: a label's weights are the vector of the same symbol at the input (Inan et al., 2017; Press and Wolf, 2017).
    """

    kind: Literal["label-per-step"] = "label-per-step"
    classes: int = Field(gt=0, le=MOST_SYMBOLS)
    tied: bool = False


ReadoutName = Literal["last", "mean", "max", "attention"]


class LabelPerSequence(Spec):
    """A distribution over `classes` labels for a whole sequence, from a summary of the top level's outputs.

    readouts: what the summary is, side by side where there are several. last: the output of each direction that has
    read all. mean, max: of each entry over the steps. attention: a mean whose weights are learnt (Zhou et al., 2016).
    """

    kind: Literal["label-per-sequence"] = "label-per-sequence"
    classes: int = Field(gt=1, le=MOST_SYMBOLS)
    readouts: tuple[ReadoutName, ...] = Field(("last",), min_length=1)
    tied: Literal[False] = False

    @field_validator("readouts")
    @classmethod
    def _once(cls, names: tuple[ReadoutName, ...]) -> tuple[ReadoutName, ...]:
        if len(set(names)) < len(names):
            raise ValueError("a readout is named twice")
        return names


AttentionName = Literal["additive", "dot", "general", "scaled"]


FED = "output"  # the part of a decoder's state that input feeding hands to the next step


class Decoder(Spec):
    """Another sequence, a symbol a step, from the sequence that the core has read (Sutskever et al., 2014).

    input, core: of the symbols made so far. attention: how its output h is compared with each output e of the core that
    was read: additive, v . tanh(W h + U e) (Bahdanau et al., 2015); dot, h . e; general, h . W e (Luong et al., 2015);
    scaled, h . e / sqrt(size) (Vaswani et al., 2017); None: not at all, and the last state is all that is known of it.
    input_feeding: what a step made of both is read by the next (Luong et al., 2015). tied: a symbol's weights are its
    vector. shared: source and target have one vocabulary, and one table of vectors.
    """

    kind: Literal["decoder"] = "decoder"
    input: Input
    core: Core
    attention: AttentionName | None = "general"
    input_feeding: bool = False
    tied: bool = False
    shared: bool = False

    @property
    def classes(self) -> int:
        """How many symbols there are to choose from."""
        return self.input.symbols

    @property
    def outputs(self) -> int:
        """The size of what a step makes of its output and of what attention has found."""
        return self.input.size if self.tied and not isinstance(self.input, OneHot) else self.core.outputs

    def state_sizes(self) -> dict[str, int]:
        """The size of each part of the state, by its name in a graph."""
        return self.core.state_sizes() | ({FED: self.outputs} if self.input_feeding else {})

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.core.bidirectional:
            raise ValueError("a decoder cannot read backward what it has not made yet")
        if self.tied and (isinstance(self.input, OneHot) or (isinstance(self.input, Pretrained) and self.input.frozen)):
            raise ValueError("a tied decoder needs learned vectors, neither one-hot nor frozen ones")
        return self


Head = Annotated[LabelPerStep | LabelPerSequence | Decoder, Field(discriminator="kind")]


class Condition(Spec):
    """A vector that a text begins with, in place of a sequence that was read before it.

    labels: the names of its entries where one of them is 1 and the others are 0; none where it is any numbers.
    """

    size: int = Field(gt=0, le=MOST_UNITS)
    labels: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.labels and len(self.labels) != self.size:
            raise ValueError(f"the condition has {self.size} entries, and {len(self.labels)} labels are named")
        if len(set(self.labels)) < len(self.labels):
            raise ValueError("a label of the condition is named twice")
        return self


DECODER = "decoder."  # before the names of a decoder's vectors, where those of the core have them too


class Architecture(Spec):
    """Three choices that compose: what goes in, what recurs, what comes out. condition: what a text begins with."""

    input: Input
    core: Core
    head: Head
    condition: Condition | None = None

    def __str__(self) -> str:
        """What recurs, in words."""
        if not isinstance(self.head, Decoder):
            return str(self.core)
        how = f"{self.head.attention} attention" if self.head.attention else "no attention"
        return f"encoder {self.core}, decoder {self.head.core}, {how}"

    def unbounded(self) -> list[str]:
        """The vectors whose entries may leave [-1, 1], those of a decoder behind its prefix; see `Core.unbounded`."""
        decoder = self.head.core.unbounded() if isinstance(self.head, Decoder) else []
        return [*self.core.unbounded(), *(f"{DECODER}{name}" for name in decoder)]

    @model_validator(mode="after")
    def _ties_fit(self) -> Self:
        if not self.head.tied or isinstance(self.head, Decoder):
            return self
        if isinstance(self.input, OneHot) or (isinstance(self.input, Pretrained) and self.input.frozen):
            raise ValueError("a tied head needs learned vectors at the input, neither one-hot nor frozen ones")
        if (self.input.symbols, self.input.size) != (self.head.classes, self.core.outputs):
            raise ValueError("a tied head needs as many labels as symbols, and a top layer of the vectors' size")
        return self

    @model_validator(mode="after")
    def _condition_fits(self) -> Self:
        if self.condition and (not isinstance(self.head, LabelPerStep) or self.core.bidirectional):
            raise ValueError("what a text begins with is for a network that reads forward and labels every step")
        return self

    @model_validator(mode="after")
    def _decoder_fits(self) -> Self:
        if not isinstance(self.head, Decoder):
            return self
        ours, theirs = self.core.outputs, self.head.core.outputs
        if self.head.attention in ("dot", "scaled") and ours != theirs:
            raise ValueError(
                f"attention {self.head.attention} compares vectors of one size, and the encoder's have {ours}, the "
                f"decoder's {theirs} entries: general and additive compare any"
            )
        if self.head.shared and (self.input != self.head.input or isinstance(self.input, OneHot)):
            raise ValueError("vectors that source and target share are learned ones, of one vocabulary and one size")
        return self
