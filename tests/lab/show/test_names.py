"""Names of networks: every short one that a table has, in the papers' spelling."""

import pytest

from convattn.lab import records
from convattn.lab.show import display_name


def test_names_of_the_papers():
    tables = [*records.published("cbam_t4_imagenet"), *records.published("cbam_t5_mobilenet")]
    names = list(dict.fromkeys(display_name(row["arch"]) for row in tables))
    assert names == [
        *("ResNet-18", "ResNet-34", "ResNet-50", "ResNet-101", "Wide ResNet-18 ×1.5", "Wide ResNet-18 ×2.0"),
        *("ResNeXt-50 32×4d", "ResNeXt-101 32×4d", "MobileNet 0.7", "MobileNet"),
    ]
    cifar = records.published("cifar_simam_t2")
    found = {display_name(row["network"]) for row in cifar} | {display_name(row["dataset"]) for row in cifar}
    assert found >= {"MobileNetV2", "PreResNet-56", "WRN-20×10", "CIFAR-10", "CIFAR-100"}


def test_a_name_that_no_rule_knows():
    with pytest.raises(ValueError, match="got 'mnas1_0 "):
        display_name("mnas1_0 (dcanet)")
