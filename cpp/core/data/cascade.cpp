#include "data/cascade.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include "base/kernels.hpp"
#include "data/leaf_pass.hpp"

namespace robust_metric {

namespace {

// fewer and shorter rows are multiplied with a query as fast
constexpr std::size_t fewest = 1024, shortest = 321;

// points of the probe, and the share of all points that it may leave for a closer look
constexpr std::size_t probes = 24, nearest = 11;
constexpr double most_left = 1.0 / 32.0;

}  // namespace

Cascade::Cascade(const FilterRows& rows, std::span<const std::int32_t> labels, const Execution& execution) {
    const Leaves::Kind kind = Leaves::forced();
    const bool forced = kind == Leaves::Kind::cascade;
    const std::size_t n = rows.rows().rows(), width = rows.rows().cols();
    if (!forced && (kind != Leaves::Kind::best || n < fewest || width < shortest || !Leaves::are_even(rows))) return;
    if (width == 0 || !Leaves::are_sound(rows)) return;
    codes_ = Codes(rows, forced, execution);
    if (!codes_.usable()) return;
    leaves_ = Leaves(codes_.first(), labels, execution, Leaves::Kind::scan);
    bool good = false;
    parallel_for(1, 1, execution,
                 [&](std::size_t, std::size_t, int) { good = leaves_.usable() && (forced || pays(rows)); });
    if (!good) *this = {};
    for (std::size_t i = 0; usable() && i < n; ++i) second_error_ = std::max(second_error_, codes_.second().error(i));
}

// A probe: how many points the first stage leaves to be among the nearest of some training points. A guess.
bool Cascade::pays(const FilterRows& rows) const {
    const std::size_t n = rows.rows().rows(), width = codes_.first().rows().cols();
    std::vector<float> some(probes * width);
    for (std::size_t p = 0; p < probes; ++p)
        std::copy_n(codes_.first().row(p * n / probes), width, some.data() + p * width);
    LeafPass pass(true);
    std::size_t left = 0;
    for (std::size_t begin = 0, count = 0; begin < probes; begin += count) {
        count = std::min(LeafPass::block_size(n, true), probes - begin);
        pass.compute(leaves_, {some.data() + begin * width, count, width});
        for (std::size_t p = begin; p < begin + count; ++p) {
            const float* values = pass.values(p - begin);
            std::vector<std::uint32_t> order(n);
            for (std::size_t place = 0; place < n; ++place) order[place] = static_cast<std::uint32_t>(place);
            const std::size_t looked_at = std::min(2 * nearest, n);
            std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(looked_at), order.end(),
                              [&](auto a, auto b) { return values[a] < values[b]; });
            std::vector<float> found;
            const float* row = rows.row(p * n / probes);
            for (std::size_t i = 0; i < looked_at; ++i) {
                const std::size_t index = leaves_.index(order[i]);
                found.push_back(rows.norms()[index] -
                                2.0f * kernels().dot_single(rows.row(index), row, rows.rows().cols()));
            }
            const std::size_t nth = std::min(nearest, looked_at) - 1;
            std::nth_element(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(nth), found.end());
            left +=
                static_cast<std::size_t>(std::count_if(values, values + n, [&](float v) { return v <= found[nth]; }));
        }
    }
    return static_cast<double>(left) <= most_left * static_cast<double>(probes * n);
}

}  // namespace robust_metric
