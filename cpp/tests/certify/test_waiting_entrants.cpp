#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "certify/waiting_entrants.hpp"

using namespace robust_metric;

TEST_CASE("entrants are let in once, from the smallest bound up, and none that is not wanted") {
    std::mt19937_64 random(1);
    std::uniform_real_distribution<float> uniform(0.0f, 2.0f);
    WaitingEntrants waiting;
    CHECK(waiting.exhausted());
    for (const std::size_t n : {0, 1, 5, 300}) {
        const std::span<float> bounds = waiting.start(n, 1.0);
        for (float& bound : bounds) bound = uniform(random);
        const std::vector<float> written(bounds.begin(), bounds.end());
        if (n > 2) {
            CHECK(waiting.take_out(2));
            CHECK(!waiting.take_out(2));
        }
        std::vector<int> seen(n, 0);
        for (bool some = true; !waiting.exhausted(); some = false) {
            const float before = waiting.let_in();
            const auto enter = [&](std::size_t i, float bound) {
                CHECK(bound == written[i]);
                CHECK(bound > before);
                CHECK(bound <= waiting.let_in());
                ++seen[i];
            };
            if (some)
                waiting.let_in_some(3, enter);
            else
                waiting.let_in_up_to(before + 0.25f, enter);
            if (some && n == 300) CHECK(std::count(seen.begin(), seen.end(), 1) == 3);
        }
        for (std::size_t i = 0; i < n; ++i) {
            if (i == 2)
                CHECK(seen[i] == 0);
            else if (written[i] < 1.0f)
                CHECK(seen[i] == 1);
            else if (written[i] > 1.0001f)
                CHECK(seen[i] == 0);
        }
    }
}
