"""Pictures of gradients through time."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textrnn.pictures.drawing import POINTS, Line, drawing, legend, lines, panels, write_picture

if TYPE_CHECKING:
    from textrnn.training.gradient_series import Series
    from textrnn.training.truncation import Outcome

WIDTH, HEIGHT = 6.0, 4.0  # inches
PANEL_WIDTH, PANEL_HEIGHT = 2.6, 2.6
MARGIN = 0.05  # of the axis, on either side
DASHES = {"after": 0, "before": 1}
CLIPPED = 2  # the dash of what clipping leaves


def gradients_picture(series: "Sequence[Series]", path: str | Path, *, clip: float) -> None:
    """Write a PNG of the norms by how far back they are, on a logarithmic axis; dotted, what clipping leaves of them.

    A norm of 0 has no place on such an axis, and is left out.
    """
    figure, axes = drawing(width=WIDTH, height=HEIGHT)
    marks = {name: mark for mark, name in enumerate(dict.fromkeys(each.name for each in series))}
    is_one = len({each.when for each in series}) == 1
    drawn = []
    for each in series:
        norms = each.flow.hidden[::-1]
        known = [distance for distance, norm in enumerate(norms) if norm > 0]
        mark, dash = marks[each.name], 0 if is_one else DASHES[each.when]
        name = each.name if is_one else f"{each.name}, {each.when} training"
        drawn.append(Line(name, known, [norms[distance] for distance in known], mark, dash))
        if (share := each.flow.clipped_by(clip)) < 1 and each.flow.verdict == "explodes":
            left = [norms[distance] * share for distance in known]
            drawn.append(Line(f"{name}, clipped to {clip:g}", known, left, mark, CLIPPED))
    lines(axes, drawn)
    legend(axes)
    axes.set_yscale("log")
    farthest = max(len(each.flow.hidden) for each in series) - 1
    axes.set_xlim(-MARGIN * farthest, (1 + MARGIN) * farthest)
    axes.set_xlabel("steps back from the loss, T - t", fontsize=POINTS)
    axes.set_ylabel("norm of d loss at T / d hidden at t", fontsize=POINTS)
    write_picture(figure, path)


def truncation_picture(outcomes: "Sequence[Outcome]", path: str | Path) -> None:
    """Write a PNG of the loss by distance, the mean over the seeds; a panel for each network, and chance as a line."""
    from textrnn.training.truncation import METHODS, mean_losses

    means, chance, methods = mean_losses(outcomes), outcomes[0].chance, list(METHODS)
    names = list(dict.fromkeys(name for name, _ in means))
    distances = sorted({each.trial.distance for each in outcomes})
    figure, found = panels(len(names), width=PANEL_WIDTH, height=PANEL_HEIGHT)
    for axes, name in zip(found, names, strict=True):
        lines(
            axes,
            [
                Line(method, list(losses), list(losses.values()), methods.index(method), methods.index(method))
                for (of, method), losses in means.items()
                if of == name
            ],
        )
        axes.axhline(chance, color="0.5", linewidth=0.8)
        axes.set_xscale("log")
        axes.set_xticks(distances, [str(distance) for distance in distances])
        axes.minorticks_off()
        axes.set_title(name, fontsize=POINTS)
        axes.set_xlabel("distance (steps)", fontsize=POINTS)
    first = found[0]
    first.set_ylim(bottom=0)
    first.set_ylabel("loss (nats)", fontsize=POINTS)
    first.annotate("chance", (distances[0], chance), xytext=(0, 3), textcoords="offset points", fontsize=POINTS)
    legend(found[-1])
    write_picture(figure, path)
