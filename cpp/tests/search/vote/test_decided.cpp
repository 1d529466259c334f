#include <doctest/doctest.h>

#include "search/vote/decided.hpp"

using namespace robust_metric;
using Mark = Decided::Mark;

TEST_CASE("decided: marks follow the lists, and are gone with them") {
    Decided decided;
    decided.decide({{0, 1}, {2}, {3}, {4}}, {.spare = 2}, 6);
    CHECK(decided.mark(0) == Mark::entering);
    CHECK(decided.mark(1) == Mark::entering);
    CHECK(decided.mark(2) == Mark::allowed);
    CHECK(decided.mark(3) == Mark::beaten);
    CHECK(decided.is(4, Mark::excluded));
    CHECK(decided.is(5, Mark::free));
    CHECK(decided.spare() == 2);
    CHECK_FALSE(decided.rule().complete);

    decided.allow(5);
    CHECK(decided.spare() == 1);
    CHECK(decided.is(5, Mark::allowed));
    CHECK(decided.sets().allowed == std::vector<Decided::Id>{2, 5});

    decided.decide({{3}, {}, {}, {}}, {.complete = true}, 8);
    for (const Decided::Id id : {0, 1, 2, 4, 5, 6, 7}) CHECK(decided.is(id, Mark::free));
    CHECK(decided.is(3, Mark::entering));
    CHECK(decided.spare() == 0);
    decided.clear();
    CHECK(decided.is(3, Mark::free));
    CHECK(decided.entering().empty());
    decided.decide({{}, {1}, {}, {}}, {}, 2);  // another query, with fewer points
    CHECK(decided.is(1, Mark::allowed));
}
