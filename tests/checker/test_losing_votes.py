"""Ways to lose the vote, against all votes there are."""

from __future__ import annotations

from itertools import product

import pytest

from robust_metric.checker.proofs import _losing_votes


def winner(votes: tuple[int, ...]) -> int:
    return votes.index(max(votes))


@pytest.mark.parametrize("classes", [2, 3, 4])
@pytest.mark.parametrize("k", range(1, 9))
def test_every_vote_that_is_lost_is_on_the_list_and_no_other_way(k: int, classes: int) -> None:
    """All class sizes up to K, all votes of K points that they allow."""
    for counts in product(range(k + 1), repeat=classes):
        if sum(counts) < k:
            continue
        votes = [
            taken
            for taken in product(*(range(min(k, count) + 1) for count in counts))
            if sum(taken) == k
        ]
        for c in range(classes):
            ways = {kept: needed for kept, _, needed in _losing_votes(counts, c, k)}
            lost: dict[tuple[int, int], int] = {}
            for taken in votes:
                rival = winner(taken)
                if rival != c:
                    # complete: the way is listed, and asks for no more votes than the rival has
                    assert ways[taken[c]][rival] <= taken[rival]
                    key = taken[c], rival
                    lost[key] = min(lost.get(key, k), taken[rival])
            # tight: with each number of kept votes that is listed some vote is lost
            assert ways.keys() == {kept for kept, _ in lost}
