// The innermost loops, compiled once per instruction set and chosen at run time.
// Every function sums in 32 fixed virtual lanes without contraction: the bits of a result are
// the same on every instruction set (ROBUST_METRIC_ISA = baseline, x86-64-v3 or x86-64-v4 forces one). But those for
// leaves and panels in float32, which fuse where they can: filters, and learners without a BLAS.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/double_double.hpp"
#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

// For every i: max(distance_i - subtracted, 0) / (2 (length_i + added)), rounded down by enough for lower ends
//   distance_i = distance[i] - distance_blur[i] (distance_reach + distance_blur[i])  and upper ends
//   length_i² = square_base + square[i] + square_blur[i] (square_reach + square_blur[i]);  0 where something is NaN.
struct RatioBounds {
    const float *distance, *distance_blur, *square, *square_blur;
    float distance_reach, subtracted, square_base, square_reach, added;
};

// Shapes of the kernels for leaves, see there.
inline constexpr std::size_t leaf_points = 64, leaf_queries = 6;

// Eight points, coordinate by coordinate, or rows of them: an end of the filter's interval for their distance from the
// query, and 2^14 times the square of their error, rounded up. Squared distances within 2^-12 of their value, the error
// of their roundings, are taken as if they were within 2^-11, which leaves room for the errors of the points: see
// docs/rounding.md, section 4.
struct LeafPack {
    const float *coordinates, *values, *extra;
    std::size_t width;
};
struct LeafRows {
    const float* const* rows;
    const float *values, *extra;
    std::size_t count;
};

// Rows of a product that are computed together.
inline constexpr std::size_t panel_rows = 6;

struct Kernels {
    // sum of a[i] b[i]
    double (*dot)(const double* a, const double* b, std::size_t n);
    float (*dot_single)(const float* a, const float* b, std::size_t n);
    double (*dot_mixed)(const float* a, const double* b, std::size_t n);
    // sum of a[i] (hi[i] + lo[i]) to about twice the precision of float64: what is returned, and *low beside it
    double (*dot_accurate)(const double* a, const double* hi, const double* lo, std::size_t n, double* low);
    // sum of (a[i] - b[i])^2
    double (*squared_distance)(const double* a, const double* b, std::size_t n);
    float (*squared_distance_single)(const float* a, const float* b, std::size_t n);
    // Of a half-space in a box, |a_j| and how far each coordinate may follow it: at price p the coordinates with
    // p size >= cap are at their caps. Σ size cap of these; Σ size² of the others; Σ max over 0 <= s <= cap of p size s
    // - s²/2 of all.
    double (*box_gain)(const double* sizes, const double* caps, double price, std::size_t n);
    double (*box_slope)(const double* sizes, const double* caps, double price, std::size_t n);
    double (*box_harm)(const double* sizes, const double* caps, double price, std::size_t n);
    // These sizes and caps, of a normal and how far each coordinate may fall and rise; 0 is the size of those that may
    // not move. What comes back is the largest size.
    double (*box_sides)(const double* normal, const double* below, const double* above, std::size_t n, double* sizes,
                        double* caps);
    // y += alpha x
    void (*axpy)(double alpha, const double* x, double* y, std::size_t n);
    // the first i in [first, n) for which value[i] - blur[i] (reach + blur[i]) > limit is not true; n if none
    std::size_t (*next_within)(const float* value, const float* blur, float reach, float limit, std::size_t first,
                               std::size_t n);
    // the first i in [first, n) with value[i] <= limit; n if none
    std::size_t (*next_at_most)(const float* value, float limit, std::size_t first, std::size_t n);
    void (*bound_ratios)(const RatioBounds& bounds, float* out, std::size_t n);

    // Points in leaves: leaf_points of them, all first coordinates, all second ones, and so on. For each point x of a
    // leaf norm + sum_j factor_j x_j: the smallest for each of `leaves` leaves and each of leaf_queries queries, whose
    // factors are coordinate by coordinate, and, unless null, all of them; or all of one leaf and query.
    void (*leaf_minima)(const float* coordinates, const float* norms, std::size_t leaves, std::size_t width,
                        const float* factors, float* const* out, float* const* values);
    void (*leaf_values)(const float* coordinates, const float* norms, std::size_t width, const float* factors,
                        float* out);
    // of the values of a leaf: bit k where values[k] <= limit, and the least
    std::uint64_t (*leaf_at_most)(const float* values, float limit);
    float (*leaf_minimum)(const float* values);
    // squared distances of a point from eight boxes, whose ends are coordinate by coordinate
    void (*box_distances)(const float* lower, const float* upper, std::size_t width, const float* point, float* out);
    // Which pair bounds (L - U) / (2 length) are surely above a bound b, bit k of out[i] for row i and point k of the
    // pack, where L is the row's value and U the point's; four_squares: 4 b², rounded up.
    void (*pairs_beyond)(const LeafPack& own, const LeafRows& rows, float four_squares, unsigned char* out);
    // Which (U - L) / (2 length) may be at least b_k, for a pack of U and rows of L; four_squares: 4 b_k², rounded
    // down. squares: the squared distances as computed, squares[8 i + k].
    void (*pairs_within)(const LeafPack& pack, const LeafRows& own, const float* four_squares, unsigned char* out,
                         float* squares);

    // Σ_l rows[r][l step] panel[l width + w] of panel_rows rows and the columns of a panel, into out[r width + w]; a
    // row of a panel takes panel_bytes.
    void (*panel_single)(const float* const* rows, std::size_t step, const float* panel, std::size_t depth, float* out);
    void (*panel_double)(const double* const* rows, std::size_t step, const double* panel, std::size_t depth,
                         double* out);
    std::size_t panel_bytes;
};

// The table in use: the best that this CPU runs, or what ROBUST_METRIC_ISA or force_instruction_set chose.
const Kernels& kernels();

// by the precision of the arguments
inline double dot(const double* a, const double* b, std::size_t n) { return kernels().dot(a, b, n); }
inline float dot(const float* a, const float* b, std::size_t n) { return kernels().dot_single(a, b, n); }
inline double squared_distance(const double* a, const double* b, std::size_t n) {
    return kernels().squared_distance(a, b, n);
}
inline float squared_distance(const float* a, const float* b, std::size_t n) {
    return kernels().squared_distance_single(a, b, n);
}

// The most additions that round among those that a term of an n-term dot or squared_distance passes: in its lane, then
// of lanes, and no more than there are other terms (docs/rounding.md, section 2).
inline std::size_t roundings_of_sum(std::size_t n) {
    return n == 0 ? 0 : std::min(n - 1, n < 32 ? n / 8 + 3 : n / 32 + 8);
}

// out = A x and out = Aᵀ x, by the kernels above
void multiply(MatrixView a, const double* x, double* out);
// the first for many vectors: a large matrix is loaded once; `count` vectors may lie one behind the other, like what
// comes out
void multiply(MatrixView a, std::span<const double* const> x, std::span<double* const> out);
void multiply(MatrixView a, const double* x, std::size_t count, double* out);
void multiply(MatrixView a, const DoubleDouble* x, std::size_t count, DoubleDouble* out);
void multiply_transposed(MatrixView a, const double* x, double* out);

}  // namespace robust_metric
