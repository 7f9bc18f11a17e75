"""Fit a network to crops: balanced by class and person, resumable after a kill.

A checkpoint holds the weights, their running mean, the optimiser, the schedule and the
history; a resumed run gives the same weights, bit for bit, as one never interrupted,
because the chance of every batch comes from the seed and its own number.
"""

import copy
import hashlib
import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import distributed, nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import get_ema_multi_avg_fn
from tqdm import tqdm

from leukoscope_edge.arrays import F64, U8
from leukoscope_edge.durable import whole_file
from leukoscope_train.cuda_graphs import autocast, captured
from leukoscope_train.data import I64, CropSet
from leukoscope_train.distributed import HERE, Machine, refuse_unfit
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import metrics
from leukoscope_train.heads import fit_heads, fit_svm_head, known_features
from leukoscope_train.history import History
from leukoscope_train.networks import (
    Pooled,
    as_input,
    head_name,
    load_start,
    make_network,
    normalised,
    rate_groups,
    replace_head,
)
from leukoscope_train.plan import FitPlan
from leukoscope_train.sampling import OTHER_KIND, Batch, batches, kept_crops

N_WATCHED = 512
"""Cells judged after every pass for the curves; all are judged at the end. A single
pass has no curve."""


def fit(
    crops: CropSet,
    plan: FitPlan,
    *,
    checkpoint: Path | None = None,
    note: str = "",
    machine: Machine = HERE,
    watch: CropSet | None = None,
) -> nn.Module:
    """Fit a fresh network, or resume from a checkpoint of the same plan and crops.

    Args:
        crops: The cells, on a canvas at least as large as the plan's side.
        plan: What to do.
        checkpoint: Where to keep the state after a pass, as often as the machine
            says, and the mean network after the last; the history and TensorBoard's
            log go beside it.
        note: Shown beside the progress bar.
        machine: This process's part.
        watch: Cells never trained on, judged after every pass for the curves alone.

    Returns:
        The network with the running mean of its weights, in evaluation mode.

    Raises:
        DataError: Only one class is present, the cells are stored too small, the
            checkpoint is of another plan or cannot be written, or the machine cannot
            follow the plan.
    """
    _refuse_untrainable(crops, plan)
    refuse_unfit(machine, plan.precision, plan.batch)
    if plan.n_epochs == 0:
        torch.manual_seed(plan.seed)
        return _with_heads(begin(plan, 2).to(machine.device), crops, plan)
    state = Training(crops, plan, machine)
    if checkpoint and checkpoint.exists():
        start = state.load(checkpoint)
        if machine.writes:  # a kill may have come between the two files
            state.history.write(checkpoint)
    else:
        start = state.begin(crops, plan)
    shown = None if watch is None else kept_crops(watch, plan)
    quiet = None if machine.writes else True
    saved_s = time.monotonic()
    drawn = batches(crops, plan, machine, start)
    for epoch in tqdm(range(start, plan.n_epochs), desc=note, disable=quiet):
        row = one_pass(state, drawn, plan, epoch)
        if watch is not None and shown is not None:
            row |= _watched(state.mean, shown, watch.labels)
        state.history.add(epoch, row)
        due = time.monotonic() - saved_s >= machine.save_every_s
        if checkpoint and machine.writes and (due or epoch + 1 == plan.n_epochs):
            state.save(checkpoint, epoch + 1)
            state.history.write(checkpoint)
            saved_s = time.monotonic()
        machine.wait()
    return _finished(state, crops, plan)


def _refuse_untrainable(crops: CropSet, plan: FitPlan) -> None:
    if len(np.unique(crops.labels)) < 2:
        raise DataError("training needs both classes")
    canvas_px = crops.pixels.shape[1]
    if canvas_px < plan.side_px:
        raise DataError(
            f"the plan's 'side_px' is {plan.side_px}, but the cells are stored on "
            f"{canvas_px} px; `prepare --side-px {plan.side_px}` cuts them anew"
        )


def begin(plan: FitPlan, n_classes: int) -> nn.Module:
    """Return the plan's network with fresh weights, or those of its start file.

    Raises:
        DataError: The file is none of this architecture's.
    """
    network = make_network(plan.architecture, plan.side_px)
    if n_classes != 2:
        replace_head(network, n_classes)
    if plan.start:
        load_start(network, Path(plan.start))
    return network


