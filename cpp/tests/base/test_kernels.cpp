#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/kernels.hpp"
#include "base/rounding.hpp"
#include "robust_metric/instruction_set.hpp"

using namespace robust_metric;

namespace {

struct Results {
    double dot, dot_mixed, squared_distance, dot_accurate, rest;
    float dot_single, squared_distance_single;
    std::vector<double> axpy;
};

Results evaluate(const std::vector<double>& a, const std::vector<double>& b, std::size_t n) {
    const Kernels& k = kernels();
    const std::vector<float> fa(a.begin(), a.end()), fb(b.begin(), b.end());
    Results results{k.dot(a.data(), b.data(), n),
                    k.dot_mixed(fa.data(), b.data(), n),
                    k.squared_distance(a.data(), b.data(), n),
                    0.0,
                    0.0,
                    k.dot_single(fa.data(), fb.data(), n),
                    k.squared_distance_single(fa.data(), fb.data(), n),
                    b};
    k.axpy(0.37, a.data(), results.axpy.data(), n);
    std::vector<double> low(n + 1);
    for (std::size_t i = 0; i < n; ++i) low[i] = 0x1p-54 * b[n - 1 - i];
    results.dot_accurate = k.dot_accurate(a.data(), b.data(), low.data(), n, &results.rest);
    return results;
}

template <class Real>
bool same_bits(Real a, Real b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
}

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
        long double dot = 0, size = 0, squares = 0, squares_of_terms = 0;
        for (std::size_t i = 0; i < n; ++i) {
            a[i] = uniform(random) * std::exp2(uniform(random) * 30);
            b[i] = uniform(random) * std::exp2(uniform(random) * 30);
            dot += static_cast<long double>(a[i]) * b[i];
            size += std::fabs(static_cast<long double>(a[i]) * b[i]);
            const long double difference = static_cast<long double>(a[i]) - b[i];
            squares += difference * difference;
            squares_of_terms += static_cast<long double>(a[i]) * a[i] + static_cast<long double>(b[i]) * b[i];
        }
        force_instruction_set("baseline");
        const Results expected = evaluate(a, b, n);
        const double slack = static_cast<double>(n + 2) * 0x1p-53;
        CHECK(std::fabs(expected.dot - dot) <= slack * size);
        CHECK(std::fabs(expected.squared_distance - squares) <= slack * squares);
        CHECK(expected.axpy[n] == 7.0);
        const double single = static_cast<double>(n + 6) * 0x1p-24;
        CHECK(std::fabs(expected.dot_mixed - dot) <= single * size);
        CHECK(std::fabs(expected.dot_single - dot) <= single * size);
        CHECK(std::fabs(expected.squared_distance_single - squares) <= single * (squares + size + squares_of_terms));
        for (const std::string& name : available_instruction_sets()) {
            CAPTURE(name);
            CAPTURE(n);
            force_instruction_set(name);
            CHECK(instruction_set() == name);
            const Results found = evaluate(a, b, n);
            CHECK(same_bits(found.dot, expected.dot));
            CHECK(same_bits(found.squared_distance, expected.squared_distance));
            CHECK(same_bits(found.dot_mixed, expected.dot_mixed));
            CHECK(same_bits(found.dot_single, expected.dot_single));
            CHECK(same_bits(found.dot_accurate, expected.dot_accurate));
            CHECK(same_bits(found.rest, expected.rest));
            CHECK(same_bits(found.squared_distance_single, expected.squared_distance_single));
            for (std::size_t i = 0; i <= n; ++i) REQUIRE(same_bits(found.axpy[i], expected.axpy[i]));
        }
    }
}

TEST_CASE("accurate sums are those of double-doubles one by one, however much cancels") {
    std::mt19937_64 random(4);
    std::uniform_real_distribution<double> uniform(-1.0, 1.0);
    for (std::size_t n : {0, 1, 2, 7, 8, 9, 31, 32, 33, 63, 200, 784, 3000, 20000})
        for (const bool cancels : {false, true}) {
            std::vector<double> a(n);
            std::vector<DoubleDouble> x(n);
            for (std::size_t i = 0; i < n; ++i) {
                a[i] = uniform(random);
                x[i] = two_sum(uniform(random), 0x1p-54 * uniform(random));
            }
            if (cancels)  // but for the low parts the second half takes back the first
                for (std::size_t i = 0; i + 1 < n; i += 2) {
                    a[i + 1] = a[i];
                    x[i + 1] = two_sum(-x[i].hi, 0x1p-54 * uniform(random));
                }
            DoubleDouble plain, found;
            double size = 0.0;
            for (std::size_t i = 0; i < n; ++i) {
                plain += a[i] * x[i];
                size += std::fabs(a[i] * x[i].hi);
            }
            multiply({a.data(), 1, n}, x.data(), 1, &found);
            CAPTURE(n);
            CHECK(std::fabs((found - plain).hi) <= static_cast<double>(2 * n + 2) * 0x1p-102 * size);
        }
}

