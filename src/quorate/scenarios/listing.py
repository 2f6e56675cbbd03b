"""Every scenario that can be named: one line each."""

from __future__ import annotations

SCENARIOS: tuple[type, ...] = ()
