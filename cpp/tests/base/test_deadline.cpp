#include <doctest/doctest.h>

#include "base/deadline.hpp"
#include "base/rounding.hpp"

using namespace robust_metric;

TEST_CASE("deadlines: passed once more than the limit is over, by the clock that is given") {
    double now = 5.0;
    const Deadline limit(2.0, [&] { return now; }), none(rounding::infinity, [&] { return now; });
    const Deadline longer = limit.extended();
    for (const double time : {5.0, 6.0, 7.0}) {
        now = time;
        CHECK_FALSE(limit.passed());
    }
    now = 7.01;
    CHECK(limit.passed());
    CHECK_FALSE(longer.passed());
    now = 8.09;
    CHECK_FALSE(longer.passed());
    now = 8.11;
    CHECK(longer.passed());
    CHECK_FALSE(none.passed());
    CHECK_FALSE(none.extended().passed());
}

TEST_CASE("deadlines: work that is stopped has no time left") {
    const Execution stopped{1, [](std::size_t) { return false; }};
    bool seen = false;
    CHECK_THROWS_AS(parallel_for(1, 1, stopped,
                                 [&](std::size_t, std::size_t, int) {
                                     const Deadline none(rounding::infinity);
                                     while (!none.passed()) {
                                     }
                                     seen = true;
                                 }),
                    Interrupted);
    CHECK(seen);
}
