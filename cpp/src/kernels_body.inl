// Included once per instruction set by kernels.cpp, inside a namespace and a target region of its own.
// Nothing here may call inline code from a header: it would be compiled for this instruction set
// and then shared with code that must run on older CPUs.

constexpr std::size_t lanes = 32;

template <class Real>
static inline Real reduce(Real* sum) {
    for (std::size_t width = lanes / 2; width > 0; width /= 2)
        for (std::size_t k = 0; k < width; ++k) sum[k] += sum[k + width];
    return sum[0];
}

template <class Real, class RealB>
static inline Real dot_product(const RealB* a, const Real* b, std::size_t n) {
    Real sum[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes)
        for (std::size_t k = 0; k < lanes; ++k) sum[k] += a[i + k] * b[i + k];
    for (; i + 8 <= n; i += 8)
        for (std::size_t k = 0; k < 8; ++k) sum[k] += a[i + k] * b[i + k];
    for (std::size_t k = 0; i + k < n; ++k) sum[k] += a[i + k] * b[i + k];
    return reduce(sum);
}

template <class Real>
static inline Real sum_of_squared_differences(const Real* a, const Real* b, std::size_t n) {
    Real sum[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes)
        for (std::size_t k = 0; k < lanes; ++k) {
            const Real difference = a[i + k] - b[i + k];
            sum[k] += difference * difference;
        }
    for (; i + 8 <= n; i += 8)
        for (std::size_t k = 0; k < 8; ++k) {
            const Real difference = a[i + k] - b[i + k];
            sum[k] += difference * difference;
        }
    for (std::size_t k = 0; i + k < n; ++k) {
        const Real difference = a[i + k] - b[i + k];
        sum[k] += difference * difference;
    }
    return reduce(sum);
}

static double dot(const double* a, const double* b, std::size_t n) { return dot_product(a, b, n); }
static float dot_single(const float* a, const float* b, std::size_t n) { return dot_product(a, b, n); }
static double dot_mixed(const float* a, const double* b, std::size_t n) { return dot_product(a, b, n); }

static double squared_distance(const double* a, const double* b, std::size_t n) {
    return sum_of_squared_differences(a, b, n);
}
static float squared_distance_single(const float* a, const float* b, std::size_t n) {
    return sum_of_squared_differences(a, b, n);
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
        const float length = __builtin_sqrtf(square > 0.0f ? square : 0.0f) + b.added;
        const float ratio = gap / (2.0f * length) * (1.0f - 0x1p-16f);
        // not a number, in either, means that nothing is known
        out[i] = gap > 0.0f && square >= 0.0f && ratio >= 0.0f ? ratio : 0.0f;
    }
}

static const Kernels table = {dot,  dot_single,  dot_mixed,    squared_distance, squared_distance_single,
                              axpy, next_within, next_at_most, bound_ratios};