def _with_heads(network: nn.Module, crops: CropSet, plan: FitPlan) -> nn.Module:
    """Give a network heads that are fitted to its features as they are."""
    if not isinstance(network, Pooled):
        raise DataError(f"{plan.architecture} has no pooled head to begin with")
    seen = known_features(network, kept_crops(crops, plan), features)
    fit_heads(network, seen, crops, plan)
    return network.eval()


def margins_by(network: nn.Module, crops: CropSet, plan: FitPlan) -> F64:
    """Return (N,) margins; where the features are the start's, from memory."""
    shown = kept_crops(crops, plan)
    if plan.n_epochs or not isinstance(network, Pooled):
        return margins(network, shown)
    seen = torch.from_numpy(known_features(network, shown, features).astype(np.float32))
    with torch.no_grad():
        found = (
            network.judge(seen.to(network.head.weight.device)).double().cpu().numpy()
        )
    return np.asarray(found[:, 1] - found[:, 0], np.float64)


def _finished(state: "Training", crops: CropSet, plan: FitPlan) -> nn.Module:
    """Return the mean network, alike on all machines, with its SVM where it has one."""
    if state.machine.n_ranks > 1:
        for value in state.mean.state_dict().values():
            distributed.broadcast(value, 0)
    network = state.mean.eval()
    if plan.architecture == "cnn-svm" and isinstance(network, Pooled):
        pooled = features(network, kept_crops(crops, plan))
        fit_svm_head(network, pooled, crops, plan)
    return network


def _watched(network: nn.Module, shown: U8, labels: I64) -> dict[str, float]:
    margin = margins(network, shown)
    sign = np.where(labels == 1, 1.0, -1.0)
    return {
        "unseen_loss": float(np.logaddexp(0, -sign * margin).mean()),
        "unseen_auroc": metrics.auroc(labels, margin),
    }


class Training:
    """The network in training, and all that a resumed run needs."""

    def __init__(self, crops: CropSet, plan: FitPlan, machine: Machine) -> None:
        """Begin with untrained or given weights; the seed is the plan's."""
        torch.manual_seed(plan.seed)
        n_classes = int(crops.labels.max()) + 1
        self.machine = machine
        network = begin(plan, n_classes).to(machine.device)
        self.network = network.to(memory_format=torch.channels_last)
        self.mean = copy.deepcopy(self.network).eval()
        self.floats = (_floats(self.mean), _floats(self.network))
        self.shared = captured(self.network, plan, machine)
        if machine.n_ranks > 1:
            self.shared = DistributedDataParallel(self.network)
        groups = rate_groups(self.network, plan.rate_ratio)
        self.optimiser = torch.optim.AdamW(
            [{"params": layer} for _, layer in groups],
            weight_decay=plan.decay,
            fused=machine.device.type == "cuda",
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            [plan.peak_rate * share for share, _ in groups],
            plan.n_epochs * plan.n_batches,
            pct_start=plan.warm_up,
        )
        self.history = History()
        self.key = _key(crops, plan)
        self.n_epochs = plan.n_epochs

    def begin(self, crops: CropSet, plan: FitPlan) -> int:
        """Fit the heads first where the plan says so; return the first pass."""
        if plan.heads_first:
            _with_heads(self.network, crops, plan)
            self.mean.load_state_dict(self.network.state_dict())
        return 0

    @torch.no_grad()
    def average(self, decay: float) -> None:
        """Move the mean to the network; the caller lets the first steps weigh more."""
        move = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        move(*self.floats, 0)

    def parts(self, epoch: int) -> dict[str, Any]:
        """Return what a fit needs to go on after so many passes; in the end little."""
        found: dict[str, Any] = {"mean": self.mean, "history": self.history}
        if epoch == self.n_epochs:
            return found
        return {
            **found,
            "network": self.network,
            "optimiser": self.optimiser,
            "schedule": self.schedule,
        }

    def save(self, path: Path, epoch: int) -> None:
        """Write the whole of it: a full disk leaves the previous one alone."""
        parts = self.parts(epoch)
        states = {name: part.state_dict() for name, part in parts.items()}
        try:
            with whole_file(path) as file:
                torch.save({"key": self.key, "epoch": epoch, **states}, file)
        except (OSError, RuntimeError) as err:
            raise DataError(
                f"{path}: the checkpoint cannot be written: {err}; the previous one "
                "is whole, free some space and run again"
            ) from err

    def load(self, path: Path) -> int:
        """Take up what was saved; return after how many passes it was.

        Raises:
            DataError: It is no checkpoint, or one of another plan or of other cells.
        """
        device = self.machine.device
        try:
            stored = torch.load(path, weights_only=True, map_location=device)
        except Exception as err:  # torch raises many kinds for a damaged file
            raise DataError(f"{path}: is not a checkpoint: {err}") from err
        if stored.get("key") != self.key:
            raise DataError(f"{path}: is of another plan or other cells; remove it")
        epoch = int(stored["epoch"])
        for name, part in self.parts(epoch).items():
            part.load_state_dict(stored[name])
        return epoch


