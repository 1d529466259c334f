#include "geometry/exact_sum.hpp"

#include <algorithm>
#include <climits>
#include <cmath>
#include <utility>

#include "base/rounding.hpp"

namespace robust_metric {

namespace {

// products of 32-bit digits that one question may take: some 10 ms
constexpr double most_products = 0x1p20;

// multipliers are taken for fractions of such denominators, if they are as near to them
constexpr int largest_denominator = 4096;
constexpr double nearness = 1e-6;

// Of 32 bits, in a value of this size or a smaller one.
double digits(double largest, int unit) { return largest > 0.0 ? (std::ilogb(largest) - unit) / 32 + 2 : 1; }

// Makes integers of multipliers that are in the ratios of small ones.
bool make_whole(std::span<Evidence::Pair> pairs) {
    double largest = 0.0;
    for (const Evidence::Pair& pair : pairs) largest = std::max(largest, pair.multiplier);
    if (!(largest > 0.0 && largest < rounding::infinity)) return false;
    for (int q = 1; q <= largest_denominator; ++q) {
        const auto times_q = [&](const Evidence::Pair& pair) { return pair.multiplier / largest * q; };
        const auto is_whole = [&](const Evidence::Pair& pair) {
            return std::fabs(times_q(pair) - std::rint(times_q(pair))) <= nearness;
        };
        if (!std::all_of(pairs.begin(), pairs.end(), is_whole)) continue;
        for (Evidence::Pair& pair : pairs) pair.multiplier = std::rint(times_q(pair));
        return true;
    }
    return false;
}

}  // namespace

bool ExactSum::contradicts(const double* query, std::span<Evidence::Pair> pairs) {
    if (make_whole(pairs) && decide(query, pairs)) return true;
    return use_lengths(pairs) && decide(query, pairs);
}

// Where two pairs lie along one line the multipliers are the length of the other, whatever numbers these are.
bool ExactSum::use_lengths(std::span<Evidence::Pair> pairs) const {
    if (pairs.size() != 2 || !training_->metric().is_identity()) return false;
    for (std::size_t j = 0; j < training_->dimension(); ++j) {
        if (training_->threat().is_frozen(j)) continue;
        const auto length = [&](const Evidence::Pair& pair) {
            return std::fabs(training_->points()(pair.entering, j) - training_->points()(pair.beaten, j));
        };
        const double first = length(pairs[0]), second = length(pairs[1]);
        if (first == 0.0 || second == 0.0) continue;
        pairs[0].multiplier = second;
        pairs[1].multiplier = first;
        return second < rounding::infinity && first < rounding::infinity;
    }
    return false;
}

// C - 2 g·δ <= 0 wherever each e comes before its x, and < 0 if one of these x has the smaller index: a tie is its own.
bool ExactSum::decide(const double* query, std::span<const Evidence::Pair> pairs) {
    if (choose_units(query, pairs) > most_products) return false;
    constant_ = {};
    direction_.assign(training_->metric().rank(), {});
    bool strict = false;
    for (const Evidence::Pair& pair : pairs) {
        if (!(pair.multiplier > 0.0)) continue;
        add(query, pair);
        strict = strict || pair.entering > pair.beaten;
    }
    return subtract_most(query) && (constant_.sign() > 0 || (strict && constant_.sign() == 0));
}

// Returns how many products of digits the sum takes, at most.
double ExactSum::choose_units(const double* query, std::span<const Evidence::Pair> pairs) {
    const std::size_t d = training_->dimension();
    points_unit_ = multiplier_unit_ = INT_MAX;
    double largest = 0.0;
    const auto use = [&](const double* values, std::size_t count) {
        points_unit_ = std::min(points_unit_, common_exponent(values, count));
        for (std::size_t j = 0; j < count; ++j) largest = std::max(largest, std::fabs(values[j]));
    };
    use(query, d);
    for (const Evidence::Pair& pair : pairs) {
        if (!(pair.multiplier > 0.0)) continue;
        multiplier_unit_ = std::min(multiplier_unit_, common_exponent(&pair.multiplier, 1));
        for (const std::size_t i : {pair.entering, pair.beaten}) use(row(i, entering_), d);
    }
    const Threat& threat = training_->threat();
    for (std::size_t j = 0; threat.boxed() && j < d; ++j)
        for (const double bound : {threat.lower(j), threat.upper(j)})
            if (std::isfinite(bound)) use(&bound, 1);
    const double of_points = digits(largest, points_unit_), of_components = choose_components();
    const auto count = static_cast<double>(pairs.size()), rank = static_cast<double>(training_->metric().rank());
    const double of_mapped = of_points + of_components;
    if (components_.empty()) return count * rank * of_points * of_points;
    return count * rank * (2.0 * static_cast<double>(d) * of_points * of_components + of_mapped * of_mapped);
}

// Returns the most digits that a component has.
double ExactSum::choose_components() {
    const MatrixView l = training_->metric().components();
    const int unit = common_exponent(l);
    const bool known = !components_.empty();
    double largest = 0.0;
    for (std::size_t i = 0; i < l.rows(); ++i)
        for (std::size_t j = 0; j < l.cols(); ++j) {
            largest = std::max(largest, std::fabs(l(i, j)));
            if (!known) components_.emplace_back(l(i, j), unit);
        }
    return digits(largest, unit);
}

// d(z, e) - d(z, x) = -L(e - x)·L(2z - e - x)
void ExactSum::add(const double* query, const Evidence::Pair& pair) {
    const double *e = row(pair.entering, entering_), *x = row(pair.beaten, beaten_);
    std::vector<Integer> difference, sum;
    for (std::size_t j = 0; j < training_->dimension(); ++j) {
        const Integer from(x[j], points_unit_), to(e[j], points_unit_);
        Integer along = to, twice(query[j], points_unit_);
        along.add(from, true);
        twice.add(twice);
        twice.add(from, true);
        twice.add(to, true);
        difference.push_back(std::move(along));
        sum.push_back(std::move(twice));
    }
    difference = mapped(std::move(difference));
    sum = mapped(std::move(sum));
    const Integer multiplier(pair.multiplier, multiplier_unit_);
    for (std::size_t i = 0; i < difference.size(); ++i) {
        const Integer weighted = multiplier * difference[i];
        constant_.add(weighted * sum[i], true);
        direction_[i].add(weighted);
    }
}

std::vector<Integer> ExactSum::mapped(std::vector<Integer> vector) const {
    if (components_.empty()) return vector;
    const std::size_t d = vector.size();
    std::vector<Integer> image(components_.size() / d);
    for (std::size_t i = 0; i < image.size(); ++i)
        for (std::size_t j = 0; j < d; ++j) image[i].add(components_[i * d + j] * vector[j]);
    return image;
}

Integer ExactSum::gradient(std::size_t j) const {
    if (components_.empty()) return direction_[j];
    Integer sum;
    for (std::size_t i = 0; i < direction_.size(); ++i)
        sum.add(components_[i * training_->dimension() + j] * direction_[i]);
    return sum;
}

// Subtracts the most that 2 g·δ comes to. False where nothing bounds that.
bool ExactSum::subtract_most(const double* query) {
    const Threat& threat = training_->threat();
    for (std::size_t j = 0; j < training_->dimension(); ++j) {
        if (threat.is_frozen(j)) continue;
        const Integer g = gradient(j);
        if (g.sign() == 0) continue;
        const double bound = g.sign() > 0 ? threat.upper(j) : threat.lower(j);
        if (!std::isfinite(bound)) return false;
        Integer way(bound, points_unit_);
        way.add(Integer(query[j], points_unit_), true);
        const Integer most = g * way;
        constant_.add(most, true);
        constant_.add(most, true);
    }
    return true;
}

const double* ExactSum::row(std::size_t i, std::vector<double>& scratch) const {
    scratch.resize(training_->dimension());
    return training_->points().row(i, scratch.data());
}

}  // namespace robust_metric
