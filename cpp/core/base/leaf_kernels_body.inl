// Included once per instruction set by kernels.cpp, after kernels_body.inl, whose rules hold here as well; intrinsics
// are instructions, no code. Each lane of these loops is a point of its own, and its terms are added in the order of
// coordinates. Products are fused with sums where the set can: results are for filters, whose error bounds hold for
// both. ROBUST_METRIC_VECTOR_BYTES is the width of the set's vectors.

#ifdef __GNUC__
using Lanes = float __attribute__((vector_size(ROBUST_METRIC_VECTOR_BYTES)));
using Eight = float __attribute__((vector_size(32)));
#else
template <std::size_t count>
struct PlainLanes {
    float lane[count];
    float& operator[](std::size_t k) { return lane[k]; }
    float operator[](std::size_t k) const { return lane[k]; }
};
using Lanes = PlainLanes<ROBUST_METRIC_VECTOR_BYTES / 4>;
using Eight = PlainLanes<8>;
template <std::size_t count>
static inline PlainLanes<count> operator+(PlainLanes<count> a, const PlainLanes<count>& b) {
    for (std::size_t k = 0; k < count; ++k) a[k] += b[k];
    return a;
}
template <std::size_t count>
static inline PlainLanes<count> operator-(PlainLanes<count> a, const PlainLanes<count>& b) {
    for (std::size_t k = 0; k < count; ++k) a[k] -= b[k];
    return a;
}
template <std::size_t count>
static inline PlainLanes<count> operator*(PlainLanes<count> a, const PlainLanes<count>& b) {
    for (std::size_t k = 0; k < count; ++k) a[k] *= b[k];
    return a;
}
#endif

constexpr std::size_t vector_lanes = ROBUST_METRIC_VECTOR_BYTES / 4;

template <class Vector>
static inline void load(Vector& out, const float* from) {
    ROBUST_METRIC_MEMCPY(&out, from, sizeof out);
}

template <class Vector>
static inline void store(float* to, const Vector& from) {
    ROBUST_METRIC_MEMCPY(to, &from, sizeof from);
}

template <class Vector>
static inline void fill(Vector& out, float value) {
#ifdef __GNUC__
    out = value - Vector{};
#else
    for (std::size_t k = 0; k < sizeof(Vector) / 4; ++k) out[k] = value;
#endif
}

// a b + sum
static inline void add_product(const Eight& a, const Eight& b, Eight& sum) {
#if ROBUST_METRIC_VECTOR_BYTES >= 32
    sum = _mm256_fmadd_ps(a, b, sum);
#else
    sum = sum + a * b;
#endif
}

#if ROBUST_METRIC_VECTOR_BYTES != 32
static inline void add_product(const Lanes& a, const Lanes& b, Lanes& sum) {
#if ROBUST_METRIC_VECTOR_BYTES == 64
    sum = _mm512_fmadd_ps(a, b, sum);
#else
    sum = sum + a * b;
#endif
}
#endif

template <class Vector>
static inline void keep_smaller(Vector& least, const Vector& other) {
#ifdef __GNUC__
    least = other < least ? other : least;
#else
    for (std::size_t k = 0; k < sizeof(Vector) / 4; ++k) least[k] = other[k] < least[k] ? other[k] : least[k];
#endif
}

template <class Vector>
static inline void keep_larger(Vector& most, const Vector& other) {
#ifdef __GNUC__
    most = other > most ? other : most;
#else
    for (std::size_t k = 0; k < sizeof(Vector) / 4; ++k) most[k] = other[k] > most[k] ? other[k] : most[k];
#endif
}

static inline float smallest_lane(const Lanes& lanes) {
    float lane[vector_lanes];
    store(lane, lanes);
    for (std::size_t half = vector_lanes / 2; half > 0; half /= 2)
        for (std::size_t k = 0; k < half; ++k) lane[k] = lane[k + half] < lane[k] ? lane[k + half] : lane[k];
    return lane[0];
}

