"""Reading a correction: from Python, the command line, a TOML file, or the folder it was run in."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from quorate import catalog, spec
from quorate.bring_your_own.import_paths import is_import_path, refusing
from quorate.errors import InputError, reason
from quorate.executors.resources import Resources, take_resources
from quorate.plain import as_plain, read_json
from quorate.protocols import Population, Subgroup
from quorate.runtime.files import read_toml
from quorate.runtime.seeds import read_seeds
from quorate.test_time.extraction.surrogate import Extraction
from quorate.test_time.http.client import check_address
from quorate.test_time.perturbations.budget import NO_BUDGET, Norm
from quorate.test_time.perturbations.crafting import Crafting
from quorate.test_time.platforms.platform import Gives
from quorate.test_time.search.settings import EditSearch
from quorate.test_time.study.adaptive import ADAPTIVE
from quorate.test_time.study.correction import SINGULAR, Aim, Correction
from quorate.test_time.study.sources import PlatformAddress
from quorate.validate import shown, unknown

FILE, CELLS = "correction.json", "cells"  # in the folder of a correction; its cells' ids
NOT_READ = ("key_file", "api", "rate", CELLS)  # of that file: whom to ask, and how


def make_correction(**plain: Any) -> Correction:
    """Return the correction that plain data of a file, the command line or Python stand for.

    Args:
        plain: the fields of ``Correction``: ``population`` and ``subgroup`` as text, plain data or
            objects; ``group``, such as race=Black, in place of a subgroup; ``platform`` and
            ``proxy``, one or a list; ``members``, ``queries``, ``epsilon``: one, a list, or text
            with commas; ``seeds``: how many, or a list; ``crafting``, ``extraction`` and
            ``search``: parameters, as text or a mapping.

    >>> study = make_correction(population="digits", subgroup="low_light", platform="mlp",
    ...                         proxy="mlp", members="10,30", epsilon="8/255")
    >>> study.members, round(study.epsilons[0], 4)
    ((10, 30), 0.0314)

    Raises:
        InputError: a key, name, parameter or value is not known, two classes have one name, or keys
            are missing for an address.
    """
    correction = _make(plain)
    for url in _addresses(correction):
        check_address(url)
        if correction.key_file is None:
            raise InputError(
                f"Expected the keys for {url}, got none. Give --key-file: a name and a secret a "
                "line, one of the names being evaluation."
            )
    return correction


def _addresses(correction: Correction) -> list[str]:
    sources = correction.sources.values()
    return [source.url for source in sources if isinstance(source, PlatformAddress)]


def _make(plain: Mapping[str, Any]) -> Correction:
    plain = {key: value for key, value in plain.items() if value is not None}
    known = {*Correction.__dataclass_fields__, *SINGULAR, "group", "task"}
    known -= set(SINGULAR.values())
    for key in plain:
        if key not in known:
            raise unknown("key of a correction", key, known)
    catalog.code_of(spec.methods_within(plain))  # refuses two classes of one name
    population, subgroup = _people(plain)
    fields: dict[str, Any] = {
        "population": population,
        "subgroup": subgroup,
        "platforms": _texts(plain.get("platform", ())),
        "proxies": _texts(plain.get("proxy", "cnn")),
        "seeds": _seeds(plain.get("seeds", 1)),
    }
    for key, name, read in (
        ("members", "members", _whole),
        ("queries", "queries", _whole),
        ("epsilon", "epsilons", read_epsilon),
    ):
        if key in plain:
            fields[name] = tuple(read(one, key) for one in _listed(plain[key]))
    for key in ("label_free", "adaptive"):
        if key in plain:
            fields[key] = tuple(str(one) for one in _listed(plain[key]) if one not in ("", "none"))
    if fields.get("adaptive") == ("all",):
        fields["adaptive"] = ADAPTIVE
    for key, type_ in (("crafting", Crafting), ("extraction", Extraction), ("search", EditSearch)):
        if key in plain:
            fields[key] = settings_from(type_, plain[key])
    types = {
        "norm": Norm,
        "answers": Gives,
        "photos": int | None,
        "share": float | None,
        "measured": float | None,
        "reserve": float,
        "aim": Aim,
        "anyway": bool,
        "key_file": str,
        "api": str,
        "rate": str,
    }
    fields |= {key: spec.convert(plain[key], t, key) for key, t in types.items() if key in plain}
    if fields.get("norm") == "l2" and "none" in _listed(plain.get("epsilon", ())):
        raise InputError("Expected norm=linf for epsilon=none, got l2. Leave the norm out.")
    return Correction(**fields)


def read_correction(path: str | Path, **given: Any) -> Correction:
    """Return the correction in a TOML file: see ``read_correction_file``."""
    return read_correction_file(path, **given)[0]


def read_correction_file(path: str | Path, **given: Any) -> tuple[Correction, Resources]:
    """Return the correction in a TOML file, and what it says on where its cells are computed.

    What is given beside it wins. Whoever wrote the file does not decide where keys go: an address
    and the file of its keys count only where they are given.

    Raises:
        InputError: the file is not there or no TOML, names an executor that it cannot, an address
            or keys that are not given, or as ``make_correction``.
    """
    plain = read_toml(path, "a correction")
    resources = take_resources(plain, path)
    with refusing("a correction's file"):
        correction = make_correction(**{**plain, **given})
    if correction.asks_an_address:
        _check_given(path, correction, given)
    return correction, resources


def _check_given(path: str | Path, correction: Correction, given: Mapping[str, Any]) -> None:
    """Raise InputError where a file says which keys go where, and not who uses it."""
    options = [f"--platform {url}" for url in correction.platforms]
    wanted = {"platform": options, "key_file": [f"--key-file {correction.key_file}"]}
    missing = [one for name in wanted if given.get(name) is None for one in wanted[name]]
    if missing:
        raise InputError(
            f"Expected who uses {path} to say where keys go, got that from the file alone. If you "
            f"trust these with each other, add {' '.join(missing)}."
        )


def read_folder(folder: str | Path) -> Correction:
    """Return the correction that was last run in a folder, to read what was found.

    It knows no keys, whatever stands there: nothing can be asked of an address with it.

    Raises:
        InputError: there is none.
    """
    plain = _read_file(folder)
    return _make({key: plain[key] for key in plain if key not in NOT_READ})


def read_cells(folder: str | Path) -> list[str] | None:
    """Return the ids of the cells of the correction in a folder; None where it does not say.

    Raises:
        InputError: there is no correction.
    """
    cells = _read_file(folder).get(CELLS)
    return cells if isinstance(cells, list) and all(isinstance(i, str) for i in cells) else None


def _read_file(folder: str | Path) -> dict[str, Any]:
    try:
        plain = read_json((Path(folder) / FILE).read_bytes())
        if not isinstance(plain, dict):
            raise ValueError(f"{FILE} holds no correction")
    except (OSError, ValueError) as error:
        raise InputError(
            f"Expected the folder of a correction at {folder}, got: {reason(error)}. Run quorate "
            f"correct --out {folder} first."
        ) from error
    return plain


def read_epsilon(value: Any, key: str = "epsilon") -> float:
    """Return a budget on the pixel scale: a number, a fraction such as 8/255, or none at all.

    >>> read_epsilon("8/255") == 8 / 255
    True
    >>> read_epsilon("none")  # any level may become any other
    1.0

    Raises:
        InputError: it is neither.
    """
    value = as_plain(value)
    try:
        if isinstance(value, bool):
            raise TypeError
        if isinstance(value, str) and value.strip() == "none":
            return NO_BUDGET
        if isinstance(value, str) and re.fullmatch(r"\s*\d+\s*/\s*\d+\s*", value):
            top, bottom = value.split("/")
            return float(Fraction(int(top), int(bottom)))
        return float(value)
    except (TypeError, ValueError, ArithmeticError):
        raise InputError(
            f"Expected {key} to be a number, a fraction such as 8/255 or none, got {shown(value)}. "
            f"Write {key}=8/255."
        ) from None


def _people(plain: dict[str, Any]) -> tuple[Population, Subgroup]:
    """Return the population and the subgroup; ``group`` NAME=VALUE names both of an attribute."""
    if not plain.get("population"):
        raise InputError(
            "Expected a population, got none. Name one of images, such as digits or cifar10."
        )
    named: dict[str, Any] = {}
    value = None
    if "group" in plain:
        column, equals, value = str(plain["group"]).partition("=")
        if not equals or "subgroup" in plain:
            raise InputError(
                f"Expected either a subgroup or a group as COLUMN=VALUE, got {plain['group']!r}"
                f"{' beside a subgroup' if 'subgroup' in plain else ''}. Write race=Black, say."
            )
        named["group"] = column
    if "task" in plain:
        named["task"] = plain["task"]
    population = plain["population"]
    if named:
        if isinstance(population, str):
            population = spec.parse(population)
        given = population if isinstance(population, Mapping) else spec.describe(population)
        population = {**given, **named}
    subgroup = plain.get("subgroup") if value is None else {"name": "attribute", "value": value}
    if subgroup is None:
        raise InputError(
            "Expected a subgroup, got none. Name a shift, such as low_light, or a group, such as "
            "race=Black."
        )
    return (
        catalog.build("populations", population),
        catalog.build("subgroups", subgroup),
    )


def settings_from(kind: type[Crafting | Extraction | EditSearch], value: Any) -> Any:
    """Return settings from their parameters, as text or a mapping.

    Raises:
        InputError: a parameter is unknown or out of range.
    """
    if isinstance(value, kind):
        return value
    if not isinstance(value, str | Mapping):
        raise InputError(
            f"Expected {kind.name} as key=value,... or a table, got {value!r}. Write "
            f'{kind.name} = "key=value".'
        )
    given = spec.parse(f"{kind.name}:{value}") if isinstance(value, str) else value
    return catalog.build("settings", {**given, "name": kind.name})


def _texts(value: Any) -> tuple[str, ...]:
    several = isinstance(value, Sequence) and not isinstance(value, str)
    return tuple(map(_text, value if several else [value]))


def _text(value: Any) -> str:
    """Return a platform or a surrogate as text; a learner that is handed in has its own."""
    if isinstance(value, Path):
        return str(value) if spec.is_path(str(value)) else os.path.join(".", value)
    is_own = spec.is_method_class(type(value)) or callable(value) or hasattr(value, "fit")
    if is_own or (isinstance(value, str) and is_import_path(value)):
        return spec.text(catalog.build("learners", value))
    return str(value)


def _listed(value: Any) -> Iterable[Any]:
    value = as_plain(value)
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return value if isinstance(value, Sequence) else [value]


def _whole(value: Any, key: str) -> int:
    return int(spec.convert(value, int, key))


def _seeds(value: Any) -> tuple[int, ...]:
    if isinstance(value, str):
        value = _whole(value, "seeds")
    return read_seeds(value, "seeds")
