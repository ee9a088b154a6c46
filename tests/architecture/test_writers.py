"""Actions are the only writers: no page, form, API route, command or query writes to a business table.

Read from the syntax tree, so it also sees code that no test runs. It errs on the strict side: in a module
that knows Django, anything that looks like a write counts as one. The database has the last word (a deferred
trigger refuses a change without a ledger entry beside it); this test names the line before it gets that far.
"""

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "atmpxb"

_ALWAYS = {"save", "asave", "bulk_create", "abulk_create", "bulk_update", "abulk_update", "get_or_create",
           "aget_or_create", "update_or_create", "aupdate_or_create"}  # fmt: skip
_ON_QUERIES = {"create", "acreate", "update", "aupdate", "delete", "adelete"}
_QUERIES = {
    "objects",
    "_default_manager",
    "_base_manager",
    "filter",
    "exclude",
    "all",
    "select_for_update",
    "using",
}
_SQL = re.compile(
    r"\s*(WITH\b.*\b)?(INSERT\s+INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM|TRUNCATE|MERGE\s+INTO|COPY\s+\S+\s+FROM)\b",
    re.IGNORECASE | re.DOTALL,
)

# Who may write, and why.
ALLOWED = {
    "records/ledger/": "the ledger's own writer",
    "records/tenancy.py": "the SQL of migrations",
}
EXEMPT_LINES: dict[tuple[str, str], str] = {
    ("web/kept.py", "update_or_create"): "how a person looks at a list is no record: decision 0012",
}
# (module, call) → reason: writes that touch no business table.


def writes(source: str) -> list[tuple[int, str]]:
    """Line and name of each write to a table in this module."""
    tree = ast.parse(source)
    if not _knows_django(tree):
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name, receiver = node.func.attr, node.func.value
            if isinstance(receiver, ast.Name) and receiver.id == "cache":
                continue  # the cache is no business table
            if (
                name in _ALWAYS
                or (name in _ON_QUERIES and _QUERIES & set(_names(receiver)))
                or name in {"delete", "adelete"}
            ):
                found.append((node.lineno, name))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL.match(node.value):
            found.append((node.lineno, node.value.split()[0].upper()))
    return sorted(found)


def _knows_django(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            modules = [node.module or "", *(alias.name for alias in node.names)]
        if any(name.split(".")[0] in {"django", "psycopg"} or "models" in name.split(".") for name in modules):
            return True
    return False


def _names(node: ast.expr) -> list[str]:
    """Every attribute and name in a chain of calls, as in ``Sample.objects.filter(…)``."""
    match node:
        case ast.Attribute():
            return [node.attr, *_names(node.value)]
        case ast.Call():
            return _names(node.func)
        case ast.Name():
            return [node.id]
        case _:
            return []


def may_write(module: str) -> bool:
    parts = Path(module).parts
    return "migrations" in parts or "actions" in parts or parts[-1] == "actions.py" or any(
        module.startswith(prefix) for prefix in ALLOWED
    )  # fmt: skip


def test_no_module_outside_actions_and_ledger_writes_to_a_table() -> None:
    culprits = [
        f"{module}:{line} {name}"
        for path in sorted(SOURCE.rglob("*.py"))
        if not may_write(module := path.relative_to(SOURCE).as_posix())
        for line, name in writes(path.read_text(encoding="utf-8"))
        if (module, name) not in EXEMPT_LINES
    ]
    assert not culprits, "these write to the database; move it into an action:\n" + "\n".join(culprits)


def test_no_exemption_outlives_its_reason() -> None:
    for prefix in ALLOWED:
        assert (SOURCE / prefix).exists(), prefix
    for module, name in EXEMPT_LINES:
        assert name in {found for _, found in writes((SOURCE / module).read_text(encoding="utf-8"))}, module


@pytest.mark.parametrize(
    "line",
    [
        "Sample.objects.create(label='x')",
        "Sample.objects.filter(id=1).update(state='released')",
        "sample.save()",
        "form.save(commit=True)",
        "sample.delete()",
        "queryset = Sample.objects.all().delete()",
        "Sample.objects.bulk_create(rows)",
        "cursor.execute('INSERT INTO quality_sample VALUES (1)')",
        "cursor.execute('update quality_sample set state = 1')",
        "cursor.execute('''\n  DELETE FROM quality_sample''')",
        "cursor.execute('WITH old AS (SELECT 1) DELETE FROM quality_sample')",
        "cursor.execute(f'TRUNCATE {table}')",
    ],
)
def test_a_write_in_a_page_is_seen(line: str) -> None:
    assert writes(f"from atmpxb.quality.models import Sample\n{line}\n")


@pytest.mark.parametrize(
    "line",
    [
        "digest.update(b'bytes')",
        "context.update(title='Samples')",
        "home.create()",
        "Sample.objects.filter(id=1).first()",
        "_('Update the specification')",
        "cursor.execute('SELECT update FROM x')",
    ],
)
def test_reading_is_not_taken_for_writing(line: str) -> None:
    assert not writes(f"from atmpxb.quality.models import Sample\n{line}\n")
