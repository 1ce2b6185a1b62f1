"""Finds what a source file imports, in Python (by its syntax tree) and in Cython (by its lines)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.house.tree import module_of

_FROM = re.compile(r"^\s*from\s+([\w.]+)\s+c?import\s+(.*)$")
_PLAIN = re.compile(r"^\s*c?import\s+(.+)$")


def imported(path: Path) -> set[str]:
    """Dotted names a file imports.

    ``from a import b`` gives both ``a`` and ``a.b``, as ``b`` may be a module.  Relative imports
    are made absolute.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return _of_python(ast.parse(text, filename=str(path)), path)
    return of_cython(text, package=_package_of(path))


def _package_of(path: Path) -> str:
    module = module_of(path)
    return module if path.stem == "__init__" else module.rpartition(".")[0]


def _of_python(tree: ast.AST, path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute("." * node.level + (node.module or ""), _package_of(path))
            found.add(base)
            found.update(f"{base}.{alias.name}" for alias in node.names)
    return found


def absolute(name: str, package: str) -> str:
    """`name` with its leading dots resolved against `package`."""
    dots = len(name) - len(name.lstrip("."))
    if not dots:
        return name
    parts = package.split(".")
    parts = parts[: len(parts) - (dots - 1)]
    return ".".join([*parts, name[dots:]] if name[dots:] else parts)


def of_cython(text: str, package: str = "") -> set[str]:
    """Dotted names imported or cimported by Cython source text."""
    found: set[str] = set()
    for line in _joined(text):
        if match := _FROM.match(line):
            base = absolute(match[1], package)
            found.add(base)
            found.update(f"{base}.{name}" for name in _names(match[2]))
        elif match := _PLAIN.match(line):
            found.update(_names(match[1]))
    return found


def _joined(text: str) -> list[str]:
    """Lines without comments and docstrings, continued ones put together."""
    text = re.sub(r'("""|\'\'\')(?:.|\n)*?\1', '""', text)
    text = re.sub(r"#.*", "", text)
    text = re.sub(r"\\\n", " ", text)
    text = re.sub(r"\(([^()]*)\)", lambda match: match[0].replace("\n", " "), text)
    return text.splitlines()


def _names(text: str) -> list[str]:
    cleaned = text.strip().strip("()")
    return [name.split()[0] for name in cleaned.split(",") if name.strip()]
