// Included once per instruction set by kernels.cpp, after kernels_body.inl, whose rules hold here as well. Sums of
// products of six rows with the columns of a panel, each in the order of its terms: in float32, where results are for
// filters and learners alone, fused where the set can.

constexpr std::size_t panel_vectors = ROBUST_METRIC_VECTOR_BYTES == 64 ? 4 : 2;

#ifdef __GNUC__
template <class Real>
struct PanelVector {
    typedef Real Type __attribute__((vector_size(ROBUST_METRIC_VECTOR_BYTES)));
};
static inline void add_scaled(float factor, const PanelVector<float>::Type& b, PanelVector<float>::Type& sum) {
#if ROBUST_METRIC_VECTOR_BYTES == 64
    sum = _mm512_fmadd_ps(_mm512_set1_ps(factor), b, sum);
#elif ROBUST_METRIC_VECTOR_BYTES == 32
    sum = _mm256_fmadd_ps(_mm256_set1_ps(factor), b, sum);
#else
    sum = sum + factor * b;
#endif
}
static inline void add_scaled(double factor, const PanelVector<double>::Type& b, PanelVector<double>::Type& sum) {
    sum = sum + factor * b;
}

template <class Real>
static inline void panel_product(const Real* const* rows, std::size_t step, const Real* panel, std::size_t depth,
                                 Real* out) {
    using Vector = typename PanelVector<Real>::Type;
    constexpr std::size_t lanes_each = sizeof(Vector) / sizeof(Real), width = panel_vectors * lanes_each;
    Vector sums[panel_rows][panel_vectors] = {};
    for (std::size_t l = 0; l < depth; ++l) {
        Vector b[panel_vectors];
        for (std::size_t v = 0; v < panel_vectors; ++v)
            ROBUST_METRIC_MEMCPY(&b[v], panel + l * width + v * lanes_each, sizeof(Vector));
        for (std::size_t r = 0; r < panel_rows; ++r) {
            const Real factor = rows[r][l * step];
            for (std::size_t v = 0; v < panel_vectors; ++v) add_scaled(factor, b[v], sums[r][v]);
        }
    }
    ROBUST_METRIC_MEMCPY(out, sums, sizeof sums);
}
#else
template <class Real>
static inline void panel_product(const Real* const* rows, std::size_t step, const Real* panel, std::size_t depth,
                                 Real* out) {
    constexpr std::size_t width = panel_vectors * ROBUST_METRIC_VECTOR_BYTES / sizeof(Real);
    for (std::size_t i = 0; i < panel_rows * width; ++i) out[i] = 0;
    for (std::size_t l = 0; l < depth; ++l)
        for (std::size_t r = 0; r < panel_rows; ++r)
            for (std::size_t w = 0; w < width; ++w) out[r * width + w] += rows[r][l * step] * panel[l * width + w];
}
#endif

static void panel_single(const float* const* rows, std::size_t step, const float* panel, std::size_t depth,
                         float* out) {
    panel_product<float>(rows, step, panel, depth, out);
}
static void panel_double(const double* const* rows, std::size_t step, const double* panel, std::size_t depth,
                         double* out) {
    panel_product<double>(rows, step, panel, depth, out);
}
