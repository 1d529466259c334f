// Witnesses to the last bit, where plain steps stop short of them: bisected towards the query, and rounded to numbers
// with few digits, at which distances between points with few digits are equal exactly.
#pragma once

#include <span>
#include <vector>

#include "base/deadline.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "search/witness.hpp"

namespace robust_metric {

// Bisects the segment from query + start to the witness, if there is one, down to neighbouring floats, as far as there
// is time. start in the caller's units; the query itself where it is empty.
void shrink_witness(Witness& witness, const Deadline& deadline, std::span<const double> start = {});

// Tries query + step with its coordinates rounded, more and more coarsely, to binary and decimal fractions. query and
// step in the caller's units. True where the class differs somewhere.
bool try_rounded(Witness& witness, const double* query, std::span<const double> step);

// Tries query + step and the floats around it in the coordinates that are free: all of them where these are few, else
// those along one coordinate and those to which all move alike. Where numbers have all digits that float64 has, an
// exact tie may be at one of these alone. True where the class differs somewhere.
bool try_floats_around(Witness& witness, const double* query, std::span<const double> step,
                       std::span<const std::size_t> free);

// For a witness that is to survive rounding: steps from `from`, the step of one that does not, towards a training
// point. True where the class differs, on the way as early as it does.
bool survive_towards(Witness& witness, const double* query, std::span<const double> from, const double* target);

// The same for points whose class is one for a witness, those that are nearest to the query, until one leads to a
// witness.
void survive_anywhere(Witness& witness, const PreparedSet& training, const Query& query, std::span<const double> from);

}  // namespace robust_metric
