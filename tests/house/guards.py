"""Every guard in the source of the services, and the source without one of them.

A guard is whatever asks who the caller is: `who=` of a route, a statement that hands the caller to something that may
refuse him (`require_role(principal, …)`), and the conditions that look at him (`if principal.admin`, `works_in(…)`)."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.house.sources import ROOT

SOURCES = ROOT / "src"
SERVICES = SOURCES / "shikanji" / "services"
KIT = (SOURCES / "shikanji" / "kit" / "web" / "guards.py", SOURCES / "shikanji" / "kit" / "web" / "identity.py")
"""What all services are guarded by."""

CALLERS = {"principal", "actor"}
"""Variables that stand for who asks."""
VERDICTS = {"own", "everywhere", "head_office", "may_price"}
"""Variables that say what was found out about him."""
OWNERS = {"customer_id", "account_id"}
"""Attributes that say whose something is: what compares them asks whether it is the caller's."""
FLAGS = {"admin", "staff"}
"""Attributes of his that open something by themselves."""
REFUSING = re.compile(r"require|check|may|allow|actor")
"""In the names of functions that may refuse a caller."""
PREDICATES = {"works_in", "is_owner", "has_role", "may"}
WEAKER = {"ANYONE": (), "SIGNED_IN": ("ANYONE",), "STAFF": ("ANYONE",), "ADMIN": ("ANYONE", "STAFF")}
"""`who=` as it is → what it is replaced by. STAFF is not made SIGNED_IN: every store's role is asked for after it."""


@dataclass(frozen=True)
class Guard:
    """`place`: which of its module's nodes it is, in the order of `ast.walk`."""

    path: Path
    place: int
    line: int
    function: str
    """The outermost function that it stands in, or that it is declared over."""
    kind: str
    text: str

    @property
    def module(self) -> str:
        parts = self.path.relative_to(SOURCES).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def name(self) -> str:
        """`services/loyalty/routes/points.py:45 without require_account(incoming.principal, …)`."""
        return f"{self._file}:{self.line} {self.kind} {self.text}"

    @property
    def rule(self) -> str:
        """Its name without the line, which changes."""
        return f"{self._file} {self.kind} {self.text}"

    @property
    def _file(self) -> Path:
        return self.path.relative_to(SOURCES / "shikanji")


@cache
def all_guards() -> tuple[Guard, ...]:
    """Those that stand before some route, or before all."""
    paths = sorted(path for path in SERVICES.rglob("*.py") if "migrations" not in path.parts)
    found = [guard for path in (*paths, *KIT) for guard in guards_in(path, path.read_text())]
    return tuple(
        guard for guard, routes in zip(found, routes_behind(found), strict=True) if routes or guard.path in KIT
    )


def guards_in(path: Path, source: str) -> Iterator[Guard]:
    tree = ast.parse(source)
    owners = _owners(tree)
    for place, node in enumerate(ast.walk(tree)):
        for kind in _kinds(node):
            line = getattr(node, "lineno", getattr(getattr(node, "iter", None), "lineno", 0))
            yield Guard(path, place, line, owners.get(id(node), ""), kind, " ".join(_text(node).split())[:80])


def without(guards: Sequence[Guard], source: str) -> ast.Module:
    """Their module with these guards taken away, none of which stands within another."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    changes = {id(nodes[guard.place]): _replacement(nodes[guard.place], guard.kind) for guard in guards}
    changed = _Changed(changes).visit(tree)
    ast.fix_missing_locations(changed)
    assert isinstance(changed, ast.Module)
    return changed


def _kinds(node: ast.AST) -> Iterator[str]:
    """What can be done to the node."""
    match node:
        case ast.keyword(arg="who", value=ast.Attribute(attr=who)):
            yield from (f"as {weaker}" for weaker in WEAKER[who])
        case ast.Expr(value=ast.Call() as call) if _is_handed_the_caller(call) and REFUSING.search(_text(call.func)):
            yield "without"
        case ast.If(test=test) if (_mentions(test, CALLERS) or _asks(test)) and not node.orelse and _refuses(node):
            yield "never"
        case ast.comprehension(iter=over, ifs=[_, *_]) if _mentions(over, CALLERS):
            yield "whatever"
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in PREDICATES:
            yield "always"
        case ast.Attribute(attr=name, value=value, ctx=ast.Load()) if name in FLAGS and _mentions(value, CALLERS):
            yield "always"
        case ast.Compare(ops=[ast.Eq()], left=left) if _mentions(left, CALLERS):
            yield "always"


def _is_handed_the_caller(call: ast.Call) -> bool:
    """As he is, not only his id."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    names = {getattr(each, "id", getattr(each, "attr", "")) for each in given}
    return bool(names & (CALLERS | {"head_office"}))


