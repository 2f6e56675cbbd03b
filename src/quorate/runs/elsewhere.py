"""What must hold on a worker before it computes: the same cells, the device and the folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from quorate.errors import QuorateError, WorkerError, reason
from quorate.executors.clusters.sender import name_of_place
from quorate.runs.cell import Cell
from quorate.runs.sharing import Probe
from quorate.runtime import device
from quorate.spec import content_id
from quorate.validate import shown

NAMED = 3  # differences that an error names
Stack = Sequence[tuple[str, Cell]]  # cells with the ids that they were asked for under


class OtherCellError(WorkerError):
    """A worker would compute another cell than it was asked for.

    Args:
        id: that it was asked for under.
        found: its description on the worker.
        place: the worker's machine and folder.
    """

    def __init__(self, id: str, found: dict[str, Any], place: str) -> None:
        super().__init__(id, found, place)
        self.id, self.found, self.place = id, found, place

    def explained(self, cells: Iterable[tuple[str, Cell]]) -> WorkerError:
        """Return what differs there, said by the one who has sent the cells."""
        here = next(cell.describe() for id_, cell in cells if id_ == self.id)
        differ = list(_differences(here, self.found))
        what = "; ".join(differ[:NAMED]) or "a file that was changed since the run began"
        more = f"; and {len(differ) - NAMED} more" if len(differ) > NAMED else ""
        return WorkerError(
            f"Expected the worker on {self.place} to compute the cell {self.id[:12]} that it was "
            f"sent, got another one, since its files or its code differ: {what}{more}. Give every "
            "worker the same files and the same code."
        )


def check_here(stack: Stack, probe: Probe | None) -> None:
    """Raise an error unless this worker would compute what it was asked for.

    Args:
        stack: what it is asked for.
        probe: what shows that this machine sees the folder of the work; None where it need not.

    Raises:
        OtherCellError: a cell is another one here: its files or its code differ.
        WorkerError: the device, a file or the folder is not there; it names the machine.
    """
    try:
        device.current()
        if probe is not None:
            probe.check()
        described = [(id_, cell.describe()) for id_, cell in stack]
    except QuorateError as error:
        raise WorkerError(f"{error} This was found on {name_of_place()}.") from error
    except OSError as error:
        raise WorkerError(
            f"Expected to read {error.filename or 'a file'} on {name_of_place()}, got: "
            f"{reason(error)}. Put it where that machine finds it under the same name."
        ) from error
    for id_, found in described:
        if content_id(found) != id_:
            raise OtherCellError(id_, found, name_of_place())


def _differences(here: Any, there: Any, key: str = "") -> Iterator[str]:
    """Yield what differs between two descriptions, each value under the names that lead to it."""
    if isinstance(here, Mapping) and isinstance(there, Mapping):
        for name in {**here, **there}:
            inner = f"{key}.{name}" if key else str(name)
            yield from _differences(here.get(name), there.get(name), inner)
    elif here != there:
        yield f"{key} is {shown(there)} there and {shown(here)} here"