TEST_CASE("sums err by no more than the roundings that are counted for them") {
    // 1 + u/2 a thousandfold: each addition to a sum above 1 loses what it may
    for (const std::size_t n : {1, 9, 31, 32, 63, 64, 300, 784}) {
        const std::vector<double> a(n, 1.0 + 0x1p-52), b(n, 1.0 + 0x1p-52);
        long double exact = 0;
        for (std::size_t i = 0; i < n; ++i) exact += static_cast<long double>(a[i]) * b[i];
        const double found = kernels().dot(a.data(), b.data(), n);
        CHECK(std::fabs(found - exact) <= static_cast<double>(roundings_of_sum(n) + 1) * 0x1p-53 * exact);
        CHECK(roundings_of_sum(n) < n);
    }
}

TEST_CASE("scans find what a plain loop finds, NaN included") {
    const ForcedSet forced;
    std::mt19937_64 random(2);
    std::uniform_real_distribution<float> uniform(0.0f, 1.0f);
    for (const std::string& name : available_instruction_sets()) {
        force_instruction_set(name);
        const Kernels& k = kernels();
        for (const std::size_t n : {0, 1, 63, 64, 65, 300}) {
            std::vector<float> value(n), blur(n);
            for (std::size_t i = 0; i < n; ++i) {
                value[i] = i % 97 == 96 ? std::numeric_limits<float>::quiet_NaN() : uniform(random);
                blur[i] = 0.1f * uniform(random);
            }
            std::vector<std::size_t> within, below, expected_within, expected_below;
            for (std::size_t i = 0; i < n; ++i) {
                if (!(value[i] - blur[i] * (0.5f + blur[i]) > 0.02f)) expected_within.push_back(i);
                if (value[i] <= 0.02f) expected_below.push_back(i);
            }
            for (std::size_t i = 0; (i = k.next_within(value.data(), blur.data(), 0.5f, 0.02f, i, n)) < n; ++i)
                within.push_back(i);
            for (std::size_t i = 0; (i = k.next_at_most(value.data(), 0.02f, i, n)) < n; ++i) below.push_back(i);
            CHECK(within == expected_within);
            CHECK(below == expected_below);
        }
    }
}

