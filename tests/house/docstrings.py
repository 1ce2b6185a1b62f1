"""Finds public modules, classes and functions that do not say what they are for."""

from __future__ import annotations

import ast
import re
from pathlib import Path

SHORT_LINES = 6
_DEFINITION = re.compile(r"^(?:cdef\s+class|class|def|cpdef(?:\s+\w+)*?)\s+([A-Za-z]\w*)\s*[(:]")


def missing(path: Path) -> list[str]:
    """Names in `path` without a docstring: the module, its public classes and functions.

    Left to judgement: methods, functions of a few lines, and classes that only hold data (enums,
    events, settings), where the fields speak.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return missing_in_python(text)
    return missing_in_cython(text)


def missing_in_python(text: str) -> list[str]:
    """As `missing`, for Python source text.  An empty module needs no docstring."""
    tree = ast.parse(text)
    if not tree.body:
        return []
    names = [] if ast.get_docstring(tree) else ["(module)"]
    for node in tree.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not node.name.startswith("_") and not ast.get_docstring(node) and _has_body(node):
            names.append(node.name)
    return names


def _has_body(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    if isinstance(node, ast.ClassDef):
        methods = (ast.FunctionDef, ast.AsyncFunctionDef)
        return any(isinstance(part, methods) and part.name[0] != "_" for part in node.body)
    return (node.end_lineno or node.lineno) - node.body[0].lineno >= SHORT_LINES


def missing_in_cython(text: str) -> list[str]:
    """As `missing`, for Cython source text: the same by lines, as no parser of it is at hand."""
    lines = text.splitlines()
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    names = [] if not first or _opens_docstring(first) else ["(module)"]
    for number, line in enumerate(lines):
        match = _DEFINITION.match(line)
        if match and not _opens_docstring(_first_of_body(lines, number)):
            names.append(match[1])
    return names


def _opens_docstring(line: str) -> bool:
    return line.lstrip().lstrip("rR").startswith(('"""', "'''"))


def _first_of_body(lines: list[str], number: int) -> str:
    depth = 0
    for index in range(number, len(lines)):
        line = lines[index].split("#")[0].rstrip()
        depth += sum(map(line.count, "([{")) - sum(map(line.count, ")]}"))
        if depth == 0 and line.endswith(":"):
            return next((text for text in lines[index + 1 :] if text.strip()), "")
    return ""
