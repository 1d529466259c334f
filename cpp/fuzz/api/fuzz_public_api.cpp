// Every public function with arguments that fit, and with ones that do not: sizes off by some, strides, null pointers,
// NaN, infinities, numbers without end, classes and k out of range. A call answers or throws std::invalid_argument;
// nothing is written beyond what was handed over (AddressSanitizer looks after that), and what was refused is
// untouched.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "bytes.hpp"
#include "robust_metric/robust_metric.hpp"

using namespace robust_metric;
using robust_metric::fuzz::Bytes;
using robust_metric::fuzz::require;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
unsigned long long calls = 0, refused = 0;

struct Report {
    ~Report() { std::fprintf(stderr, "public API: %llu calls, %llu of them refused\n", calls, refused); }
};
const Report report;

class Caller {
public:
    explicit Caller(Bytes& bytes) : bytes_(bytes) {}

    // one time in so many
    bool rarely(unsigned times) { return bytes_.byte() % times == 0; }
    std::size_t size(std::size_t right) { return rarely(40) ? bytes_.between(0, 6) : right; }

    double number() {
        if (!rarely(250)) return bytes_.number();
        constexpr double awkward[] = {
            infinity, -infinity, std::numeric_limits<double>::quiet_NaN(), 1e300, 1.7e308, 5e-324, 1e-300, -0.0};
        return awkward[bytes_.byte() % std::size(awkward)];
    }

    template <class T>
    std::vector<T> numbers(std::size_t count) {
        std::vector<T> values(count);
        for (T& value : values) value = static_cast<T>(number());
        return values;
    }

    std::vector<std::int32_t> labels(std::size_t count, int classes) {
        std::vector<std::int32_t> values(count);
        for (std::int32_t& value : values) {
            value = static_cast<std::int32_t>(bytes_.byte() % static_cast<unsigned>(std::max(classes, 1)));
            if (rarely(200)) value = bytes_.byte() - 128;
        }
        return values;
    }

    // Rows of a buffer that is as large as the view says, unless the view is to be refused.
    template <class T>
    BasicMatrixView<T> view(std::vector<T>& values, std::size_t rows, std::size_t cols) {
        const std::size_t stride = rarely(40) ? bytes_.between(0, 5) : cols;
        values.resize(rows * std::max(stride, cols));
        if (rarely(200)) return {nullptr, rows, cols, stride};
        return {values.data(), rows, cols, stride};
    }

    template <class Call>
    void call(Call function) {
        ++calls;
        try {
            function();
        } catch (const std::invalid_argument& error) {
            ++refused;
            require(std::string(error.what()).find(", got ") != std::string::npos, "a refusal says what it got");
        } catch (const Interrupted&) {
        }
    }

    Execution execution() {
        Execution how{static_cast<int>(bytes_.between(1, 2)), {}};
        if (rarely(30)) how.num_threads = static_cast<int>(bytes_.byte()) - 200;
        if (rarely(30)) how.keep_going = [](std::size_t) { return false; };
        return how;
    }

    Threat threat(std::size_t d) {
        const auto norm = static_cast<Norm>(rarely(30) ? 7 : bytes_.between(0, 2));
        std::vector<double> cost = numbers<double>(rarely(3) ? size(d) : 0), lower, upper;
        for (double& value : cost) value = std::fabs(value);
        if (rarely(3)) {
            lower = numbers<double>(size(d));
            upper = numbers<double>(size(d));
            for (std::size_t j = 0; j < std::min(lower.size(), upper.size()); ++j)
                if (lower[j] > upper[j] && !rarely(20)) std::swap(lower[j], upper[j]);
        }
        return {norm, size(d), cost, lower, upper};
    }

    Bytes& bytes_;
};

class Session {
public:
    explicit Session(Bytes& bytes) : bytes_(bytes), caller_(bytes), d_(bytes.between(1, 4)), n_(bytes.between(1, 9)) {}

