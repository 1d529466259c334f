// What a BLAS needs around each product that it does not see to itself: memory that is there, and no fork meanwhile.
//
// OpenBLAS maps tens of megabytes for each product that runs at the same time and keeps them for later ones. Where the
// system refuses, it tries again for ever. And it takes locks that a child forked at that moment would find taken.
#pragma once

namespace robust_metric::blas {

// Brackets one product. As many run at once as the system has memory for; a further one waits.
class Product {
public:
    // Throws std::bad_alloc where there is no memory for even one. Waits while the process forks.
    Product();
    ~Product();
    Product(const Product&) = delete;
    Product& operator=(const Product&) = delete;

private:
    bool first_of_its_number_;  // so many were never in use together: this one holds the lock to its end
    unsigned long ended_before_ = 0;
};

// From now on a fork waits until no product runs, and its child starts with none. Once is enough.
void hold_products_across_forks() noexcept;

}  // namespace robust_metric::blas
