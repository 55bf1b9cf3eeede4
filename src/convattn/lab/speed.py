"""What attention costs in time: ``python -m convattn.lab.speed`` measures tables of the book.

Protocol: ResNet-18 and ResNet-50 without attention, with SE and with CBAM, 224 x 224 images, batches of 1 and 16, eager
and compiled with ``torch.compile``, the forward pass (eval mode, no gradients) and a training step (forward,
cross-entropy, backward, SGD). In each case the three networks run in turn, in one process, 9 times after one warm-up
(51 times with a batch of 1, where a run is short). Reported are the median over the rounds of the ratio to the network
without attention in the same round, and the middle half of these ratios.
The tables are ``time_cpu`` (or ``time_cuda``) and ``machine_cpu``, which has what the machine can do at most, measured
in the same way: copying memory and multiplying matrices.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from convattn.lab import records
from convattn.networks import Attention, resnet
from convattn.overhead import Cost

NETWORKS, BATCHES, MODES, STEPS = ("resnet18", "resnet50"), (1, 16), ("eager", "compiled"), ("forward", "training")
ATTENTION: tuple[Literal["se", "cbam"] | None, ...] = (None, "se", "cbam")
SIDE = 224
KEYS = ("device", "network", "batch", "mode", "step")

Row = dict[str, object]


def alternate(runs: Mapping[str, Callable[[], object]], *, rounds: int, device: str = "cpu") -> dict[str, list[float]]:
    """Time several functions in turn, round by round, after one warm-up of each.

    Args:
        runs: The functions by name.
        rounds: Number of rounds, at least 1.
        device: "cpu" or "cuda"; on "cuda" each time ends when the device has finished.

    Returns:
        Seconds of each function in each round.

    Raises:
        ValueError: If ``rounds`` is less than 1.
    """
    if rounds < 1:
        raise ValueError(f"rounds must be >= 1, got {rounds!r}")
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(rounds):
        for name, run in runs.items():
            wait()
            start = time.perf_counter()
            run()
            wait()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def stepper(
    network: str, attention: Attention, *, batch: int, mode: str, step: str, device: str, side: int | None = None
) -> Callable[[], object]:
    """Build a function that runs a network of :func:`convattn.networks.resnet` once.

    ``mode`` is "eager" or "compiled", ``step`` "forward" or "training"; images have 224 x 224 pixels, or ``side``.
    """
    torch.manual_seed(0)
    if mode not in MODES or step not in STEPS:
        raise ValueError(f"mode must be one of {MODES} and step one of {STEPS}, got {mode!r} and {step!r}")
    model: nn.Module = resnet(network, attention=attention).to(device)
    side = SIDE if side is None else side
    x = torch.rand(batch, 3, side, side, device=device)
    run = torch.compile(model) if mode == "compiled" else model
    if step == "forward":
        model.eval()
        return torch.no_grad()(lambda: run(x))
    answer = torch.zeros(batch, dtype=torch.long, device=device)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)

    def train() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(run(x), answer).backward()
        optimizer.step()

    return train


def ratios(seconds: Mapping[str, Sequence[float]], base: str = "none") -> list[Row]:
    """Compare times with those of one function, round by round.

    Args:
        seconds: What :func:`alternate` returns.
        base: Name of the function to compare with.

    Returns:
        For each function its name as "attention", its median time in milliseconds, and the median, the lower and the
        upper quartile of the ratio.
    """
    rows: list[Row] = []
    for name, values in seconds.items():
        ratio = np.divide(values, seconds[base])
        numbers = dict(zip(("ratio", "low", "high"), np.quantile(ratio, (0.5, 0.25, 0.75)), strict=True))
        milliseconds = f"{1000 * np.median(values):.2f}"
        rows.append({"attention": name, "ms": milliseconds, **{k: f"{v:.3f}" for k, v in numbers.items()}})
    return rows


def machine(device: str, *, rounds: int = 9, scale: int = 1) -> dict[str, float]:
    """Measure what the machine can do at most: bytes moved by a copy and multiply-accumulates of a matrix product.

    Args:
        device: "cpu" or "cuda".
        rounds: Number of rounds; the median counts.
        scale: Divides the sizes.

    Returns:
        "bandwidth" in 1e9 bytes a second, read and written, and "compute" in 1e9 multiply-accumulates a second, both in
        float32.
    """
    source = torch.rand(2**26 // scale, device=device)
    target = torch.empty_like(source)
    n = 4096 // scale
    a, b = torch.rand(2, n, n, device=device)
    runs = {"bandwidth": lambda: target.copy_(source), "compute": lambda: a @ b}
    amounts = {"bandwidth": 2 * 4 * source.numel(), "compute": n**3}
    seconds = alternate(runs, rounds=rounds, device=device)
    return {name: amounts[name] / float(np.median(values)) / 1e9 for name, values in seconds.items()}


def roofline(cost: Cost, speed: Mapping[str, float]) -> float:
    """Bound the time of an operation from below: its arithmetic or its memory traffic, whichever takes longer.

    Args:
        cost: Counts of a part of a network; its multiply-accumulates and its elements, in float32, read and written.
        speed: "compute" in multiply-accumulates a second and "bandwidth" in bytes a second.

    Returns:
        Seconds.
    """
    return max(cost.macs / speed["compute"], 4 * (cost.read + cost.written) / speed["bandwidth"])


def case(device: str, network: str, batch: int, mode: str, step: str, *, rounds: int | None = None) -> list[Row]:
    """Measure the three networks of one case: the rows of :func:`ratios` with the case in front.

    The options are those of :func:`stepper`; 51 rounds for a batch of 1, else 9, unless ``rounds`` says otherwise.
    """
    torch.compiler.reset()
    rounds = (51 if batch == 1 else 9) if rounds is None else rounds
    runs = {
        attention or "none": stepper(network, attention, batch=batch, mode=mode, step=step, device=device)
        for attention in ATTENTION
    }
    head: Row = dict(zip(KEYS, (device, network, batch, mode, step), strict=True))
    return [head | row for row in ratios(alternate(runs, rounds=rounds, device=device))]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the tables of a device, print them, and write them where the command line says to.

    Args:
        arguments: Command line without the program's name; ``sys.argv`` when None.
    """
    parser = argparse.ArgumentParser(prog="python -m convattn.lab.speed", description="Measure what attention costs.")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write the tables there")
    options = parser.parse_args(arguments)
    device = options.device
    if device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda needs a CUDA device and PyTorch built for it; neither is found here")
    try:
        records.writable(options.out)
    except OSError as error:
        parser.error(f"--out must be a folder that can be written to: {error}")
    limits = [{"device": device, "what": what, "value": f"{value:.1f}"} for what, value in machine(device).items()]
    rows: list[Row] = []
    for mode, network, batch, step in tqdm([*product(MODES, NETWORKS, BATCHES, STEPS)], unit="case"):
        rows += case(device, network, batch, mode, step)  # compiling, which takes longest, comes last
    command = f"python -m convattn.lab.speed --device {device}"
    measured = {f"machine_{device}": limits, f"time_{device}": rows}
    records.report(measured, command=command, seeds="none", out=options.out)


if __name__ == "__main__":
    main()
