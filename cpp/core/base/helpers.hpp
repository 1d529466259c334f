// Threads that help a caller with its work. They are kept from one piece of work to the next and sleep in between. Who
// invites them waits for those that came, never for one that the system has not begun to run: on a busy machine the
// caller has done the work by then.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>

namespace robust_metric {

class Helpers;

class Invitation {
public:
    // Up to `seats` threads, fewer where the system starts no more, call work(seat), each with another seat from 1 on.
    // work must not throw, and lives until the invitation ends.
    Invitation(int seats, const std::function<void(int)>& work);
    // Takes back the seats that are free and waits for those who came.
    ~Invitation();
    Invitation(const Invitation&) = delete;
    Invitation& operator=(const Invitation&) = delete;

    // Takes back the seats that are free; true where all who came have left, false where the time is over.
    bool ended(std::chrono::milliseconds patience);
    // Whether this is the child of a fork that was made during the invitation: who had come is in the parent alone.
    bool forked() const;

private:
    friend class Helpers;

    Helpers& helpers_;
    const std::function<void(int)>& work_;
    // guarded by the mutex of helpers_
    int free_, taken_ = 0, present_ = 0;
    std::condition_variable left_;
};

}  // namespace robust_metric
