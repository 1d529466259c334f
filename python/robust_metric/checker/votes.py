"""Search trees of minimal perturbations for K > 1, in integers: the part of the checker that reads them.

A way to lose the vote of class c, ``Loss``: of the ``entering`` other-class points that are nearest to z',
at least ``least`` and at most ``most`` are of class ``rival``, and at most ``kept`` points of class c come
before the last of them (docs/vote_search.md: the lemma, and which losses differ). A node is a set of such z',
by what holds of these points E and these own-class points B: some points are in E, some are not, some are in
B, some are not. Whoever is in E comes before every other-class point outside E and every own-class point
outside B. Where a weighted sum of such pairs contradicts that z' is nearer than the radius, the node is
proved; otherwise by children that cover it and are proved. Nothing that the evidence says is believed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .._base.arrays import Indices
from ..results.evidence import SearchTrees
from .reach import Reach

_DEEPEST = 300  # levels of a tree
_MOST_TOGETHER = 512  # points that are tried in pairs


class Inequalities(Protocol):
    """Around one query: squared distances, ``M(x - z)``, and what costs less than the radius."""

    distances: NDArray[Any]
    G: NDArray[Any]
    reach: Reach


@dataclass(frozen=True)
class Loss:
    """See the module."""

    rival: int
    kept: int
    entering: int
    least: int
    most: int


def losses(votes: Sequence[tuple[int, int, dict[int, int]]]) -> list[Loss]:
    """All losses, in the order of the trees; ``most`` leaves out what a loss with more kept votes covers."""
    found, before = [], (-1, 0, dict[int, int]())
    for kept, entering, needed in votes:
        for rival, least in sorted(needed.items()):
            most = entering
            if before[0] == kept + 1:
                # with one more vote kept, the rival needs more points than E without its last one has
                most = min(most, before[2].get(rival, most))
            if least <= most:
                found.append(Loss(rival, kept, entering, least, most))
        before = (kept, entering, needed)
    return found


@dataclass(frozen=True)
class _Node:
    """What holds of E and B."""

    entering: frozenset[int] = frozenset()  # in E
    out: frozenset[int] = frozenset()  # other classes, not in E
    stay: frozenset[int] = frozenset()  # in B
    beaten: frozenset[int] = frozenset()  # own class, not in B


@dataclass(frozen=True)
class _Sum:
    """A weighted sum of pairs: gap + (terms linear in the perturbation) <= 0 in all of a node.

    And < 0 where it is ``strict``: a pair of the sum in which a tie would go to the point that is beaten.
    """

    gap: int
    direction: NDArray[Any]
    scaled: NDArray[Any]  # the direction times W⁻¹
    square: int  # squared length of that
    strict: bool = False


class TreeProof:
    """The trees of one certificate.

    Parameters
    ----------
    trees : SearchTrees
    i : int
        The certificate.
    y : (n,) int64
        Classes of the training points.
    c : int
        The certified class.
    earlier : mapping of int to list of int
        For a training point the equal ones of smaller index, where there are any.
    inequalities : Inequalities
    """

    def __init__(
        self,
        trees: SearchTrees,
        i: int,
        y: Indices,
        c: int,
        earlier: Mapping[int, Sequence[int]],
        inequalities: Inequalities,
    ) -> None:
        self.trees, self.y, self.c, self.earlier = trees, y.tolist(), c, earlier
        self.near, costs = inequalities, inequalities.reach.costs
        self.scaled = self.near.G if costs.plain else self.near.G * costs.inverse
        self.inner_products = costs.norm == 2  # of scaled rows
        self.others = frozenset(np.flatnonzero(y != c).tolist())
        self.first, last = trees.offsets[i : i + 2].tolist()
        self.point = trees.point[self.first : last].tolist()
        self.children = trees.children[self.first : last].tolist()
        self.ends = _ends(self.children)
        self.pairs: dict[tuple[int, int], tuple[bool, int]] = {}
        self.own: list[int] = []  # by which points are kept from entering together
        self.apart: dict[tuple[int, int, int], bool] = {}
        self.products: dict[int, dict[int, int]] = {}

    def problem(self, loss: Loss, order: int, free: frozenset[int]) -> str | None:
        """Return why no tree proves a loss, or None; ``free``: the only points that may enter."""
        root = 0
        for _ in range(order):
            root = self.ends[root] if root < len(self.ends) else len(self.ends)
        if root >= len(self.ends):
            return "it has no search tree"
        listed = self.trees.own_of(self.first + root)
        own = [w for w in dict.fromkeys(listed) if 0 <= w < len(self.y) and self.y[w] == self.c]
        if own != self.own:  # what was found out by other points is not this tree's
            self.own, self.apart, self.products = own, {}, {}
        failed = self._failed(root, loss, _Node(out=self.others - free), 0)
        return None if failed is None else f"node {failed} of its search tree is not proved"

    def _failed(self, index: int, loss: Loss, node: _Node, depth: int) -> int | None:
        """Return a node that is not proved, of those from index downwards, or None."""
        closed = self._with_equal_points(loss, node)
        if closed is None:
            return None
        node = closed
        total = self._sum(index, loss, node)
        if total is not None and (
            self._contradiction(total.gap, total.direction) or self._never(total)
        ):
            return None
        child, children = index + 1, []
        for _ in range(self.children[index]):
            children.append(child)
            child = self.ends[child]
        points = [self.point[child] for child in children]
        if (
            depth == _DEEPEST
            or len(set(points)) < len(points)
            or any(not 0 <= x < len(self.y) for x in points)
        ):
            return index
        if points and all(self.y[x] == self.c for x in points):
            return self._failed_own(index, loss, node, children, depth)
        if len(node.entering) == loss.entering or any(self.y[x] == self.c for x in points):
            return index
        return self._failed_entering(index, loss, node, children, total, depth)

    def _failed_own(
        self, index: int, loss: Loss, node: _Node, children: list[int], depth: int
    ) -> int | None:
        """Of more points than may stay one is beaten: a child for each that is the first of them."""
        points = [self.point[child] for child in children]
        if len(points) <= loss.kept - len(node.stay) or not node.stay.isdisjoint(points):
            return index
        for j, child in enumerate(children):
            below = replace(
                node, stay=node.stay.union(points[:j]), beaten=node.beaten | {points[j]}
            )
            failed = self._failed(child, loss, below, depth + 1)
            if failed is not None:
                return failed
        return None

    def _failed_entering(
        self,
        index: int,
        loss: Loss,
        node: _Node,
        children: list[int],
        total: _Sum | None,
        depth: int,
    ) -> int | None:
        """Some point that may enter does: a child for each that is the first, until too few are left."""
        rivals = sum(self.y[x] == loss.rival for x in node.entering)
        no_more_rivals = rivals == loss.most
        no_more_others = len(node.entering) - rivals == loss.entering - loss.least
        pool = {
            x
            for x in self.others - node.entering - node.out
            if not (no_more_rivals if self.y[x] == loss.rival else no_more_others)
        }
        pool -= self._kept_out(index, loss, node, pool, total)
        if not self._too_few(loss, node, pool):
            pool = self._with_company(loss, node, pool)
        for child in children:
            if self._too_few(loss, node, pool):
                return None
            x = self.point[child]
            if x not in pool:
                continue  # proved not to enter
            pool.discard(x)
            below = replace(
                node, entering=node.entering | {x}, out=self.others - node.entering - pool - {x}
            )
            failed = self._failed(child, loss, below, depth + 1)
            if failed is not None:
                return failed
        return None if self._too_few(loss, node, pool) else index

    def _too_few(self, loss: Loss, node: _Node, pool: set[int]) -> bool:
        have = sum(self.y[x] == loss.rival for x in node.entering)
        left = sum(self.y[x] == loss.rival for x in pool)
        others = len(node.entering) - have
        return (
            len(node.entering) + len(pool) < loss.entering
            or have + left < loss.least
            or others + len(pool) - left < loss.entering - loss.most
        )

    def _kept_out(
        self, index: int, loss: Loss, node: _Node, pool: set[int], total: _Sum | None
    ) -> set[int]:
        """Points of the pool that would have to beat one own-class point too many."""
        listed = self.trees.own_of(self.first + index)
        if any(not 0 <= w < len(self.y) or self.y[w] != self.c for w in listed):
            return set()
        own = [*node.beaten, *(w for w in dict.fromkeys(listed) if w not in node.beaten)]
        own = [w for w in own if w not in node.stay]
        spare = loss.kept - len(node.stay)
        rows = [*own, *pool]
        products = [0] * len(rows) if total is None else self.scaled[rows].dot(total.scaled)
        along = dict(zip(rows, products, strict=True))
        out = set()
        for x in pool:
            ahead = 0
            for w in own:
                if self._contradicts(x, w, total, along[x] - along[w]):
                    ahead += spare + 1 if w in node.beaten else 1
                    if ahead > spare:
                        out.add(x)
                        break
        return out

    def _with_company(self, loss: Loss, node: _Node, pool: set[int]) -> set[int]:
        """Return those that can enter together with all of E and enough others of the pool."""
        if not self.inner_products or not self.own or len(pool) > _MOST_TOGETHER:
            return pool
        pool = {x for x in pool if not any(self._apart(x, e, loss.kept) for e in node.entering)}
        before = -1
        while before != len(pool) and len(node.entering) + 1 < loss.entering:
            before = len(pool)
            for x in sorted(pool):
                company = {y for y in pool if y != x and not self._apart(x, y, loss.kept)}
                if self._too_few(loss, replace(node, entering=node.entering | {x}), company):
                    pool.discard(x)
        return pool

    def _apart(self, x: int, y: int, kept: int) -> bool:
        """Whether x and y cannot both enter: both would have to beat more own-class points than they can."""
        key = (min(x, y), max(x, y), kept)
        if key not in self.apart:
            ahead, between = 0, (self.scaled[x] * self.scaled[y]).sum()
            for w in self.own:
                ahead += self._contradicts(y, w, None, 0) or self._contradicts(
                    x,
                    w,
                    _Sum(
                        self.near.distances[y] - self.near.distances[w],
                        self.near.G[y] - self.near.G[w],
                        self.scaled[y] - self.scaled[w],
                        self.pairs[y, w][1],
                    ),
                    between - self._product(x, w) - self._product(y, w) + self._product(w, w),
                )
                if ahead > kept:
                    break
            self.apart[key] = ahead > kept
        return self.apart[key]

    def _product(self, x: int, own: int) -> int:
        """Multiply scaled rows; those of x with all of ``self.own`` at once."""
        if x not in self.products:
            products = self.scaled[self.own].dot(self.scaled[x])
            self.products[x] = dict(zip(self.own, products, strict=True))
        return self.products[x][own]

    def _contradicts(self, x: int, own: int, total: _Sum | None, inner: int) -> bool:
        """Decide whether no z' of the node within the radius has x before own."""
        gap = self.near.distances[x] - self.near.distances[own]
        if (x, own) not in self.pairs:
            normal = self.near.G[x] - self.near.G[own]
            scaled = self.scaled[x] - self.scaled[own]
            self.pairs[x, own] = self._contradiction(gap, normal), (scaled * scaled).sum()
        alone, square = self.pairs[x, own]
        if alone or total is None or not self.inner_products:
            return alone
        # total + share / scale · pair, at the share for which the bound is largest
        share = gap * total.square - total.gap * inner
        scale = total.gap * square - gap * inner
        return (
            share > 0
            and scale > 0
            and scale * total.gap + share * gap > 0
            and self.near.reach.within_square(
                scale * total.gap + share * gap,
                scale * scale * total.square + 2 * scale * share * inner + share * share * square,
            )
        )

    def _contradiction(self, gap: int, direction: NDArray[Any]) -> bool:
        return gap > 0 and self.near.reach.stays_below(gap, direction)

    def _never(self, total: _Sum) -> bool:
        """Whether a strict sum is nowhere negative, whatever a perturbation costs."""
        return (
            total.strict
            and total.gap >= 0
            and self.near.reach.never_beyond(total.gap, total.direction)
        )

    def _sum(self, index: int, loss: Loss, node: _Node) -> _Sum | None:
        """Add up the pairs of a node; None where there are none, or one does not hold in it."""
        entering, beaten, multipliers = self.trees.pairs_of(self.first + index)
        no_more_stay = len(node.stay) == loss.kept
        no_more_enter = len(node.entering) == loss.entering

        def holds(e: int, x: int) -> bool:
            if e not in node.entering or not 0 <= x < len(self.y):
                return False
            if self.y[x] == self.c:
                return x in node.beaten or (no_more_stay and x not in node.stay)
            return x in node.out or (no_more_enter and x not in node.entering)

        if (
            not entering
            or not all(np.isfinite(w) and w >= 0.0 for w in multipliers)
            or not all(map(holds, entering, beaten))
        ):
            return None
        ratios = [w.as_integer_ratio() for w in multipliers]
        common = max(d for _, d in ratios)  # all are powers of two
        weights = [n * (common // d) for n, d in ratios]
        scale = np.array(weights, dtype=object)
        gap = (scale * (self.near.distances[entering] - self.near.distances[beaten])).sum()
        direction = scale.dot(self.near.G[entering] - self.near.G[beaten])
        scaled = scale.dot(self.scaled[entering] - self.scaled[beaten])
        strict = any(w > 0 and e > x for e, x, w in zip(entering, beaten, weights, strict=True))
        return _Sum(gap, direction, scaled, (scaled * scaled).sum(), strict)

    def _with_equal_points(self, loss: Loss, node: _Node) -> _Node | None:
        """A point comes after each equal one of smaller index; None where the node is empty."""
        stay = set(node.stay)
        for x in node.entering:
            for before in self.earlier.get(x, ()):
                if self.y[before] == self.c:
                    if before in node.beaten:
                        return None
                    stay.add(before)
                elif before in node.out or (
                    len(node.entering) == loss.entering and before not in node.entering
                ):
                    return None
        if len(stay) > loss.kept or not stay.isdisjoint(node.beaten):
            return None
        return replace(node, stay=frozenset(stay))


def _ends(children: list[int]) -> list[int]:
    """Where the subtree of each node of a preorder ends; empty where the counts are not those of trees."""
    ends = [0] * len(children)
    for index in range(len(children) - 1, -1, -1):
        end = index + 1
        if not 0 <= children[index] < len(children):
            return []
        for _ in range(children[index]):
            if end >= len(children):
                return []
            end = ends[end]
        ends[index] = end
    return ends
