"""What one training run has done so far, and how far it goes."""

import statistics
import time
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from textrnn.batch import Batch
from textrnn.networks.sequence import SequenceNetwork, State
from textrnn.training.defaults import ChosenSettings
from textrnn.training.optimizers import Schedule, adamw

UNTIMED_STEPS = 5  # first calls allocate and choose kernels
TIMED_STEPS = 25  # at least; more while the rate still rises and the share below is not used up
TIMED_SHARE = 0.03  # of the minutes
UNPLANNED = 2**31  # steps, until the speed has been measured
SPARE = 0.95  # share of the minutes that is planned for: machines slow down


class RunState:
    """Counters, optimizer, carried state and plan of a run.

    began: on time.monotonic's clock, from when the minutes count. seconds_per_evaluation: set aside for each.
    """

    def __init__(
        self, network: SequenceNetwork, settings: ChosenSettings, *, steps_per_epoch: float, began: float
    ) -> None:
        self.network, self.settings = network, settings
        self.optimizer = adamw(network, settings)
        self.steps_per_epoch, self.began = steps_per_epoch, began
        self.seconds_per_evaluation = 0.0
        self.most = max(1, round(settings.epochs * steps_per_epoch)) if settings.epochs else UNPLANNED
        self.total = settings.steps or (UNPLANNED if settings.minutes else self.most)
        self.step = 0
        self.carried: State | None = None
        self.best = float("inf")
        self._nats, self._targets = torch.zeros(()), 0  # since the last row
        self._interval_began = time.monotonic()
        self._durations: list[float] = []  # of the steps that the plan is made from
        self._step_began = 0.0

    def tensor(self, array: NDArray[np.int64]) -> Tensor:
        """An array where the network is."""
        return torch.from_numpy(array).to(self.network.device, non_blocking=True)

    def autocast(self) -> AbstractContextManager[Any]:
        """Products in bfloat16 where the settings say so."""
        enabled = self.settings.precision == "bfloat16"
        return torch.autocast(self.network.device.type, torch.bfloat16, enabled=enabled, cache_enabled=False)

    def carried_to(self, batch: Batch) -> State | None:
        """The state that a batch begins with: what the one before left, zeros for a sequence that does not go on."""
        if self.carried is None or not batch.continues.any():
            return None
        if batch.continues.all():
            return self.carried
        kept = torch.from_numpy(batch.continues).to(self.network.device)[:, None]
        return [{part: value * kept for part, value in layer.items()} for layer in self.carried]

    @property
    def schedule(self) -> Schedule:
        settings = self.settings
        return Schedule(settings.rate, settings.final_rate, settings.warmup, self.total)

    def update(self, nats: Tensor, targets: int) -> None:
        """One step down the gradient of the mean over the targets."""
        settings = self.settings
        parameters = list(self.network.parameters())
        self.optimizer.zero_grad()
        (nats / max(1, targets)).backward()  # type: ignore[no-untyped-call]
        if settings.clip_value:
            nn.utils.clip_grad_value_(parameters, settings.clip_value)
        if settings.clip_norm:
            nn.utils.clip_grad_norm_(parameters, settings.clip_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = self.schedule.rate(self.step)
        self.optimizer.step()
        self.step += 1
        self._nats, self._targets = self._nats + nats.detach().cpu(), self._targets + targets
        if self.total == UNPLANNED:
            self._plan()

    def _plan(self) -> None:
        """Turn minutes into steps once the speed is known: by the median, which a short disturbance leaves alone."""
        now = time.monotonic()
        if self.step > UNTIMED_STEPS:
            self._durations.append(now - self._step_began)
        self._step_began = now
        if len(self._durations) < TIMED_STEPS:
            return
        is_rising = self.step < self.settings.warmup
        if is_rising and sum(self._durations) < TIMED_SHARE * self.settings.minutes * 60:
            return
        left = self.settings.minutes * 60 * SPARE - (now - self.began)
        left -= self.settings.evaluations * self.seconds_per_evaluation
        self.total = min(self.most, self.step + max(1, int(left / statistics.median(self._durations))))

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
        before = (self.step - 1) * self.settings.evaluations // self.total
        return self.step * self.settings.evaluations // self.total > before

    def progress(self) -> tuple[int, float, float, float]:
        """Step, epoch, seconds and rate, as a row begins."""
        rate = self.schedule.rate(max(0, self.step - 1))
        return self.step, self.step / self.steps_per_epoch, time.monotonic() - self.began, rate

    def close_interval(self, valid_nats: float) -> dict[str, Any]:
        """The rest of a row; the next one counts from here."""
        now = time.monotonic()
        seconds = max(1e-9, now - self._interval_began)
        mean, speed = self._nats.item() / max(1, self._targets), self._targets / seconds
        is_best, self.best = valid_nats < self.best, min(valid_nats, self.best)
        self._nats, self._targets, self._interval_began = torch.zeros(()), 0, now
        return {"train_nats": mean, "symbols_per_second": speed, "is_best": is_best}