// norms[i] + sum_j factors[j] x_ij for two vectors of points i from `first` on of a leaf, and several queries
static inline void add_leaf_terms(const float* coordinates, const float* norms, std::size_t first, std::size_t width,
                                  const float* factors, Lanes (&sums)[leaf_queries][2]) {
    for (Lanes(&sum)[2] : sums) {
        load(sum[0], norms + first);
        load(sum[1], norms + first + vector_lanes);
    }
    for (std::size_t j = 0; j < width; ++j) {
        Lanes x, y;
        load(x, coordinates + j * leaf_points + first);
        load(y, coordinates + j * leaf_points + first + vector_lanes);
        for (std::size_t q = 0; q < leaf_queries; ++q) {
            Lanes factor;
            fill(factor, factors[j * leaf_queries + q]);
            add_product(x, factor, sums[q][0]);
            add_product(y, factor, sums[q][1]);
        }
    }
}

static void leaf_minima(const float* coordinates, const float* norms, std::size_t leaves, std::size_t width,
                        const float* factors, float* const* out, float* const* values) {
    for (std::size_t leaf = 0; leaf < leaves; ++leaf, coordinates += width * leaf_points, norms += leaf_points) {
        Lanes least[leaf_queries];
        for (Lanes& lanes : least) fill(lanes, HUGE_VALF);
        for (std::size_t first = 0; first < leaf_points; first += 2 * vector_lanes) {
            Lanes sums[leaf_queries][2];
            add_leaf_terms(coordinates, norms, first, width, factors, sums);
            for (std::size_t q = 0; q < leaf_queries; ++q) {
                if (values != nullptr) {
                    float* to = values[q] + leaf * leaf_points + first;
                    store(to, sums[q][0]);
                    store(to + vector_lanes, sums[q][1]);
                }
                keep_smaller(sums[q][0], sums[q][1]);
                keep_smaller(least[q], sums[q][0]);
            }
        }
        for (std::size_t q = 0; q < leaf_queries; ++q) out[q][leaf] = smallest_lane(least[q]);
    }
}

static void leaf_values(const float* coordinates, const float* norms, std::size_t width, const float* factors,
                        float* out) {
    constexpr std::size_t at_once = vector_lanes * 4 < leaf_points ? 4 : leaf_points / vector_lanes;
    for (std::size_t first = 0; first < leaf_points; first += at_once * vector_lanes) {
        Lanes sum[at_once];
        for (std::size_t i = 0; i < at_once; ++i) load(sum[i], norms + first + i * vector_lanes);
        for (std::size_t j = 0; j < width; ++j) {
            Lanes factor;
            fill(factor, factors[j]);
            for (std::size_t i = 0; i < at_once; ++i) {
                Lanes x;
                load(x, coordinates + j * leaf_points + first + i * vector_lanes);
                add_product(x, factor, sum[i]);
            }
        }
        for (std::size_t i = 0; i < at_once; ++i) store(out + first + i * vector_lanes, sum[i]);
    }
}

// bit k where values[k] <= limit
static std::uint64_t leaf_at_most(const float* values, float limit) {
    std::uint64_t bits = 0;
#if ROBUST_METRIC_VECTOR_BYTES == 64
    const Lanes at = _mm512_set1_ps(limit);
    for (std::size_t first = 0; first < leaf_points; first += vector_lanes)
        bits |= std::uint64_t{_mm512_cmp_ps_mask(_mm512_loadu_ps(values + first), at, _CMP_LE_OQ)} << first;
#elif ROBUST_METRIC_VECTOR_BYTES == 32
    const Lanes at = _mm256_set1_ps(limit);
    for (std::size_t first = 0; first < leaf_points; first += vector_lanes) {
        const auto eight =
            static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(values + first), at, _CMP_LE_OQ)));
        bits |= std::uint64_t{eight} << first;
    }
#else
    for (std::size_t k = 0; k < leaf_points; ++k) bits |= std::uint64_t{values[k] <= limit} << k;
#endif
    return bits;
}

static float leaf_minimum(const float* values) {
    Lanes least, more;
    load(least, values);
    for (std::size_t first = vector_lanes; first < leaf_points; first += vector_lanes) {
        load(more, values + first);
        keep_smaller(least, more);
    }
    return smallest_lane(least);
}

