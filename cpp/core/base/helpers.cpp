#include "base/helpers.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#define ROBUST_METRIC_FORKS 1
#endif

namespace robust_metric {

// One for the process, never destroyed: its threads may outlive everything else.
class Helpers {
public:
    static Helpers& current();

    void invite(Invitation& invitation) {
        const std::scoped_lock lock(mutex_);
        try {
            invitations_.push_back(&invitation);
        } catch (const std::bad_alloc&) {
            invitation.free_ = 0;
            return;
        }
        wanted_ += invitation.free_;
        while (idle_ < wanted_ && start()) {
        }
        for (int seat = 0; seat < invitation.free_; ++seat) comes_.notify_one();
    }

    bool ended(Invitation& invitation, std::chrono::milliseconds patience) {
        std::unique_lock lock(mutex_);
        withdraw(invitation);
        return invitation.left_.wait_for(lock, patience, [&] { return invitation.present_ == 0; });
    }

private:
    // Another thread that waits for invitations; false where the system has none.
    bool start() {
        try {
            std::thread([this] { serve(); }).detach();
        } catch (const std::system_error&) {
            return false;
        } catch (const std::bad_alloc&) {
            return false;
        }
        ++idle_;
        return true;
    }

    void withdraw(Invitation& invitation) {
        wanted_ -= invitation.free_;
        if (invitation.free_ > 0) invitations_.erase(std::find(invitations_.begin(), invitations_.end(), &invitation));
        invitation.free_ = 0;
    }

    [[noreturn]] void serve() {
        std::unique_lock lock(mutex_);
        for (;;) {
            comes_.wait(lock, [&] { return !invitations_.empty(); });
            Invitation& invitation = *invitations_.front();
            --idle_, --wanted_;
            if (--invitation.free_ == 0) invitations_.pop_front();
            ++invitation.present_;
            const int seat = ++invitation.taken_;
            lock.unlock();
            invitation.work_(seat);
            lock.lock();
            // under the lock: the invitation ends with its caller's next look
            if (--invitation.present_ == 0) invitation.left_.notify_one();
            ++idle_;
        }
    }

    std::mutex mutex_;
    std::condition_variable comes_;
    std::deque<Invitation*> invitations_;  // with free seats
    int wanted_ = 0, idle_ = 0;            // free seats; threads that have no work, those just started included
};

namespace {

std::atomic<Helpers*> of_process{nullptr};

#ifdef ROBUST_METRIC_FORKS
// A child has none of its parent's threads, and perhaps a mutex that one of them holds: it begins anew.
[[maybe_unused]] const int at_fork = pthread_atfork(nullptr, nullptr, [] { of_process.store(nullptr); });
#endif

}  // namespace

Helpers& Helpers::current() {
    Helpers* found = of_process.load();
    if (found) return *found;
    auto* made = new Helpers;
    if (of_process.compare_exchange_strong(found, made)) return *made;
    delete made;  // another thread was first, and this one has started nothing
    return *found;
}

Invitation::Invitation(int seats, const std::function<void(int)>& work)
    : helpers_(Helpers::current()), work_(work), free_(std::max(seats, 0)) {
    if (free_ > 0) helpers_.invite(*this);
}

Invitation::~Invitation() {
    while (!forked() && !ended(std::chrono::hours(1))) {
    }
}

bool Invitation::ended(std::chrono::milliseconds patience) { return helpers_.ended(*this, patience); }

bool Invitation::forked() const { return &helpers_ != of_process.load(); }

}  // namespace robust_metric
