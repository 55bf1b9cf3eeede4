"""The channel gates that read an average, a maximum, or both, on the probes of :mod:`convattn.lab.pool_probes`.

What the gate multiplies is read by fixed weights, so that a gate is all that is learned: the sum of the candidate
channels, times 4. (With learned weights a weight that starts negative can push its gate shut before it turns positive;
pilot runs with the seeds 100 to 103 showed gates stuck there.)
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from convattn.channel_attention import ChannelAttention
from convattn.lab.broken import TwoMLPs
from convattn.lab.pool_probes import CHANNELS

KINDS = ("average", "maximum", "both", "two MLPs", "averaged gates")


class AveragedGates(ChannelAttention):
    """Channel attention that averages two gates, where the paper adds two logits before one sigmoid.

    The mean of two sigmoids lies between them, so that one descriptor alone can neither close the gate nor open it.
    """

    def gate(self, x: Tensor) -> Tensor:
        """Compute the mean of the gates of the descriptors.

        Args:
            x: Feature map (B, C, H, W), floating point.

        Returns:
            Gate (B, C, 1, 1), in [0, 1] for the sigmoid.
        """
        descriptors = torch.stack([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)  # (B, 2, C)
        gates = self.gate_fn(self.fc2(torch.relu(self.fc1(descriptors))))  # (B, 2, C)
        return gates.mean(dim=1)[:, :, None, None]


class ReadCandidates(nn.Module):
    """Give 4 times the sum of the first channels: the logit of a sign, if the gate leaves one of them open.

    Args:
        candidates: Number of channels that are summed.
    """

    def __init__(self, candidates: int) -> None:
        super().__init__()
        self.candidates = candidates

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (B, 1, H, W) for ``x`` (B, C, H, W)."""
        return 4 * x[:, : self.candidates].sum(dim=1, keepdim=True)


def pool_model(kind: str, candidates: int, *, channels: int = CHANNELS, hidden: int = 16) -> nn.Module:
    """Build a channel gate and the fixed weights that read what it leaves.

    Args:
        kind: One of ``KINDS``: the pools of :class:`convattn.ChannelAttention`, or a variant that has both.
        candidates: Number of candidate channels, which come first.
        channels: Number of channels C of the input.
        hidden: Number of hidden units of an MLP.

    Returns:
        A module from (B, C, H, W) to logits (B, 1, H, W).

    Raises:
        ValueError: If ``kind`` is not one of ``KINDS``.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}")
    pools = {"average": ("avg",), "maximum": ("max",)}.get(kind, ("avg", "max"))
    variant = {"two MLPs": TwoMLPs, "averaged gates": AveragedGates}.get(kind, ChannelAttention)
    return nn.Sequential(variant(channels, hidden=hidden, pools=pools), ReadCandidates(candidates))
