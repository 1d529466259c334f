// Included once per instruction set by kernels.cpp, inside a namespace and a target region of its own.
// Nothing here may call inline code from a header: it would be compiled for this instruction set
// and then shared with code that must run on older CPUs.

constexpr std::size_t lanes = 32, tail_lanes = 8;

template <std::size_t count, class Real>
static inline Real reduce(Real* sum) {
    for (std::size_t width = count / 2; width > 0; width /= 2)
        for (std::size_t k = 0; k < width; ++k) sum[k] += sum[k + width];
    return sum[0];
}

template <class Real, class RealA>
struct Product {
    const RealA* a;
    const Real* b;
    Real operator()(std::size_t i) const { return a[i] * b[i]; }
};

template <class Real>
struct SquaredDifference {
    const Real *a, *b;
    Real operator()(std::size_t i) const {
        const Real difference = a[i] - b[i];
        return difference * difference;
    }
};

// what is left after full rounds of lanes goes to the first few of them
template <class Real, class Term>
static inline void add_tail(const Term& term, std::size_t i, std::size_t n, Real* sum) {
    for (; i + tail_lanes <= n; i += tail_lanes)
        for (std::size_t k = 0; k < tail_lanes; ++k) sum[k] += term(i + k);
    for (std::size_t k = 0; i + k < n; ++k) sum[k] += term(i + k);
}

template <class Real, class Term>
static inline Real sum_of(const Term& term, std::size_t n) {
    if (n < lanes) {  // the same sums without the lanes that stay 0
        Real sum[tail_lanes] = {};
        add_tail(term, 0, n, sum);
        return reduce<tail_lanes>(sum);
    }
    Real sum[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes)
        for (std::size_t k = 0; k < lanes; ++k) sum[k] += term(i + k);
    add_tail(term, i, n, sum);
    return reduce<lanes>(sum);
}

static double dot(const double* a, const double* b, std::size_t n) {
    return sum_of<double>(Product<double, double>{a, b}, n);
}
static float dot_single(const float* a, const float* b, std::size_t n) {
    return sum_of<float>(Product<float, float>{a, b}, n);
}
static double dot_mixed(const float* a, const double* b, std::size_t n) {
    return sum_of<double>(Product<double, float>{a, b}, n);
}

// One more term a (hi + lo) for each of `count` lanes. What the sums lose, to the last bit, goes into the corrections,
// which are small enough to be summed as they are (Ogita, Rump and Oishi 2005).
template <std::size_t count>
static inline void add_accurately(const double* a, const double* hi, const double* lo, double* sum,
                                  double* correction) {
    for (std::size_t k = 0; k < count; ++k) {
        const double product = a[k] * hi[k], before = sum[k], after = before + product, part = after - before;
        const double lost = (before - (after - part)) + (product - part);
        correction[k] += lost + (__builtin_fma(a[k], hi[k], -product) + a[k] * lo[k]);
        sum[k] = after;
    }
}

static double dot_accurate(const double* a, const double* hi, const double* lo, std::size_t n, double* low) {
    double sum[lanes] = {}, correction[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes) add_accurately<lanes>(a + i, hi + i, lo + i, sum, correction);
    for (; i + tail_lanes <= n; i += tail_lanes) add_accurately<tail_lanes>(a + i, hi + i, lo + i, sum, correction);
    for (std::size_t k = 0; i + k < n; ++k)
        add_accurately<1>(a + i + k, hi + i + k, lo + i + k, sum + k, correction + k);
    for (std::size_t width = (n < lanes ? tail_lanes : lanes) / 2; width > 0; width /= 2)
        for (std::size_t k = 0; k < width; ++k) {
            const double one = sum[k], other = sum[k + width], both = one + other, part = both - one;
            correction[k] = (correction[k] + correction[k + width]) + ((one - (both - part)) + (other - part));
            sum[k] = both;
        }
    *low = correction[0];
    return sum[0];
}

static double squared_distance(const double* a, const double* b, std::size_t n) {
    return sum_of<double>(SquaredDifference<double>{a, b}, n);
}
static float squared_distance_single(const float* a, const float* b, std::size_t n) {
    return sum_of<float>(SquaredDifference<float>{a, b}, n);
}

// Terms of a half-space in a box, see Kernels. Where a cap is infinite, what is not chosen may be no number.
struct FullSteps {
    const double *sizes, *caps;
    double price;
    double operator()(std::size_t i) const { return price * sizes[i] >= caps[i] ? sizes[i] * caps[i] : 0.0; }
};
struct FreeSteps {
    const double *sizes, *caps;
    double price;
    double operator()(std::size_t i) const { return price * sizes[i] >= caps[i] ? 0.0 : sizes[i] * sizes[i]; }
};
struct StepHarm {
    const double *sizes, *caps;
    double price;
    double operator()(std::size_t i) const {
        const double step = price * sizes[i], cap = caps[i];
        return step <= cap ? 0.5 * step * step : cap * (step - 0.5 * cap);
    }
};