TEST_CASE("ratios are bounds of the exact ones from below, and 0 where nothing is known") {
    const ForcedSet forced;
    std::mt19937_64 random(3);
    std::uniform_real_distribution<float> uniform(0.0f, 1.0f);
    const std::size_t n = 200;
    std::vector<float> distance(n), distance_blur(n), square(n), square_blur(n), out(n);
    for (std::size_t i = 0; i < n; ++i) {
        distance[i] = uniform(random) - 0.3f;
        distance_blur[i] = 0.01f * uniform(random);
        square[i] = uniform(random);
        square_blur[i] = 0.01f * uniform(random);
    }
    const float nothing = std::numeric_limits<float>::infinity();
    distance[7] = square[8] = std::numeric_limits<float>::quiet_NaN();
    distance_blur[9] = square_blur[10] = nothing;
    distance[11] = square[11] = nothing;
    for (const std::string& name : available_instruction_sets()) {
        force_instruction_set(name);
        kernels().bound_ratios(
            {distance.data(), distance_blur.data(), square.data(), square_blur.data(), 0.05f, 0.1f, -0.2f, 0.04f, 0.3f},
            out.data(), n);
        for (std::size_t i = 0; i < n; ++i) {
            if (i >= 7 && i <= 11) {
                CHECK(out[i] == 0.0f);
                continue;
            }
            const double gap = distance[i] - distance_blur[i] * (0.05 + distance_blur[i]) - 0.1;
            const double length = -0.2 + square[i] + square_blur[i] * (0.04 + square_blur[i]);
            if (length <= 0.0) continue;  // a square below 0 is rounding: its root is taken for 0, or for unknown
            const double exact = gap > 0 ? gap / (2 * (std::sqrt(length) + 0.3)) : 0.0;
            CHECK(out[i] <= exact + 1e-7);
            CHECK(out[i] >= exact * (1 - 1e-4) - 1e-7);
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
    const double several[] = {10, 1, 0, 2, 1, 0};
    double products[6];
    multiply(matrix, several, 3, products);
    CHECK(std::vector<double>(products, products + 6) == std::vector<double>{12, 34, 4, 8, 1, 3});
    const DoubleDouble accurate[] = {{10, 0x1p-60}, {1, -0x1p-60}};
    DoubleDouble low[2];
    multiply(matrix, accurate, 1, low);
    CHECK((low[0].hi == 12 && low[0].lo == -0x1p-60 && low[1].hi == 34 && low[1].lo == -0x1p-60));
    multiply_transposed(matrix, x, out);
    CHECK((out[0] == 13 && out[1] == 24));
}

TEST_CASE("leaves and packs of every instruction set: the sums of a plain loop, within the error of their order") {
    const ForcedSet forced;
    std::mt19937_64 random(3);
    std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
    const auto draw = [&](std::size_t n) {
        std::vector<float> values(n);
        for (float& value : values) value = uniform(random);
        return values;
    };
    for (const std::size_t width : {1, 2, 7, 33}) {
        const std::size_t leaves = 3, rows = 5;
        const auto coordinates = draw(leaves * width * leaf_points), norms = draw(leaves * leaf_points),
                   factors = draw(width * leaf_queries), pack = draw(8 * width), list = draw(rows * width),
                   upper = draw(8), lower = draw(rows), box = draw(8 * width), point = draw(width);
        const std::vector<float> extra(8, 0x1p-30f);
        const double slack = static_cast<double>(width + 4) * static_cast<double>(width + 1) * 0x1p-24;
        const auto value = [&](std::size_t leaf, std::size_t k, std::size_t q) {
            double sum = norms[leaf * leaf_points + k];
            for (std::size_t j = 0; j < width; ++j)
                sum += static_cast<double>(coordinates[(leaf * width + j) * leaf_points + k]) *
                       factors[j * leaf_queries + q];
            return sum;
        };
        for (const std::string& name : available_instruction_sets()) {
            CAPTURE(name);
            CAPTURE(width);
            force_instruction_set(name);
            const Kernels& k = kernels();
            std::vector<std::vector<float>> minima(leaf_queries, std::vector<float>(leaves));
            float* out[leaf_queries];
            for (std::size_t q = 0; q < leaf_queries; ++q) out[q] = minima[q].data();
            k.leaf_minima(coordinates.data(), norms.data(), leaves, width, factors.data(), out, nullptr);
            for (std::size_t q = 0; q < leaf_queries; ++q) {
                std::vector<float> one(width);
                for (std::size_t j = 0; j < width; ++j) one[j] = factors[j * leaf_queries + q];
                for (std::size_t leaf = 0; leaf < leaves; ++leaf) {
                    float values[leaf_points];
                    k.leaf_values(coordinates.data() + leaf * width * leaf_points, norms.data() + leaf * leaf_points,
                                  width, one.data(), values);
                    for (std::size_t i = 0; i < leaf_points; ++i)
                        REQUIRE(std::fabs(values[i] - value(leaf, i, q)) <= slack);
                    CHECK(minima[q][leaf] == *std::min_element(values, values + leaf_points));
                    CHECK(k.leaf_minimum(values) == minima[q][leaf]);
                    for (std::size_t i = 0; i < leaf_points; ++i)
                        REQUIRE((k.leaf_at_most(values, 0.1f) >> i & 1) == (values[i] <= 0.1f));
                }
            }
            std::vector<float> top = box;
            for (float& end : top) end += 0.5f;
            float distances[8];
            k.box_distances(box.data(), top.data(), width, point.data(), distances);
            for (std::size_t i = 0; i < 8; ++i) {
                double sum = 0.0;
                for (std::size_t j = 0; j < width; ++j) {
                    const double below = static_cast<double>(box[8 * j + i]) - point[j];
                    const double above = static_cast<double>(point[j]) - top[8 * j + i];
                    sum += std::pow(std::max({below, above, 0.0}), 2);
                }
                CHECK(std::fabs(distances[i] - sum) <= slack * (sum + 1.0));
            }
            std::vector<const float*> row_of(rows);
            for (std::size_t i = 0; i < rows; ++i) row_of[i] = list.data() + i * width;
            const LeafPack own{pack.data(), upper.data(), extra.data(), width};
            const LeafRows some{row_of.data(), lower.data(), extra.data(), rows};
            std::vector<unsigned char> beyond(rows), within(rows);
            std::vector<float> squares(8 * rows), four_squares(8, 0.02f);
            k.pairs_beyond(own, some, 0.02f, beyond.data());
            k.pairs_within(own, some, four_squares.data(), within.data(), squares.data());
            for (std::size_t i = 0; i < rows; ++i)
                for (std::size_t c = 0; c < 8; ++c) {
                    double square = 0.0;
                    for (std::size_t j = 0; j < width; ++j)
                        square += std::pow(static_cast<double>(pack[8 * j + c]) - list[i * width + j], 2);
                    CHECK(std::fabs(squares[8 * i + c] - square) <= slack * square);
                    const double gap = static_cast<double>(lower[i]) - upper[c], other = -gap;
                    if ((beyond[i] >> c & 1) != 0) CHECK((gap > 0.0 && gap * gap > 0.02 * square));
                    if (gap > 0.0 && gap * gap > 0.02 * square * 1.01 + 1e-6) CHECK((beyond[i] >> c & 1) == 1);
                    if (other > 0.0 && other * other >= 0.02 * square) CHECK((within[i] >> c & 1) == 1);
                    if ((within[i] >> c & 1) != 0) CHECK((other > 0.0 && other * other >= 0.02 * square * 0.99 - 1e-6));
                }
        }
    }
}

TEST_CASE("steps in a box: the same bits on every instruction set, close to the long double sums") {
    const ForcedSet forced;
    std::mt19937_64 random(3);
    std::uniform_real_distribution<double> uniform(-1.0, 1.0);
    for (std::size_t n = 0; n <= 130; ++n) {
        std::vector<double> normal(n), below(n), above(n);
        for (std::size_t j = 0; j < n; ++j) {
            normal[j] = j % 5 == 0 ? 0.0 : uniform(random);
            below[j] = j % 7 == 0 ? rounding::infinity : std::fabs(uniform(random));
            above[j] = j % 3 == 0 ? 0.0 : j % 11 == 1 ? rounding::infinity : std::fabs(uniform(random));
        }
        struct Found {
            double largest, gain, slope, harm, all;
            std::vector<double> sizes, caps;
        };
        const double price = 0.7;
        const auto find = [&] {
            Found f{0, 0, 0, 0, 0, std::vector<double>(n + 1, 7.0), std::vector<double>(n + 1, 7.0)};
            const Kernels& k = kernels();
            f.largest = k.box_sides(normal.data(), below.data(), above.data(), n, f.sizes.data(), f.caps.data());
            f.gain = k.box_gain(f.sizes.data(), f.caps.data(), price, n);
            f.slope = k.box_slope(f.sizes.data(), f.caps.data(), price, n);
            f.harm = k.box_harm(f.sizes.data(), f.caps.data(), price, n);
            f.all = k.box_gain(f.sizes.data(), f.caps.data(), rounding::infinity, n);
            return f;
        };
        force_instruction_set("baseline");
        const Found expected = find();
        long double gain = 0, slope = 0, harm = 0, all = 0, largest = 0;
        for (std::size_t j = 0; j < n; ++j) {
            const double cap = normal[j] > 0 ? above[j] : below[j], size = cap > 0 ? std::fabs(normal[j]) : 0.0;
            CHECK((expected.sizes[j] == size && expected.caps[j] == cap));
            const long double step = std::min<long double>(static_cast<long double>(price) * size, cap);
            largest = std::max<long double>(largest, size);
            if (size == 0.0) continue;
            all += static_cast<long double>(size) * cap;
            (price * size >= cap ? gain : slope) += static_cast<long double>(size) * (price * size >= cap ? cap : size);
            harm += static_cast<long double>(price) * size * step - step * step / 2;
        }
        CHECK((expected.sizes[n] == 7.0 && expected.caps[n] == 7.0 && expected.largest == largest));
        const auto close = [&](double found, long double exact) {
            return found == exact || std::fabs(found - exact) <= static_cast<long double>(n + 4) * 0x1p-53L * exact;
        };
        CHECK(close(expected.gain, gain));
        CHECK(close(expected.slope, slope));
        CHECK(close(expected.harm, harm));
        CHECK(close(expected.all, all));
        for (const std::string& name : available_instruction_sets()) {
            force_instruction_set(name);
            const Found found = find();
            CHECK((same_bits(found.gain, expected.gain) && same_bits(found.slope, expected.slope) &&
                   same_bits(found.harm, expected.harm) && same_bits(found.all, expected.all) &&
                   same_bits(found.largest, expected.largest) && found.sizes == expected.sizes));
        }
    }
}
