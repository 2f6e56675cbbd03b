"""Where cells are computed: one executor a file."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quorate.executors.dask import Dask as Dask
    from quorate.executors.processes import Processes as Processes
    from quorate.executors.ray import Ray as Ray
    from quorate.executors.serial import Serial as Serial
    from quorate.executors.slurm import Slurm as Slurm
else:
    from quorate.exported import exported

    __getattr__, __dir__ = exported("executors", __name__)
