"""Where people come from."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quorate.populations.adult import Adult as Adult
    from quorate.populations.attribute_labels import AttributeLabels as AttributeLabels
    from quorate.populations.bank import Bank as Bank
    from quorate.populations.birds import Birds as Birds
    from quorate.populations.cifar10 import CIFAR10 as CIFAR10
    from quorate.populations.cifar100 import CIFAR100 as CIFAR100
    from quorate.populations.coloured_digits import ColouredDigits as ColouredDigits
    from quorate.populations.compas import Compas as Compas
    from quorate.populations.composite import Composite as Composite
    from quorate.populations.correlated_columns import CorrelatedColumns as CorrelatedColumns
    from quorate.populations.digits import Digits as Digits
    from quorate.populations.fairface import FairFace as FairFace
    from quorate.populations.finite import Finite as Finite
    from quorate.populations.gaussian import Gaussian as Gaussian
    from quorate.populations.mnist import MNIST as MNIST
    from quorate.populations.noisy_labels import NoisyLabels as NoisyLabels
    from quorate.populations.own_images import OwnImages as OwnImages
    from quorate.populations.own_table import OwnTable as OwnTable
    from quorate.populations.unequal import Unequal as Unequal
    from quorate.populations.unmeasured import Unmeasured as Unmeasured
    from quorate.populations.waterbirds import Waterbirds as Waterbirds
else:
    from quorate.exported import exported

    __getattr__, __dir__ = exported("populations", __name__)
