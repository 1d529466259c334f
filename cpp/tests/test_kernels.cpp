#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "robust_metric/kernels.hpp"

using namespace robust_metric;

namespace {

struct Results {
    double dot, squared_distance;
    std::vector<double> axpy;
};

Results evaluate(const std::vector<double>& a, const std::vector<double>& b, std::size_t n) {
    const Kernels& k = kernels();
    Results results{k.dot(a.data(), b.data(), n), k.squared_distance(a.data(), b.data(), n), b};
    k.axpy(0.37, a.data(), results.axpy.data(), n);
    return results;
}

bool same_bits(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }

class ForcedSet {  // puts back what was in use
public:
    ~ForcedSet() { force_instruction_set(before_); }

private:
    std::string before_ = instruction_set();
};

}  // namespace

TEST_CASE("every instruction set gives the same bits, close to the long double sum") {
    const ForcedSet forced;
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> uniform(-1.0, 1.0);
    for (std::size_t n = 0; n <= 200; ++n) {
        // one more at either end, to see what is read and written beyond
        std::vector<double> a(n + 1, std::numeric_limits<double>::quiet_NaN()), b(n + 1, 7.0);
        long double dot = 0, size = 0, squares = 0;
        for (std::size_t i = 0; i < n; ++i) {
            a[i] = uniform(random) * std::exp2(uniform(random) * 30);
            b[i] = uniform(random) * std::exp2(uniform(random) * 30);
            dot += static_cast<long double>(a[i]) * b[i];
            size += std::fabs(static_cast<long double>(a[i]) * b[i]);
            const long double difference = static_cast<long double>(a[i]) - b[i];
            squares += difference * difference;
        }
        force_instruction_set("baseline");
        const Results expected = evaluate(a, b, n);
        const double slack = static_cast<double>(n + 2) * 0x1p-53;
        CHECK(std::fabs(expected.dot - dot) <= slack * size);
        CHECK(std::fabs(expected.squared_distance - squares) <= slack * squares);
        CHECK(expected.axpy[n] == 7.0);
        for (const std::string& name : available_instruction_sets()) {
            CAPTURE(name);
            CAPTURE(n);
            force_instruction_set(name);
            CHECK(instruction_set() == name);
            const Results found = evaluate(a, b, n);
            CHECK(same_bits(found.dot, expected.dot));
            CHECK(same_bits(found.squared_distance, expected.squared_distance));
            for (std::size_t i = 0; i <= n; ++i) REQUIRE(same_bits(found.axpy[i], expected.axpy[i]));
        }
    }
}

TEST_CASE("instruction sets that are unknown are refused and change nothing") {
    const std::string before = instruction_set();
    CHECK_THROWS_AS(force_instruction_set("sse9"), std::invalid_argument);
    CHECK_THROWS_AS(force_instruction_set(""), std::invalid_argument);
    CHECK(instruction_set() == before);
    CHECK(available_instruction_sets().front() == "baseline");
}

TEST_CASE("products of a matrix and a vector") {
    const std::vector<double> a{1, 2, 99, 3, 4, 99};  // 2 × 2 with a stride of 3
    const MatrixView matrix(a.data(), 2, 2, 3);
    const double x[] = {10, 1};
    double out[2];
    multiply(matrix, x, out);
    CHECK((out[0] == 12 && out[1] == 34));
    multiply_transposed(matrix, x, out);
    CHECK((out[0] == 13 && out[1] == 24));
}
