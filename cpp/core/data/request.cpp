#include "data/request.hpp"

#include <limits>
#include <string>

namespace robust_metric {

namespace {

void check_range(const char* name, std::span<const std::int32_t> labels, int classes) {
    for (const std::int32_t label : labels)
        if (label < 0 || label >= classes)
            refuse(name, "lie in [0, " + std::to_string(classes) + ")", std::to_string(label));
}

}  // namespace

void check_training(const Points& points, std::span<const std::int32_t> labels, int classes, MatrixView components,
                    const Execution& execution) {
    check_execution(execution);
    if (points.rows() == 0 || points.cols() == 0)
        refuse("points", "have at least one row and one column",
               std::to_string(points.rows()) + " x " + std::to_string(points.cols()));
    if (points.rows() > std::numeric_limits<std::uint32_t>::max())
        refuse("points", "be fewer than 2^32", std::to_string(points.rows()));
    check_length("labels", labels, points.rows(), "one per training point");
    if (classes < 1) refuse("classes", "be at least 1", std::to_string(classes));
    check_range("labels", labels, classes);
    check_values("points", points);
    if (components.rows() == 0) return;
    check_columns("components", components, points.cols());
    check_values("components", components);
}

void check_request(const PreparedSet& training, MatrixView queries, std::size_t k, const Execution& execution,
                   std::span<const std::int32_t> truth) {
    check_execution(execution);
    check_columns("queries", queries, training.dimension());
    if (k < 1 || k > training.size())
        refuse("k", "be from 1 to the number of training points, " + std::to_string(training.size()),
               std::to_string(k));
    check_optional_output("truth", truth, queries);
    check_values("queries", queries);
}

void check_inside(const PreparedSet& training, MatrixView queries) {
    for (std::size_t i = 0; i < queries.rows(); ++i)
        if (!training.threat().holds({queries.row(i), queries.cols()}))
            refuse("queries", "lie within the bounds of the threat model", "one outside in row " + std::to_string(i));
}

void check_boxes(const PreparedSet& training, MatrixView queries, const QueryBoxes& boxes) {
    for (const MatrixView side : {boxes.lower, boxes.upper}) {
        check_columns("boxes", side, training.dimension());
        if (side.rows() != queries.rows())
            refuse("boxes", "have " + std::to_string(queries.rows()) + " rows, one per query",
                   std::to_string(side.rows()));
    }
    for (std::size_t i = 0; i < queries.rows(); ++i)
        for (std::size_t j = 0; j < queries.cols(); ++j)
            if (!(boxes.lower(i, j) <= queries(i, j) && queries(i, j) <= boxes.upper(i, j)))
                refuse("queries", "lie within their boxes", "one outside in row " + std::to_string(i));
}

void check_classes(const PreparedSet& training, MatrixView queries, std::span<const std::int32_t> labels) {
    check_output("labels", labels, queries);
    check_range("labels", labels, training.classes());
}

}  // namespace robust_metric
