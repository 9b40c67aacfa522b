"""JMESPath that cannot make more of a page than there is memory for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions, signature
from jmespath.visitor import TreeInterpreter

if TYPE_CHECKING:
    from jmespath.parser import ParsedResult
    from jmespath.visitor import _TreeNode

    from scrapers.page import JSON

T = TypeVar("T")

MAX_WEIGHT: Final = 1_000_000
_CHARACTERS_A_UNIT: Final = 64


class TooMuch(JMESPathError):
    """An expression that multiplies what it was given, such as `[@,@]|[@,@]|…`."""

    def __str__(self) -> str:
        return "the expression makes too much of this page"


@dataclass(frozen=True, slots=True)
class Search:
    """A compiled expression. Everything that one search builds together weighs at most MAX_WEIGHT.

    A value, and each 64 characters of text, weigh one; a value that stands in two places weighs
    twice, as it will when it is written as JSON.
    """

    parsed: ParsedResult

    def search(self, value: JSON) -> JSON:
        """Return what the expression makes of `value`; raises JMESPathError."""
        return cast("JSON", _Interpreter().visit(self.parsed.parsed, value))


class _Budget:
    """What a search may still build."""

    def __init__(self) -> None:
        self.left = MAX_WEIGHT

    def spend(self, weight: int) -> None:
        self.left -= weight
        if self.left < 0:
            raise TooMuch

    def weigh(self, built: object) -> None:
        """Spend what `built` weighs, without recursion: it may be nested as deep as memory allows."""
        left = self.left
        waiting = [built]
        while waiting:
            value = waiting.pop()
            left -= 1
            if isinstance(value, str):
                left -= len(value) // _CHARACTERS_A_UNIT
            elif isinstance(value, list):
                waiting += value
            elif isinstance(value, dict):
                left -= len(value)
                waiting += value.values()
            if left < 0:
                raise TooMuch
        self.left = left


class _Functions(Functions):
    """The functions of JMESPath; `join` is weighed before it builds its text."""

    def __init__(self, budget: _Budget) -> None:
        self._budget = budget

    @signature({"types": ["string"]}, {"types": ["array-string"]})
    def _func_join(self, separator: str, texts: list[str]) -> str:
        self._budget.spend(len(separator) * len(texts) // _CHARACTERS_A_UNIT)
        return separator.join(texts)


class _Interpreter(TreeInterpreter):
    """Weighs whatever can be larger than what it was made of."""

    def __init__(self) -> None:
        super().__init__()
        self._budget = _Budget()
        self._functions = _Functions(self._budget)

    def visit_multi_select_list(self, node: _TreeNode, value: Any) -> Any:
        return self._weighed(super().visit_multi_select_list(node, value))

    def visit_multi_select_dict(self, node: _TreeNode, value: Any) -> Any:
        return self._weighed(super().visit_multi_select_dict(node, value))

    def visit_function_expression(self, node: _TreeNode, value: Any) -> Any:
        return self._weighed(super().visit_function_expression(node, value))

    def _weighed(self, built: T) -> T:
        self._budget.weigh(built)
        return built