static void box_distances(const float* lower, const float* upper, std::size_t width, const float* point, float* out) {
    Eight zero;
    fill(zero, 0.0f);
    Eight sum = zero;
    for (std::size_t j = 0; j < width; ++j) {
        Eight at, low, high;
        fill(at, point[j]);
        load(low, lower + 8 * j);
        load(high, upper + 8 * j);
        Eight gap = low - at;
        keep_larger(gap, at - high);
        keep_larger(gap, zero);
        add_product(gap, gap, sum);
    }
    store(out, sum);
}

// more than what may underflow on either side of a comparison of pairs
constexpr float pair_floor = 0x1p-120f;

// bit k where a[k] > b[k]
static inline unsigned larger_lanes(const Eight& a, const Eight& b) {
#if ROBUST_METRIC_VECTOR_BYTES >= 32
    return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ)));
#else
    unsigned bits = 0;
    for (std::size_t k = 0; k < 8; ++k) bits |= static_cast<unsigned>(a[k] > b[k]) << k;
    return bits;
#endif
}

// squared distances of four rows, or as many as there are, from the points of a pack: four, so that sums need not wait
static inline void pack_distances(const LeafPack& pack, const float* const* rows, std::size_t count, Eight (&sum)[4]) {
    const float* four[4];
    for (std::size_t i = 0; i < 4; ++i) {
        four[i] = rows[i < count ? i : count - 1];
        fill(sum[i], 0.0f);
    }
    for (std::size_t j = 0; j < pack.width; ++j) {
        Eight own;
        load(own, pack.coordinates + 8 * j);
        for (std::size_t i = 0; i < 4; ++i) {
            Eight gap;
            fill(gap, four[i][j]);
            gap = own - gap;
            add_product(gap, gap, sum[i]);
        }
    }
}

static void pairs_beyond(const LeafPack& own, const LeafRows& rows, float four_squares, unsigned char* out) {
    Eight upper, own_extra, zero, widened, scale, shrunk, floor;
    load(upper, own.values);
    load(own_extra, own.extra);
    fill(zero, 0.0f);
    fill(widened, 1.0f + 0x1p-11f);
    fill(scale, four_squares);
    fill(shrunk, 1.0f - 0x1p-20f);
    fill(floor, pair_floor);
    for (std::size_t first = 0; first < rows.count; first += 4) {
        Eight sum[4];
        pack_distances(own, rows.rows + first, rows.count - first, sum);
        for (std::size_t i = 0; i < 4 && first + i < rows.count; ++i) {
            Eight gap, extra;
            fill(gap, rows.values[first + i]);
            fill(extra, rows.extra[first + i]);
            gap = gap - upper;
            const Eight needed = scale * (sum[i] * widened + (own_extra + extra)) + floor;
            const Eight square = gap * gap * shrunk;
            out[first + i] = static_cast<unsigned char>(larger_lanes(gap, zero) & larger_lanes(square, needed));
        }
    }
}

static void pairs_within(const LeafPack& pack, const LeafRows& own, const float* four_squares, unsigned char* out,
                         float* squares) {
    Eight upper, pack_extra, zero, shrunk, scale, widened, floor;
    load(upper, pack.values);
    load(pack_extra, pack.extra);
    load(scale, four_squares);
    fill(zero, 0.0f);
    fill(shrunk, 1.0f - 0x1p-11f);
    fill(widened, 1.0f + 0x1p-20f);
    fill(floor, pair_floor);
    for (std::size_t first = 0; first < own.count; first += 4) {
        Eight sum[4];
        pack_distances(pack, own.rows + first, own.count - first, sum);
        for (std::size_t i = 0; i < 4 && first + i < own.count; ++i) {
            Eight gap, extra;
            fill(gap, own.values[first + i]);
            fill(extra, own.extra[first + i]);
            gap = upper - gap;
            const Eight needed = scale * (sum[i] * shrunk - (pack_extra + extra));
            const Eight square = gap * gap * widened + floor;
            out[first + i] = static_cast<unsigned char>(larger_lanes(gap, zero) & ~larger_lanes(needed, square));
            store(squares + 8 * (first + i), sum[i]);
        }
    }
}
