"""What truncation cost, for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

from textrnn.tasks.grouping import in_groups

if TYPE_CHECKING:
    from textrnn.training.truncation import Outcome

IN_A_TABLE = 5  # distances side by side


def row_of(outcome: "Outcome") -> Mapping[str, Any]:
    """The fields of an outcome."""
    trial = outcome.trial
    return {
        "cell": trial.variant.cell,
        "start": trial.variant.start,
        "forget_bias": trial.variant.forget_bias,
        "method": trial.method,
        "distance": trial.distance,
        "seed": trial.seed,
        "loss": outcome.loss,
        "accuracy": outcome.accuracy,
        "steps": outcome.batches,
        "solved": outcome.is_solved,
        "chance": outcome.chance,
    }


def print_losses(outcomes: "Sequence[Outcome]", file: IO[str]) -> None:
    """The mean loss over the seeds, a row for each way of learning and a column for each distance."""
    from rich.console import Console
    from rich.table import Table

    from textrnn.training.truncation import mean_losses

    means = mean_losses(outcomes)
    distances = sorted({distance for losses in means.values() for distance in losses})
    for some in in_groups(distances, IN_A_TABLE):
        table = Table("loss in nats at distance", "", *map(str, some))
        for (name, method), losses in means.items():
            table.add_row(name, method, *(f"{losses[distance]:.3f}" for distance in some))
        Console(file=file).print(table)


def closing_lines(outcomes: "Sequence[Outcome]", *, window: int) -> Iterator[str]:
    """How far each way of learning reaches, and what is to be made of it."""
    yield f"chance is {outcomes[0].chance:.3f} nats; solved is a tenth of it"
    solved: dict[tuple[str, str], dict[int, list[bool]]] = {}
    for each in outcomes:
        of_method = solved.setdefault((str(each.trial.variant), each.trial.method), {})
        of_method.setdefault(each.trial.distance, []).append(each.is_solved)
    for (name, method), by_distance in solved.items():
        reached = [distance for distance, found in by_distance.items() if all(found)]
        said = ", ".join(map(str, reached)) or "none"
        yield f"{name}, {method}: solved at distances {said} of {', '.join(map(str, by_distance))}"
    far = [each for each in outcomes if each.trial.distance >= window and each.trial.method == "truncated"]
    if far:
        yield f"from distance {window} on no gradient reaches the symbol where it is truncated to {window} steps"
    if any(each.is_solved for each in far):
        yield (
            "where truncated solves it all the same, the state that is carried on still held a trace of the symbol; to "
            "keep it was learnt in the last window, and holds in those before: the weights are shared"
        )
