// Included once per instruction set by kernels.cpp, inside a namespace and a target region of its own.
// Nothing here may call inline code from a header: it would be compiled for this instruction set
// and then shared with code that must run on older CPUs.

constexpr std::size_t lanes = 32;

static inline double reduce(double* sum) {
    for (std::size_t width = lanes / 2; width > 0; width /= 2)
        for (std::size_t k = 0; k < width; ++k) sum[k] += sum[k + width];
    return sum[0];
}

static double dot(const double* a, const double* b, std::size_t n) {
    double sum[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes)
        for (std::size_t k = 0; k < lanes; ++k) sum[k] += a[i + k] * b[i + k];
    for (; i + 8 <= n; i += 8)
        for (std::size_t k = 0; k < 8; ++k) sum[k] += a[i + k] * b[i + k];
    for (std::size_t k = 0; i + k < n; ++k) sum[k] += a[i + k] * b[i + k];
    return reduce(sum);
}

static double squared_distance(const double* a, const double* b, std::size_t n) {
    double sum[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes)
        for (std::size_t k = 0; k < lanes; ++k) {
            const double difference = a[i + k] - b[i + k];
            sum[k] += difference * difference;
        }
    for (; i + 8 <= n; i += 8)
        for (std::size_t k = 0; k < 8; ++k) {
            const double difference = a[i + k] - b[i + k];
            sum[k] += difference * difference;
        }
    for (std::size_t k = 0; i + k < n; ++k) {
        const double difference = a[i + k] - b[i + k];
        sum[k] += difference * difference;
    }
    return reduce(sum);
}

static void axpy(double alpha, const double* x, double* y, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) y[i] += alpha * x[i];
}

static const Kernels table = {dot, squared_distance, axpy};
