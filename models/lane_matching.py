"""Which predicted lane stands for which labelled one: Kuhn 1955 and Munkres 1957, as CULane has it.

The total similarity of the pairs is greatest but for a tolerance, within which the order of the
lanes decides; the counts depend on it, so it is the official program's (hungarianGraph.hpp).
R rows, C columns.
"""

from __future__ import annotations

from collections.abc import Sequence

TOLERANCE = 1e-2  # similarities that differ by less are as good as each other
WORTHLESS = -1e5  # price of a row before its similarities are looked at
NO_SLACK = 1e10


def match(similarity: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Pairs (row, column), each row and column in at most one.  similarity: (R, C), not empty"""
    if len(similarity) > len(similarity[0]):
        turned = list(zip(*similarity, strict=True))
        return [(row, column) for column, row in Market(turned).settle()]
    return Market(similarity).settle()


class Market:
    """Rows bid for columns, R <= C.  A pair can be had while its prices add up to its similarity.

    nan similarity: of two lanes outside the image.  Nobody bids for it, and when nothing else is
    left, the rows that follow go without.
    """

    def __init__(self, similarity: Sequence[Sequence[float]]) -> None:
        self._similarity = similarity
        self._row_price = [max([WORTHLESS, *row]) for row in similarity]
        self._column_price = [0.0 for _ in similarity[0]]
        self._owner: list[int | None] = [None for _ in similarity[0]]
        self._asked: set[int] = set()  # rows, in one round of bidding
        self._wanted: set[int] = set()  # columns

    def settle(self) -> list[tuple[int, int]]:
        """The pairs."""
        for row in range(len(self._similarity)):
            if not self._place(row):
                break
        return [(row, column) for column, row in enumerate(self._owner) if row is not None]

    def _place(self, row: int) -> bool:
        while True:
            self._asked, self._wanted = set(), set()
            if self._bid(row):
                return True
            slack = self._least_slack()
            if slack == NO_SLACK:
                return False
            for one in self._asked:
                self._row_price[one] -= slack
            for column in self._wanted:
                self._column_price[column] += slack

    def _bid(self, row: int) -> bool:
        """Does row get a column, if need be from an owner who finds another one?"""
        self._asked.add(row)
        for column in range(len(self._owner)):
            if column in self._wanted or not abs(self._slack(row, column)) < TOLERANCE:
                continue
            self._wanted.add(column)
            owner = self._owner[column]
            if owner is None or self._bid(owner):
                self._owner[column] = row
                return True
        return False

    def _slack(self, row: int, column: int) -> float:
        prices = self._row_price[row] + self._column_price[column]
        return prices - self._similarity[row][column]

    def _least_slack(self) -> float:
        free = [column for column in range(len(self._owner)) if column not in self._wanted]
        return min(
            [NO_SLACK, *(self._slack(row, column) for row in self._asked for column in free)]
        )