    void run() {
        caller_.call([&] { make(); });
        if (training_.empty()) return;
        for (int i = 0; i < 6; ++i) ask();
    }

private:
    void make() {
        const int classes = caller_.rarely(40) ? bytes_.byte() - 200 : static_cast<int>(bytes_.between(1, 4));
        labels_ = caller_.labels(caller_.size(n_), classes);
        doubles_ = caller_.numbers<double>(n_ * d_);
        singles_ = caller_.numbers<float>(n_ * d_);
        const bool single = caller_.rarely(3);
        const Points points = single ? Points(FloatMatrixView(caller_.view(singles_, n_, d_)))
                                     : Points(MatrixView(caller_.view(doubles_, n_, d_)));
        const std::size_t rank = bytes_.between(0, 3), columns = caller_.size(d_);
        components_ = caller_.numbers<double>(rank * columns);
        const MatrixView components = rank > 0 ? MatrixView(caller_.view(components_, rank, columns)) : MatrixView();
        Threat threat = caller_.rarely(2) ? caller_.threat(d_) : Threat();
        training_.emplace_back(points, labels_, classes, components, caller_.execution(), std::move(threat));
        if (caller_.rarely(100)) const TrainingSet moved = std::move(training_.front());
    }

    void ask() {
        const std::size_t m = bytes_.between(0, 3);
        std::vector<double> rows = caller_.numbers<double>(m * d_);
        const MatrixView queries = caller_.view(rows, m, caller_.rarely(20) ? bytes_.between(0, 5) : d_);
        const std::size_t k =
            caller_.rarely(20) ? bytes_.byte() * std::size_t{0x0101010101010101} : bytes_.between(1, n_);
        const std::vector<std::int32_t> truth = caller_.labels(caller_.rarely(2) ? 0 : caller_.size(m), 4);
        std::vector<Evidence> evidence(caller_.rarely(2) ? 0 : caller_.size(m));
        std::vector<double> radii(caller_.size(m), -1.0);
        std::vector<std::int32_t> found(caller_.size(m), -1);
        const Execution execution = caller_.execution();
        const TrainingSet& training = training_.front();
        switch (bytes_.byte() % 6) {
            case 0:
                return caller_.call([&] { predict(training, queries, k, execution, found); });
            case 1:
                return neighbors(queries, k, execution);
            case 2:
                return caller_.call([&] { shard(queries, k, execution, radii); });
            case 3:
                return caller_.call([&] { search(queries, truth, k, execution, evidence); });
            default:
                return caller_.call(
                    [&] { certified_radii(training, queries, truth, k, execution, radii, found, evidence); });
        }
    }

    void neighbors(MatrixView queries, std::size_t k, const Execution& execution) {
        const std::size_t m = queries.rows(), few = k % 16;
        std::vector<std::int64_t> indices(caller_.rarely(30) ? bytes_.byte() : m * few);
        std::vector<double> distances(caller_.rarely(2) ? 0 : caller_.rarely(30) ? bytes_.byte() : m * few);
        caller_.call([&] { kneighbors(training_.front(), queries, k, execution, indices, distances); });
    }

    void shard(MatrixView queries, std::size_t k, const Execution& execution, std::span<double> radii) {
        std::vector<std::vector<std::int64_t>> support(caller_.size(queries.rows()));
        const auto labels = caller_.labels(caller_.size(queries.rows()), 4);
        radius_support(training_.front(), queries, labels, k, execution, radii, support);
    }

    void search(MatrixView queries, std::span<const std::int32_t> truth, std::size_t k, const Execution& execution,
                std::span<Evidence> evidence) {
        std::vector<MinimalPerturbation> results(caller_.size(queries.rows()));
        std::vector<double> steps;
        const MutableMatrixView perturbations = caller_.view(steps, caller_.size(queries.rows()), caller_.size(d_));
        WitnessRounding rounding;
        if (caller_.rarely(4)) rounding.kind = static_cast<WitnessRounding::Kind>(bytes_.byte() % 4);
        if (caller_.rarely(4)) rounding.decimals = bytes_.byte() - 128;
        const double limit = caller_.rarely(20) ? caller_.number() : 0.01;
        minimal_perturbations(training_.front(), queries, truth, k, limit, execution, results, perturbations, evidence,
                              rounding);
    }

    Bytes& bytes_;
    Caller caller_;
    std::size_t d_, n_;
    std::vector<double> doubles_, components_;
    std::vector<float> singles_;
    std::vector<std::int32_t> labels_;
    std::vector<TrainingSet> training_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes(data, size);
    Session(bytes).run();
    return 0;
}
