"""The families of perturbations: what members of each do to their pictures, one file a family.

A new family is one file here and one line in ``KINDS``. NumPy alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from quorate.test_time.perturbations.kinds.additive import Additive
from quorate.test_time.perturbations.kinds.combined import Combined
from quorate.test_time.perturbations.kinds.edit import PhotoEdit
from quorate.test_time.perturbations.kinds.filter import Filter
from quorate.test_time.perturbations.kinds.gain import Gain
from quorate.test_time.perturbations.kinds.kind import Kind
from quorate.test_time.perturbations.kinds.network import Network

KINDS: Mapping[str, Kind] = {
    kind.name: kind for kind in (Additive(), Gain(), Filter(), Combined(), PhotoEdit(), Network())
}
