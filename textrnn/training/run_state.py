"""What one training run has done so far, and how far it goes."""

import math
import statistics
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from textrnn.batch import Batch
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.stack import State
from textrnn.spec import Spec
from textrnn.training.average import Average
from textrnn.training.checkpoints import Checkpoints
from textrnn.training.defaults import ChosenSettings
from textrnn.training.optimizers import DEPTH, Schedule, adamw, share_of_rate

UNTIMED_STEPS = 5  # first calls allocate and choose kernels
TIMED_STEPS = 25  # at least; more while the rate still rises and the share below is not used up
TIMED_SHARE = 0.03  # of the minutes
UNPLANNED = 2**31  # steps, until the speed has been measured
CHECKPOINT = "checkpoint"  # what the names of arrays begin with that never change under one name
SPARE = 0.95  # share of the minutes that is planned for: machines slow down


class Counters(Spec):
    """The numbers of a run. start: the step at which its schedule began, 0 unless it was extended. total: the last.

    seconds: since the run began. interval_seconds and the like: since the last evaluation. checkpoints: the costs of
    those that are kept, by step.
    """

    step: int = 0
    start: int = 0
    total: int = 0
    best: float | None = None
    seconds: float = 0.0
    seconds_per_evaluation: float = 0.0
    interval_seconds: float = 0.0
    interval_targets: int = 0
    interval_symbols: int = 0
    interval_steps: int = 0
    checkpoints: Mapping[int, float] = Field(default_factory=dict)

    def __str__(self) -> str:
        """Where the run stands, for people."""
        return f"step {self.step:,}" + ("" if self.total == UNPLANNED else f" of {self.total:,}")