def _floats(network: nn.Module) -> list[torch.Tensor]:
    """Return what of a network has a mean: all but batch normalisation's counters."""
    values = network.state_dict().values()
    return [value for value in values if value.dtype.is_floating_point]


def _key(crops: CropSet, plan: FitPlan) -> str:
    digest = hashlib.sha256(json.dumps(asdict(plan), sort_keys=True).encode())
    digest.update("\n".join(crops.names.tolist()).encode())
    digest.update(crops.labels.tobytes())
    return digest.hexdigest()


def one_pass(
    state: Training, drawn: Iterator[Batch], plan: FitPlan, epoch: int
) -> dict[str, float]:
    """Train for one pass; return its mean loss and last rate."""
    state.network.train()
    torch.manual_seed(hash((plan.seed, epoch)))  # of dropout, also after a resume
    device = state.machine.device
    loss_of: Callable[..., Any] = (
        kind_first_loss if plan.asks_kind else functional.cross_entropy
    )
    total = torch.zeros((), device=device)
    for pixels, truth in itertools.islice(drawn, plan.n_batches):
        shown = normalised(pixels)
        with autocast(plan, state.machine):
            logits = state.shared(shown)
        loss = loss_of(logits.float(), truth, label_smoothing=plan.smoothing)
        state.optimiser.zero_grad()
        loss.backward()
        state.optimiser.step()
        state.schedule.step()
        step = state.schedule.last_epoch
        state.average(min(plan.average, step / (step + 9)))
        total += loss.detach()
    return {
        "loss": float(total) / plan.n_batches,
        "rate": float(state.schedule.get_last_lr()[-1]),
    }


def kind_first_loss(
    answers: torch.Tensor, labels: torch.Tensor, label_smoothing: float
) -> torch.Tensor:
    """Return the sum of both questions' losses; only lymphoid cells teach the second.

    Args:
        answers: (N, 3) of `KindFirst.answers`.
        labels: (N,) NORMAL, BLAST or OTHER_KIND.
        label_smoothing: Of both.
    """
    other = labels == OTHER_KIND
    truth = other.float() * (1 - label_smoothing) + label_smoothing / 2
    kind = functional.binary_cross_entropy_with_logits(answers[:, 2], truth)
    if bool(other.all()):
        return kind
    return kind + functional.cross_entropy(
        answers[~other, :2], labels[~other], label_smoothing=label_smoothing
    )


@torch.no_grad()
def logits(network: nn.Module, crops: U8, batch: int = 64) -> F64:
    """Return (N, K) logits of (N, side, side, 3) uint8 crops."""
    network.eval()
    device = next(network.parameters()).device
    parts = [
        network(as_input(crops[start : start + batch]).to(device)).double().cpu()
        for start in range(0, len(crops), batch)
    ]
    return np.asarray(torch.cat(parts).numpy(), np.float64)


def margins(network: nn.Module, crops: U8, batch: int = 64) -> F64:
    """Return (N,) logit of blast minus logit of normal."""
    found = logits(network, crops, batch)
    return np.asarray(found[:, 1] - found[:, 0], np.float64)


def features(network: nn.Module, crops: U8, batch: int = 64) -> F64:
    """Return (N, C) what the network's last dense layer sees."""
    seen: list[torch.Tensor] = []
    head = network.get_submodule(head_name(network))
    hook = head.register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0].double().cpu())
    )
    try:
        logits(network, crops, batch)
    finally:
        hook.remove()
    return np.asarray(torch.cat(seen).numpy(), np.float64)


def some_of(crops: CropSet, n_wanted: int) -> CropSet:
    """Return up to so many cells, spread evenly over the set."""
    chosen = np.linspace(0, len(crops) - 1, min(n_wanted, len(crops)))
    return crops.pick(np.unique(chosen.astype(np.int64)))


def save_weights(network: nn.Module, path: Path) -> None:
    """Write a network's weights, whole or not at all."""
    weights = {name: value.cpu() for name, value in network.state_dict().items()}
    with whole_file(path) as file:
        torch.save(weights, file)
