"""Which settings, and what of what is read, are for which tasks; what is for others alone is refused."""

from collections.abc import Mapping, Sequence

from textrnn.data import Data
from textrnn.errors import UsageError
from textrnn.settings import TrainingSettings

Tasks = tuple[str, ...]

TASK_OF: dict[str, Tasks] = {  # of the settings that not every task has a use for
    **dict.fromkeys(("unit", "window", "windows", "shift", "fresh", "valid_symbols"), ("lm",)),
    "tied": ("lm", "translator"),
    **dict.fromkeys(("readout", "class_weights", "init_from", "layer_rate", "unfreeze", "piece"), ("classifier",)),
    **dict.fromkeys(("bidirectional", "label_smoothing", "metric", "batch_symbols"), ("classifier", "translator")),
    **dict.fromkeys(("joint_vocabulary", "longest_pair", "length_ratio"), ("translator",)),
    **dict.fromkeys(("attention", "input_feeding", "scheduled_sampling"), ("translator",)),
}
TASK_OF_DATA: dict[str, Tasks] = {  # the same of what is read
    **dict.fromkeys(("source", "target", "valid_source", "valid_target"), ("translator",)),
    **dict.fromkeys(("source_column", "target_column"), ("translator",)),
    "column": ("lm", "classifier"),
    **dict.fromkeys(("condition_column", "condition_file", "valid_condition_file"), ("lm",)),
    **dict.fromkeys(("label_column", "ordinal", "unlabelled"), ("classifier",)),
}
TASK_OF_METRIC: dict[str, Tasks] = {  # the same of what picks the best
    "accuracy": ("classifier",),
    "macro-f1": ("classifier",),
    "bleu": ("translator",),
}


def refuse_other_tasks(task: str, settings: TrainingSettings) -> None:
    """Raise UsageError for a setting that was given and that this task has no use for."""
    refuse(task, sorted(settings.model_fields_set), TASK_OF)
    refuse(task, [settings.metric or ""], TASK_OF_METRIC, of="metric ")


def refuse_other_data(task: str, data: Data) -> None:
    """The same for what is read."""
    given = [name for name, field in Data.model_fields.items() if getattr(data, name) != field.default]
    refuse(task, given, TASK_OF_DATA)


def refuse(task: str, names: Sequence[str], tasks: Mapping[str, Tasks], *, of: str = "") -> None:
    """Raise UsageError for the first of these names that is for other tasks alone. of: what stands before a name."""
    for name in names:
        if task not in tasks.get(name, (task,)):
            raise UsageError(f"{of}{name} is for {' and '.join(tasks[name])}, not for {task}")