class RunState:
    """Counters, optimizer, carried state and plan of a run.

    steps_per_epoch: None where the text has no known end. began: on time.monotonic's clock, from when the minutes
    count.
    """

    def __init__(
        self, network: SequenceNetwork, settings: ChosenSettings, *, steps_per_epoch: float | None, began: float
    ) -> None:
        self.network, self.settings = network, settings
        self.optimizer = adamw(network, settings)
        self.average = Average(network, settings.average) if settings.average else None
        self.checkpoints = Checkpoints(network, settings.average_checkpoints, settings.average_which)
        self.steps_per_epoch, self.began, self.plan_began = steps_per_epoch, began, began
        self.seconds_per_evaluation = 0.0
        self.step = self.start = 0
        self.carried: State | None = None
        self.best = float("inf")
        self._nats, self._targets = torch.zeros(()), 0  # since the last row
        self._norms, self._steps, self._symbols = torch.zeros(()), 0, 0
        self._interval_began = time.monotonic()
        self._begin_plan()

    def _begin_plan(self) -> None:
        """Plan from this step on."""
        settings = self.settings
        steps = settings.epochs * (self.steps_per_epoch or 0)  # 0: no bound
        most = max(1, round(steps)) if steps else UNPLANNED
        self.most = self.start + most
        self.total = UNPLANNED if settings.minutes else self.start + (settings.steps or most)
        self._durations: list[float] = []  # of the steps that the plan is made from
        self._step_began = time.monotonic()

    def extend(self) -> None:
        """Begin a new schedule at this step."""
        self.start, self.plan_began = self.step, time.monotonic()
        self._begin_plan()

    def counters(self) -> Counters:
        """The numbers, to be saved."""
        now = time.monotonic()
        return Counters(
            step=self.step,
            start=self.start,
            total=self.total,
            best=self.best if math.isfinite(self.best) else None,
            seconds=now - self.began,
            seconds_per_evaluation=self.seconds_per_evaluation,
            interval_seconds=now - self._interval_began,
            interval_targets=self._targets,
            interval_symbols=self._symbols,
            interval_steps=self._steps,
            checkpoints=dict(self.checkpoints.costs),
        )

    def tensors(self) -> dict[str, Tensor]:
        """The arrays, to be saved: weights, the optimizer's moments, the carried state, torch's generators."""
        found = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            found |= {f"optimizer.{index}.{name}": value for name, value in moments.items()}
        if self.average:
            found |= {f"average.{name}": value for name, value in self.average.values.items()}
        found |= {f"{CHECKPOINT}.{name}": value for name, value in self.checkpoints.tensors().items()}
        found |= {f"carried.{name}": value.clone() for name, value in (self.carried or {}).items()}  # may share memory
        found |= {"nats": self._nats, "norms": self._norms, "random.cpu": torch.get_rng_state()}
        if self.network.device.type == "cuda":
            found["random.cuda"] = torch.cuda.get_rng_state(self.network.device)
        return {name: value.detach().cpu().contiguous() for name, value in found.items()}

    def restore(self, counters: Counters, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what was saved."""
        now = time.monotonic()
        self.step, self.start, self.total = counters.step, counters.start, counters.total
        self.best = float("inf") if counters.best is None else counters.best
        self.began, self.plan_began, self._interval_began = now - counters.seconds, now, now - counters.interval_seconds
        self.seconds_per_evaluation, self._targets = counters.seconds_per_evaluation, counters.interval_targets
        self._step_began = now
        parts = grouped(tensors)
        self.network.load_state_dict(parts["network"])
        moments = {int(index): values for index, values in grouped(parts.get("optimizer", {})).items()}
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": moments})
        if self.average:
            self.average.restore(parts["average"])
        self.checkpoints.restore(counters.checkpoints, parts.get(CHECKPOINT, {}))
        device = self.network.device
        self.carried = {name: value.to(device) for name, value in parts.get("carried", {}).items()} or None
        self._nats, self._norms, self._steps = tensors["nats"], tensors["norms"], counters.interval_steps
        self._symbols = counters.interval_symbols
        torch.set_rng_state(tensors["random.cpu"])
        if "random.cuda" in tensors and device.type == "cuda":
            torch.cuda.set_rng_state(tensors["random.cuda"], device)

    def tensor(self, array: NDArray[Any]) -> Tensor:
        """An array where the network is."""
        return torch.from_numpy(array).to(self.network.device, non_blocking=True)

    def autocast(self) -> AbstractContextManager[Any]:
        """Products in bfloat16 where the settings say so."""
        enabled = self.settings.precision == "bfloat16"
        return torch.autocast(self.network.device.type, torch.bfloat16, enabled=enabled, cache_enabled=False)

    def averaged(self) -> AbstractContextManager[None]:
        """The network as it is validated and kept: with the moving average of its weights, if there is one."""
        return self.average.in_place() if self.average else nullcontext()

    def carried_to(self, batch: Batch) -> State | None:
        """The state that a batch begins with: what the one before left, zeros for a sequence that does not go on.

        Of sequences that begin with vectors: what the network makes of those.
        """
        if batch.vectors is not None:
            return self.network.initial_state(len(batch.vectors), self.tensor(batch.vectors))
        if self.carried is None or not batch.continues.any():
            return None
        if batch.continues.all():
            return self.carried
        kept = torch.from_numpy(batch.continues).to(self.network.device)[:, None]
        return {name: value * kept for name, value in self.carried.items()}

    @property
    def schedule(self) -> Schedule:
        settings = self.settings
        return Schedule(settings.rate, settings.final_rate, settings.warmup, self.total - self.start)

    def update(self, nats: Tensor, targets: int, penalty: Tensor | None = None, *, symbols: int = 0) -> None:
        """One step down the gradient of the mean over the targets, and of the penalty. symbols: that were read."""
        self.optimizer.zero_grad()
        loss = nats / max(1, targets)
        (loss if penalty is None else loss + penalty).backward()  # type: ignore[no-untyped-call]
        norm = self._clip()
        rate, epoch = self.schedule.rate(self.step - self.start), self.step / (self.steps_per_epoch or math.inf)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * share_of_rate(group[DEPTH], self.settings, epoch=epoch)
        self.optimizer.step()
        self.step += 1
        if self.average:
            self.average.update(self.step)
        self._nats, self._targets = self._nats + nats.detach().cpu(), self._targets + targets
        self._norms, self._steps = self._norms + norm.detach().cpu(), self._steps + 1
        self._symbols += symbols
        if self.total == UNPLANNED:
            self._plan()

    def _clip(self) -> Tensor:
        """Clip the gradient by value, then by norm; and its norm before."""
        parameters, settings = [value for value in self.network.parameters() if value.grad is not None], self.settings
        norm = nn.utils.get_total_norm([value.grad for value in parameters if value.grad is not None])
        if settings.clip_value:
            nn.utils.clip_grad_value_(parameters, settings.clip_value)
        if settings.clip_norm and settings.clip_value:
            nn.utils.clip_grad_norm_(parameters, settings.clip_norm)
        elif settings.clip_norm:
            nn.utils.clip_grads_with_norm_(parameters, settings.clip_norm, norm)
        return norm

    def _plan(self) -> None:
        """Turn minutes into steps once the speed is known: by the median, which a short disturbance leaves alone."""
        now = time.monotonic()
        self._durations.append(now - self._step_began)
        self._step_began = now
        if self.step >= self.most:  # so short that there is nothing to plan
            self.total = self.most
        timed = self._durations[UNTIMED_STEPS:]
        if len(timed) < TIMED_STEPS:
            return
        is_rising = self.step - self.start < self.settings.warmup
        if is_rising and sum(timed) < TIMED_SHARE * self.settings.minutes * 60:
            return
        left = self.settings.minutes * 60 * SPARE - (now - self.plan_began)
        left -= self.settings.validations * self.seconds_per_evaluation
        self.total = min(self.most, self.step + max(1, int(left / statistics.median(timed))))

    @property
    def is_planned(self) -> bool:
        return self.total != UNPLANNED

    @property
    def is_done(self) -> bool:
        return self.step >= self.total

    @property
    def evaluation_due(self) -> bool:
        """Evaluations are spread evenly; the last is at the end."""
        if not self.is_planned:
            return False
        done, whole = self.step - self.start, self.total - self.start
        return done * self.settings.evaluations // whole > (done - 1) * self.settings.evaluations // whole

    def progress(self) -> tuple[int, float | None, float, float]:
        """Step, epoch, seconds and rate, as a row begins."""
        rate = self.schedule.rate(max(0, self.step - self.start - 1))
        epoch = self.step / self.steps_per_epoch if self.steps_per_epoch else None
        return self.step, epoch, time.monotonic() - self.began, rate

    def is_lowest(self, cost: float) -> bool:
        """Whether no evaluation cost less or as much; from then on it is to be beaten."""
        before, self.best = self.best, min(cost, self.best)
        return cost < before

    def close_interval(self, cost: float) -> dict[str, Any]:
        """The rest of a row; the next one counts from here. cost: of the weights as they were evaluated."""
        now = time.monotonic()
        seconds = max(1e-9, now - self._interval_began)
        mean, speed = self._nats.item() / max(1, self._targets), self._symbols / seconds
        is_best = self.is_lowest(cost)
        with self.averaged():
            self.checkpoints.take(self.step, cost)
        norm = self._norms.item() / max(1, self._steps)
        self._nats, self._targets, self._interval_began = torch.zeros(()), 0, now
        self._norms, self._steps, self._symbols = torch.zeros(()), 0, 0
        return {"train_nats": mean, "gradient_norm": norm, "symbols_per_second": speed, "is_best": is_best}


def grouped(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Names such as "a.b.c" under their first part: {"a": {"b.c": …}}."""
    groups: dict[str, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        first, dot, rest = name.partition(".")
        if dot:
            groups.setdefault(first, {})[rest] = value
    return groups
