// Side: one way of doing an operation, ready to be done again and again. A benchmark compares two
// or more of them that do the same: in Google Benchmark each by itself (bench/vcpu_benchmark.cc),
// and in short alternating batches (bench/ratio.h), which is what holds on a busy machine.

#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "guest_memory.h"

namespace bench {

class Side {
 public:
  virtual ~Side() = default;
  // Does it `count` times; gives the nanoseconds that they took together: of the thread's processor
  // time where one thread does it without waiting, else of real time.
  virtual double Run(int count) = 0;
};

using MakeSide = std::function<std::unique_ptr<Side>()>;

// A Side of a function that does it once. The function owns what it works on.
template <typename Operation>
class LoopSide final : public Side {
 public:
  explicit LoopSide(Operation operation) : operation_(std::move(operation)) {}
  double Run(int count) override {
    const int64_t start = ThreadTime();
    for (int i = 0; i < count; ++i) operation_();
    return static_cast<double>(ThreadTime() - start);
  }

 private:
  Operation operation_;
};

template <typename Operation>
std::unique_ptr<Side> Loop(Operation operation) {
  return std::make_unique<LoopSide<Operation>>(std::move(operation));
}

}  // namespace bench
