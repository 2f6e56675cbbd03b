"""A store that is killed after some records, as a run is when its machine goes down."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from quorate.runs.cell import Record
from quorate.runs.store import Store


@contextmanager
def killed_after(records: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run a block whose stores take so many records and no more, and which ends at the next."""

    class KilledError(Exception):
        pass

    with monkeypatch.context() as patch:
        left, add = iter(range(records)), Store.add

        def stop(store: Store, kind: str, record: Record) -> None:
            if next(left, None) is None:
                raise KilledError
            add(store, kind, record)

        patch.setattr(Store, "add", stop)
        with pytest.raises(KilledError):
            yield
