"""Algorithmic collective action: how many people, doing what, move a learning algorithm?

>>> import quorate
>>> curves = quorate.curve(population="digits:n=200", strategy="planting:size=2",
...                        learner="sgd:epochs=2", alphas="0,0.5", seeds=1)
>>> sorted(curves.to_frame()["alpha"])
[0.0, 0.5]

Methods lie in the rooms of their kind, and take their parameters as arguments:

>>> quorate.learners.GroupDRO(epochs=2).epochs
2
"""

from __future__ import annotations

import os

from quorate import executors as executors
from quorate import goals as goals
from quorate import learners as learners
from quorate import populations as populations
from quorate import scenarios as scenarios
from quorate import signals as signals
from quorate import strategies as strategies
from quorate import subgroups as subgroups
from quorate.api.audits import audit
from quorate.api.own import check, people, register
from quorate.api.results import compare, export, show
from quorate.api.scenarios import participation, plan, scenario
from quorate.api.studies import audit_privacy, critical_mass, curve, load, run
from quorate.api.test_time import apply, apply_page, compare_queries, correct
from quorate.api.watching import watch
from quorate.version import __version__

# The bits of a product must not depend on where its factors lie in memory, or a model in a stack
# would differ from the same model alone. PyTorch's library reads this before its first product.
os.environ.setdefault("MKL_CBWR", "AUTO")

__all__ = [
    "__version__",
    "apply",
    "apply_page",
    "audit",
    "audit_privacy",
    "check",
    "compare",
    "compare_queries",
    "correct",
    "critical_mass",
    "curve",
    "export",
    "load",
    "participation",
    "people",
    "plan",
    "register",
    "run",
    "scenario",
    "show",
    "watch",
]
