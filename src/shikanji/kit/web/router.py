"""From a path to a route: a tree of segments, built once."""

from collections.abc import Iterable, Mapping
from typing import Generic, Protocol, TypeVar


class Routed(Protocol):
    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str:
        """`/api/v1/orders/{id}`: a segment in braces is a parameter."""
        ...


R = TypeVar("R", bound=Routed)


class _Node(Generic[R]):
    __slots__ = ("any", "children", "methods")

    def __init__(self) -> None:
        self.children: dict[str, _Node[R]] = {}
        self.any: _Node[R] | None = None
        self.methods: dict[str, R] = {}


class Router(Generic[R]):
    """A fixed segment wins over a parameter. Paths without parameters are found by one look-up."""

    def __init__(self, targets: Iterable[R]) -> None:
        self._fixed: dict[str, dict[str, R]] = {}
        self._root: _Node[R] = _Node()
        for target in targets:
            self._add(target)

    def find(self, path: str) -> tuple[Mapping[str, R], list[str]] | None:
        """The methods of the path and the values of its parameters in their order, or None."""
        fixed = self._fixed.get(path)
        if fixed is not None:
            return fixed, []
        values: list[str] = []
        node = _walk(self._root, path.split("/"), 0, values)
        return None if node is None else (node.methods, values)

    def _add(self, target: R) -> None:
        fixed = "{" not in target.path
        methods = self._fixed.setdefault(target.path, {}) if fixed else self._node(target.path).methods
        methods[target.method] = target

    def _node(self, path: str) -> _Node[R]:
        node = self._root
        for segment in path.split("/"):
            if segment.startswith("{"):
                node.any = node.any or _Node()
                node = node.any
            else:
                node = node.children.setdefault(segment, _Node())
        return node


def _walk(node: _Node[R], segments: list[str], position: int, values: list[str]) -> _Node[R] | None:
    if position == len(segments):
        return node if node.methods else None
    segment = segments[position]
    child = node.children.get(segment)
    if child is not None:
        found = _walk(child, segments, position + 1, values)
        if found is not None:
            return found
    if node.any is None or not segment:
        return None
    values.append(segment)
    found = _walk(node.any, segments, position + 1, values)
    if found is None:
        values.pop()
    return found
