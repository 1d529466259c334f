#include "robust_metric/model.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <system_error>

#include "base/arguments.hpp"
#include "model/model_file.hpp"
#include "robust_metric/certify.hpp"
#include "robust_metric/predict.hpp"

namespace robust_metric {

namespace {

std::unique_ptr<const ModelParts> checked(ModelParts parts) {
    check_parts(parts);
    return std::make_unique<const ModelParts>(std::move(parts));
}

TrainingSet prepare(const ModelParts& parts, const Execution& execution) {
    const std::size_t d = parts.n_features, rank = parts.components.size() / d;
    Threat threat(parts.norm, d, parts.cost, parts.lower, parts.upper);
    const MatrixView components = rank > 0 ? MatrixView(parts.components.data(), rank, d) : MatrixView();
    return {parts.view(), parts.labels, static_cast<int>(parts.classes.size()),
            components,   execution,    std::move(threat)};
}

// Queries in the box: the caller's own, or moved copies.
class Admitted {
public:
    Admitted(const ModelParts& parts, MatrixView queries) : view_(queries) {
        if (!parts.clip_queries || parts.lower.empty()) return;
        check_columns("queries", queries, parts.n_features);
        check_values("queries", queries);
        for (std::size_t i = 0; i < queries.rows(); ++i)
            for (std::size_t j = 0; j < queries.cols(); ++j)
                moved_.push_back(std::min(std::max(queries(i, j), parts.lower[j]), parts.upper[j]));
        view_ = {moved_.data(), queries.rows(), queries.cols()};
    }
    MatrixView view() const { return view_; }

private:
    MatrixView view_;
    std::vector<double> moved_;
};

// What a file's own bytes may have got into: readable everywhere, and short.
std::string printable(std::string text) {
    text.resize(std::min<std::size_t>(text.size(), 300));
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return text;
}

std::vector<unsigned char> read_file(const std::string& path) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored))
        throw ModelFileError("path must name a file, got the folder " + path);
    std::ifstream stream(path, std::ios::binary | std::ios::ate);
    if (!stream) throw ModelFileError("path must name an existing model, got " + path);
    const auto size = static_cast<std::streamoff>(stream.tellg());
    if (size < 0) throw ModelFileError("path must name a file, got " + path);
    std::vector<unsigned char> bytes(static_cast<std::size_t>(size));
    stream.seekg(0);
    stream.read(reinterpret_cast<char*>(bytes.data()), size);
    if (!stream) throw ModelFileError("path must name a file that can be read, got " + path);
    return bytes;
}

// A file beside another that is gone again unless it took the other's place.
class Replacement {
public:
    explicit Replacement(const std::string& path)
        : path_(path), beside_(path + "." + std::to_string(std::random_device()()) + ".tmp") {}
    ~Replacement() {
        std::error_code ignored;
        if (!done_) std::filesystem::remove(beside_, ignored);
    }
    Replacement(const Replacement&) = delete;
    Replacement& operator=(const Replacement&) = delete;

    void write(const std::vector<unsigned char>& bytes) {
        std::ofstream stream(beside_, std::ios::binary);
        stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        stream.close();
        if (!stream) throw ModelFileError("path must name a file that can be written, got " + path_);
        std::error_code error;
        std::filesystem::rename(beside_, path_, error);
        if (error)
            throw ModelFileError("path must name a file that can be replaced, got " + path_ + ": " + error.message());
        done_ = true;
    }

private:
    std::string path_, beside_;
    bool done_ = false;
};

}  // namespace

Points ModelParts::view() const {
    if (!single_points.empty()) return FloatMatrixView(single_points.data(), size(), n_features);
    return MatrixView(points.data(), size(), n_features);
}

Model::Model(ModelParts parts, const Execution& execution)
    : parts_(checked(std::move(parts))), training_(prepare(*parts_, execution)) {}

Model Model::load(const std::string& path, const Execution& execution) {
    const std::vector<unsigned char> file = read_file(path);
    try {
        return Model(unpack_model(file), execution);
    } catch (const Interrupted&) {
        throw;
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception& error) {
        throw ModelFileError("path must name an intact model, got " + path + ": " + printable(error.what()));
    }
}

void Model::save(const std::string& path) const { Replacement(path).write(pack_model(parts())); }

void Model::apply_scaling(MatrixView queries, MutableMatrixView scaled) const {
    check_columns("queries", queries, dimension());
    check_columns("scaled", scaled, dimension());
    if (scaled.rows() != queries.rows())
        refuse("scaled", "have " + std::to_string(queries.rows()) + " rows, one per query",
               std::to_string(scaled.rows()));
    const bool as_it_is = parts_->scaling_scale.empty();
    for (std::size_t i = 0; i < queries.rows(); ++i)
        for (std::size_t j = 0; j < dimension(); ++j)
            scaled(i, j) =
                as_it_is ? queries(i, j) : (queries(i, j) - parts_->scaling_offset[j]) / parts_->scaling_scale[j];
}

void Model::predict(MatrixView queries, std::span<std::int32_t> labels, const Execution& execution) const {
    robust_metric::predict(training_, queries, k(), execution, labels);
}

void Model::certified_radii(MatrixView queries, std::span<const std::int32_t> truth, std::span<double> radii,
                            std::span<std::int32_t> labels, std::span<Evidence> evidence,
                            const Execution& execution) const {
    const Admitted admitted(parts(), queries);
    robust_metric::certified_radii(training_, admitted.view(), truth, k(), execution, radii, labels, evidence);
}

void Model::minimal_perturbations(MatrixView queries, std::span<const std::int32_t> truth, double time_limit,
                                  std::span<MinimalPerturbation> results, MutableMatrixView perturbations,
                                  std::span<Evidence> evidence, WitnessRounding witness_rounding,
                                  const Execution& execution) const {
    const Admitted admitted(parts(), queries);
    robust_metric::minimal_perturbations(training_, admitted.view(), truth, k(), time_limit, execution, results,
                                         perturbations, evidence, witness_rounding);
}

}  // namespace robust_metric
