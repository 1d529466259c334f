// What is decided about points in the cell that is being worked on: lists for going through them, a mark for each.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "search/vote/cell.hpp"

namespace robust_metric {

class Decided {
public:
    using Id = CellPoints::Id;
    // entering and excluded: points of other classes; allowed and beaten: of the own class, which may stay nearer than
    // what enters, or may not
    struct Sets {
        std::vector<Id> entering, allowed, beaten, excluded;
    };
    enum class Mark : std::uint8_t { free, entering, allowed, beaten, excluded };
    // Whom the entering points have to beat, of the own class and of the others.
    struct Rule {
        std::size_t spare = 0;      // own-class points that may stay beside the allowed ones; with none all others
                                    // are beaten, else the `beaten` ones only
        bool complete = false;      // no further point enters: all that do not are beaten, else the `excluded` ones
        bool nearest_stay = false;  // the `spare` own-class points nearest at the moment stay, all others are beaten
    };

    // Nothing is decided about `points` points.
    void start(std::size_t points) {
        sets_ = {};
        rule_ = {};
        marks_.assign(points, Mark::free);
    }
    // Decides this instead of what was decided; ids up to `points` are known from now on.
    void decide(Sets sets, Rule rule, std::size_t points) {
        clear();
        marks_.resize(points, Mark::free);
        sets_ = std::move(sets);
        rule_ = rule;
        mark(sets_.excluded, Mark::excluded);
        mark(sets_.beaten, Mark::beaten);
        mark(sets_.allowed, Mark::allowed);
        mark(sets_.entering, Mark::entering);
    }
    void clear() {
        for (const auto* ids : {&sets_.excluded, &sets_.beaten, &sets_.allowed, &sets_.entering})
            mark(*ids, Mark::free);
        sets_ = {};
    }
    // One of the spare own-class points is this one.
    void allow(Id own) {
        --rule_.spare;
        marks_[own] = Mark::allowed;
        sets_.allowed.push_back(own);
    }

    const Sets& sets() const { return sets_; }
    const std::vector<Id>& entering() const { return sets_.entering; }
    const Rule& rule() const { return rule_; }
    std::size_t spare() const { return rule_.spare; }
    Mark mark(Id id) const { return marks_[id]; }
    bool is(Id id, Mark mark) const { return marks_[id] == mark; }

private:
    void mark(const std::vector<Id>& ids, Mark value) {
        for (const Id id : ids) marks_[id] = value;
    }

    Sets sets_;
    Rule rule_;
    std::vector<Mark> marks_;
};

}  // namespace robust_metric
