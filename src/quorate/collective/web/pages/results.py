"""What was published: the change, its report and its signature, as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quorate.collective.web.api.results import show_change, show_report_page, show_signature

if TYPE_CHECKING:
    from quorate.collective.web.routing import Routes


def add(routes: Routes) -> None:
    """Add these pages."""
    routes.page("/c/{campaign}/change.npz", show_change)
    routes.page("/c/{campaign}/report.html", show_report_page)
    routes.page("/c/{campaign}/signature.json", show_signature)
