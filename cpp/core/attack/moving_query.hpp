// A query that an attack moves, among the training points: which are nearest to it, and in which direction an order of
// two distances changes. Plain float64 for searches; nothing certified depends on it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/parallel.hpp"
#include "data/prepared_set.hpp"

namespace robust_metric {

// L̂x̂ for every training point, centred and scaled (see PreparedSet).
class MappedRows {
public:
    // training must outlive this object
    MappedRows(const PreparedSet& training, const Execution& execution);

    const PreparedSet& training() const { return *training_; }
    const double* row(std::size_t position) const { return rows_.data() + position * width_; }
    std::size_t width() const { return width_; }
    // the same of any point; d values in the caller's units
    void map(const double* point, std::vector<double>& out) const;
    // L̂δ̂ of a scaled step
    void map_step(std::span<const double> step, std::vector<double>& out) const;
    // M̂(a - b) for two training points: d values
    void normal(std::size_t a, std::size_t b, std::vector<double>& out) const;

private:
    void centre(const double* point, double* out) const;

    const PreparedSet* training_;
    std::size_t width_;
    std::vector<double> center_, rows_;
};

class MovingQuery {
public:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);
    using Positions = std::vector<std::size_t>;

    // rows must outlive this object
    explicit MovingQuery(const MappedRows& rows) : rows_(&rows) {}

    // Starts at z, whose class is label.
    void start(const double* point, int label);

    // Positions by their distance from z, nearest first.
    const Positions& own() const { return own_; }
    const Positions& others() const { return others_; }
    const Positions& of_class(int c) const { return of_class_[static_cast<std::size_t>(c)]; }
    // scaled d(z, x)
    double start_distance(std::size_t position) const { return start_distance_[position]; }

    // To z + δ of a scaled step, or half-way from z to a training point; `at` starts over from z.
    void move(std::span<const double> step);
    void move_halfway_to(std::size_t position);

    // From where the query is now; scaled.
    double distance(std::size_t position) const;
    // The count points of one of the lists above that are nearest, nearest first.
    Positions nearest(const Positions& sorted, std::size_t count) const;
    // The nearest one that is neither excluded nor of class `skipped`; position none if there is none.
    struct Nearest {
        std::size_t position;
        double distance;
    };
    Nearest nearest_outside(const Positions& sorted, std::span<const std::size_t> excluded, int skipped) const;

private:
    const MappedRows* rows_;
    std::vector<double> start_, at_, start_distance_;
    double moved_ = 0.0;  // how far, as the metric sees it
    Positions own_, others_;
    std::vector<Positions> of_class_;
};

inline bool contains(std::span<const std::size_t> set, std::size_t x) {
    for (const std::size_t y : set)
        if (x == y) return true;
    return false;
}

}  // namespace robust_metric