def _replacement(node: ast.AST, kind: str) -> ast.AST:
    if kind == "without":
        return ast.Pass()
    if kind == "whatever":
        assert isinstance(node, ast.comprehension)
        return ast.comprehension(target=node.target, iter=node.iter, ifs=[], is_async=node.is_async)
    if kind == "always":
        return ast.Constant(value=True)
    if kind == "never":
        never = deepcopy(node)
        assert isinstance(never, ast.If)
        never.test = ast.Constant(value=False)
        return never
    assert isinstance(node, ast.keyword)
    assert isinstance(node.value, ast.Attribute)
    return ast.keyword(arg="who", value=ast.Attribute(value=node.value.value, attr=kind.split()[1], ctx=ast.Load()))


class _Changed(ast.NodeTransformer):
    """`changes`: node, by its `id` → what stands there instead."""

    def __init__(self, changes: Mapping[int, ast.AST]) -> None:
        self._changes = changes

    def visit(self, node: ast.AST) -> ast.AST:
        new = self._changes.get(id(node))
        if new is not None:
            return ast.copy_location(new, node) if hasattr(node, "lineno") else new
        visited: ast.AST = self.generic_visit(node)
        return visited


def _mentions(node: ast.AST, names: set[str]) -> bool:
    return any(
        (isinstance(part, ast.Name) and part.id in names) or (isinstance(part, ast.Attribute) and part.attr in names)
        for part in ast.walk(node)
    )


def _asks(test: ast.expr) -> bool:
    """Whether the condition is, or has as a part, what was found out about the caller, or whose something is."""
    match test:
        case ast.Name(id=name):
            return name in VERDICTS
        case ast.UnaryOp(operand=operand):
            return _asks(operand)
        case ast.BoolOp(values=values):
            return any(map(_asks, values))
        case ast.Compare(left=ast.Attribute(attr=name), ops=[ast.NotEq()]):
            return name in OWNERS
    return False


def _refuses(node: ast.If) -> bool:
    """Whether something in its body may refuse: a `raise`, or a call that stands alone."""
    return any(
        isinstance(part, ast.Raise) or (isinstance(part, ast.Expr) and isinstance(part.value, ast.Call))
        for statement in node.body
        for part in ast.walk(statement)
    )


def _owners(tree: ast.Module) -> dict[int, str]:
    """Node (by `id`) → name of the outermost function that it belongs to; a method's is `Class.method`."""
    found: dict[int, str] = {}
    for top in tree.body:
        inner = top.body if isinstance(top, ast.ClassDef) else [top]
        for each in inner:
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                found |= dict.fromkeys(map(id, ast.walk(each)), each.name)
    return found


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.comprehension):
        return " ".join(f"if {ast.unparse(test)}" for test in node.ifs)
    if isinstance(node, ast.keyword):
        return f"who={ast.unparse(node.value)}"
    return f"if {ast.unparse(node.test)}" if isinstance(node, ast.If) else ast.unparse(node)


class Callers:
    """Who calls whom, by name alone: which routes a function may be asked by."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._callers: dict[str, set[str]] = {}
        self._endpoints: dict[str, set[str]] = {}
        self._reached: dict[str, frozenset[str]] = {}
        for path in paths:
            self._read(ast.parse(path.read_text()))

    def routes_to(self, function: str) -> frozenset[str]:
        """Names of routes: `GET /api/v1/orders`."""
        if function not in self._reached:
            self._reached[function] = frozenset(self._find(function))
        return self._reached[function]

    def _find(self, function: str) -> set[str]:
        reached, waiting = set[str](), [function]
        while waiting:
            if (one := waiting.pop()) not in reached:
                reached.add(one)
                waiting += self._callers.get(one, ())
        return {route for endpoint in reached for route in self._endpoints.get(endpoint, ())}

    def _read(self, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for part in ast.walk(node):
                    if name := getattr(part, "attr", getattr(part, "id", "")):
                        self._callers.setdefault(name, set()).add(node.name)
                self._endpoints.setdefault(node.name, set()).update(_routes_over(node))


def routes_behind(guards: Sequence[Guard]) -> list[frozenset[str]]:
    """For each guard the routes that it may stand before; empty: all, or none that can be asked."""
    return [_callers(_reach(guard.path)).routes_to(guard.function) for guard in guards]


def _reach(path: Path) -> tuple[Path, ...]:
    """The files in which somebody may call what stands in this one."""
    if path in KIT:
        return (*sorted(SERVICES.rglob("*.py")), *KIT)
    return tuple(sorted((SERVICES / path.relative_to(SERVICES).parts[0]).rglob("*.py")))


@cache
def _callers(paths: tuple[Path, ...]) -> Callers:
    return Callers(paths)


def _routes_over(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in node.decorator_list:
        match decorator:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="routes"), attr=verb), args=[ast.Constant(value=path)]):
                yield f"{verb.upper()} {str(path).replace(':text', '')}"
