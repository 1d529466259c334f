// How training sets made in a scope find near points: "none", "scan", "tree" or "cascade", whatever would pay.
#pragma once

#include <cstdlib>
#include <string>

namespace robust_metric::tests {

class ForcedLeaves {
public:
    explicit ForcedLeaves(const std::string& kind) { set(kind); }
    ~ForcedLeaves() { set(""); }
    ForcedLeaves(const ForcedLeaves&) = delete;
    ForcedLeaves& operator=(const ForcedLeaves&) = delete;

private:
    static void set(const std::string& kind) {
#ifdef _WIN32
        _putenv_s("ROBUST_METRIC_LEAVES", kind.c_str());
#else
        setenv("ROBUST_METRIC_LEAVES", kind.c_str(), 1);
#endif
    }
};

}  // namespace robust_metric::tests
