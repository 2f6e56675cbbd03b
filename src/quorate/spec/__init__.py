"""Parameters to plain data and back: text, TOML values, descriptions and content ids.

A method is a frozen dataclass with a ``name``; its fields are its parameters. On the command line
they ride on the name, ``dp-sgd:epsilon=1,max_grad_norm=1``. A value in parentheses is a mapping or
a method of its own, ``signal=(patch:size=3)``. A parameter that a method does not have is handed
on to the method inside it, so ``planting:target=8,size=3`` sets the size of its signal.
"""

from quorate.spec.building import AdaptingCatalog, Catalog, build, check_levels
from quorate.spec.converting import convert, make_tuples, whole
from quorate.spec.declaration import (
    default_of,
    hints,
    is_method_class,
    is_required,
    param,
    parameters,
    summary,
)
from quorate.spec.describing import content_id, describe, methods_within, text, text_of
from quorate.spec.own_code import code_digest, is_installed, is_own, reading_once
from quorate.spec.parsing import is_path, parse

__all__ = [
    "AdaptingCatalog",
    "Catalog",
    "build",
    "check_levels",
    "code_digest",
    "content_id",
    "convert",
    "default_of",
    "describe",
    "hints",
    "is_installed",
    "is_method_class",
    "is_own",
    "is_path",
    "is_required",
    "make_tuples",
    "methods_within",
    "param",
    "parameters",
    "parse",
    "reading_once",
    "summary",
    "text",
    "text_of",
    "whole",
]
