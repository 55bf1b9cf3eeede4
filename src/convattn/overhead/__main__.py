"""The table of a network: ``python -m convattn.overhead resnet50 --attention cbam``; ``--help`` lists the options."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import get_args

import torch
from torch import nn

from convattn import _checks
from convattn.networks.mobilenet import mobilenet
from convattn.networks.resnet import NETWORKS, STRIDES_IN, resnet
from convattn.overhead.counting import overhead
from convattn.overhead.text import By, as_text


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of the network that the command line names; an error is one line and exit status 2.

    Args:
        arguments: Command line without the program's name; ``sys.argv`` when None.
    """
    names = [*NETWORKS, "mobilenet_1.0", "mobilenet_0.7"]
    parser = argparse.ArgumentParser(
        prog="python -m convattn.overhead",
        usage=argparse.SUPPRESS,
        description="Count what a network costs: python -m convattn.overhead NETWORK [options]",
        allow_abbrev=False,
    )
    parser.add_argument("network", choices=names)
    flags = [
        parser.add_argument("--attention", choices=["none", "se", "cbam"], default="none"),
        parser.add_argument("--stride-in", choices=STRIDES_IN, default="3x3", help="where a bottleneck halves the map"),
        parser.add_argument("--input-size", type=int, help="side in pixels; 32 for the CIFAR family, else 224"),
        parser.add_argument("--batch", type=int, default=1, help="number of images"),
        parser.add_argument("--by", choices=get_args(By), default="kind", help="what a row is"),
    ]
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        parser.error(f"unknown: {' '.join(unknown)} (choose from {', '.join(f.option_strings[0] for f in flags)})")
    attention = None if options.attention == "none" else options.attention
    settings = NETWORKS.get(options.network, {})
    size = options.input_size if options.input_size is not None else 32 if settings.get("small_input") else 224
    try:
        shape = (_checks.at_least_one("--batch", options.batch), 3, *2 * (_checks.at_least_one("--input-size", size),))
        with torch.device("meta"):
            if options.network in NETWORKS:
                network: nn.Module = resnet(options.network, attention=attention, stride_in=options.stride_in)
            else:
                network = mobilenet(width=float(options.network.split("_")[1]), attention=attention)
        if shape[0] * 3 * shape[2] ** 2 >= 2**63:
            raise ValueError(f"the input must have fewer than 2^63 elements, got {shape}")
        rows = overhead(network, shape)
    except (RuntimeError, ValueError) as error:
        parser.error(str(error).splitlines()[0])
    place = f", stride in {options.stride_in}" if settings.get("bottleneck") else ""
    print(f"{options.network}, attention {options.attention}, input {shape}{place}")
    print(as_text(rows, options.by))


if __name__ == "__main__":
    main()
