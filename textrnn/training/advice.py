"""What a run tells about itself: whether its network suits its text, and what its curves say."""

from collections.abc import Sequence

from textrnn.training.loop import Row

LARGE, SMALL = 10.0, 0.1  # parameters for each symbol of the text
NOTABLE = 0.01  # of the validation loss


def size_verdict(parameters: int, symbols: int | None) -> str:
    """Whether a network is large or small for its text: they should be of one order (Karpathy, char-rnn's README)."""
    if symbols is None:
        return f"{parameters:,} parameters for a stream of unknown length"
    ratio = parameters / symbols
    says = f"{parameters:,} parameters for {symbols:,} symbols ({ratio:.2g} each)"
    if ratio > LARGE:
        return f"{says}: large for this text; it may learn it by heart: fewer --units, or more --dropout"
    if ratio < SMALL:
        return f"{says}: small for this text; more --units or --layers would learn more of it"
    return f"{says}: of one order, as it should be"


def advice(history: Sequence[Row]) -> list[str]:
    """Overfitting and underfitting, named from the evaluations of a run; nothing where there is nothing to say."""
    kept = next((row for row in reversed(history) if row.is_best), None)
    history = [row for row in history if not row.mean_of]
    if len(history) < 3:
        return []
    first, best, last = history[0], min(history, key=lambda row: row.valid_nats), history[-1]
    risen = last.valid_nats - best.valid_nats
    fallen = best.train_nats - last.train_nats
    if risen > NOTABLE * best.valid_nats and fallen > 0:
        return [
            f"overfitting: since step {best.step:,} the validation loss rose by {risen:.3f} nats while the training "
            f"loss fell by {fallen:.3f}; {kept or best} is kept. More text, more --dropout, fewer "
            "--units or a shorter run would help"
        ]
    said = []
    gain = history[-2].valid_nats - last.valid_nats
    if best is last and gain > NOTABLE * last.valid_nats:
        said.append(
            f"not done learning: the last evaluation still gained {gain:.3f} nats; a longer run would help (--extend)"
        )
    if best is last and last.train_nats >= last.valid_nats and last.valid_nats < first.valid_nats:
        said.append(
            f"underfitting: the training loss ({last.train_nats:.3f} nats, with any dropout) is no lower than the "
            f"validation loss ({last.valid_nats:.3f}); more --units, less --dropout or a longer run would help"
        )
    return said
