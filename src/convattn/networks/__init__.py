"""Networks that take attention where the papers put it."""

from convattn.networks._attention import Attention
from convattn.networks.mobilenet import MobileNet, mobilenet
from convattn.networks.resnet import ResNet, resnet

__all__ = ["Attention", "MobileNet", "ResNet", "mobilenet", "resnet"]