static double box_gain(const double* sizes, const double* caps, double price, std::size_t n) {
    return sum_of<double>(FullSteps{sizes, caps, price}, n);
}
static double box_slope(const double* sizes, const double* caps, double price, std::size_t n) {
    return sum_of<double>(FreeSteps{sizes, caps, price}, n);
}
static double box_harm(const double* sizes, const double* caps, double price, std::size_t n) {
    return sum_of<double>(StepHarm{sizes, caps, price}, n);
}
template <std::size_t count>
static inline void add_sides(const double* normal, const double* below, const double* above, double* sizes,
                             double* caps, double* largest) {
    for (std::size_t k = 0; k < count; ++k) {
        const double cap = normal[k] > 0.0 ? above[k] : below[k], size = normal[k] > 0.0 ? normal[k] : 0.0 - normal[k];
        const double moved = cap > 0.0 ? size : 0.0;
        caps[k] = cap;
        sizes[k] = moved;
        largest[k] = moved > largest[k] ? moved : largest[k];
    }
}
static double box_sides(const double* normal, const double* below, const double* above, std::size_t n, double* sizes,
                        double* caps) {
    double largest[tail_lanes] = {};
    std::size_t i = 0;
    for (; i + tail_lanes <= n; i += tail_lanes)
        add_sides<tail_lanes>(normal + i, below + i, above + i, sizes + i, caps + i, largest);
    for (; i < n; ++i) add_sides<1>(normal + i, below + i, above + i, sizes + i, caps + i, largest);
    for (std::size_t k = 1; k < tail_lanes; ++k) largest[0] = largest[k] > largest[0] ? largest[k] : largest[0];
    return largest[0];
}

static void axpy(double alpha, const double* x, double* y, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) y[i] += alpha * x[i];
}

// what a block of a long array holds is looked at only where a branch-free pass over it found something
constexpr std::size_t scan = 64;

static std::size_t next_within(const float* value, const float* blur, float reach, float limit, std::size_t first,
                               std::size_t n) {
    for (std::size_t i = first; i < n;) {
        const std::size_t end = n - i < scan ? n : i + scan;
        int found = 0;
        for (std::size_t k = i; k < end; ++k) found |= !(value[k] - blur[k] * (reach + blur[k]) > limit);
        if (found)
            for (std::size_t k = i; k < end; ++k)
                if (!(value[k] - blur[k] * (reach + blur[k]) > limit)) return k;
        i = end;
    }
    return n;
}

static std::size_t next_at_most(const float* value, float limit, std::size_t first, std::size_t n) {
    for (std::size_t i = first; i < n;) {
        const std::size_t end = n - i < scan ? n : i + scan;
        int found = 0;
        for (std::size_t k = i; k < end; ++k) found |= value[k] <= limit;
        if (found)
            for (std::size_t k = i; k < end; ++k)
                if (value[k] <= limit) return k;
        i = end;
    }
    return n;
}

static void bound_ratios(const RatioBounds& b, float* out, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        const float gap = b.distance[i] - b.distance_blur[i] * (b.distance_reach + b.distance_blur[i]) - b.subtracted;
        const float square = b.square_base + (b.square[i] + b.square_blur[i] * (b.square_reach + b.square_blur[i]));
        const float length = ROBUST_METRIC_SQRTF(square > 0.0f ? square : 0.0f) + b.added;
        const float ratio = gap / (2.0f * length) * (1.0f - 0x1p-16f);
        // not a number, in either, means that nothing is known
        out[i] = gap > 0.0f && square >= 0.0f && ratio >= 0.0f ? ratio : 0.0f;
    }
}

#include "base/leaf_kernels_body.inl"
#include "base/panel_kernels_body.inl"

static const Kernels table = {dot,
                              dot_single,
                              dot_mixed,
                              dot_accurate,
                              squared_distance,
                              squared_distance_single,
                              box_gain,
                              box_slope,
                              box_harm,
                              box_sides,
                              axpy,
                              next_within,
                              next_at_most,
                              bound_ratios,
                              leaf_minima,
                              leaf_values,
                              leaf_at_most,
                              leaf_minimum,
                              box_distances,
                              pairs_beyond,
                              pairs_within,
                              panel_single,
                              panel_double,
                              panel_vectors* ROBUST_METRIC_VECTOR_BYTES};
