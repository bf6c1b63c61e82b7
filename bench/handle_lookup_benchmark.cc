// What finding a handle costs: a lookup with its release, next to one uncontended atomic increment.
// Budget: at most twice the increment; two threads on handles of their own at least 1.8 × one.
//
//   zircon_bench --benchmark_filter=Handle --benchmark_repetitions=5

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>

#include "handles/handle_table.h"
#include "rights/rights.h"

namespace {

using zircon::base::MakeRef;
using zircon::handles::Dispatcher;
using zircon::handles::HandleTable;
using zircon::handles::TypedRef;

class Thing final : public Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_PORT;
  Thing() noexcept : Dispatcher(kType) {}
};

zx_handle_t NewHandle() {
  zx_handle_t handle;
  if (HandleTable::Process().Insert(MakeRef<Thing>(), zircon::rights::kPort, &handle) != ZX_OK) {
    std::abort();
  }
  return handle;
}

struct alignas(128) Counter {
  std::atomic<uint64_t> value{0};
};
Counter g_counters[64];

void AtomicIncrement(benchmark::State& state) {
  std::atomic<uint64_t>& counter = g_counters[state.thread_index() % 64].value;
  for (auto _ : state) {
    benchmark::DoNotOptimize(counter.fetch_add(1));
  }
  state.SetItemsProcessed(state.iterations());
}

// As the calls do it: by type and rights.
void Zx(benchmark::State& state) {
  const zx_handle_t handle = NewHandle();
  zx_handle_t asked = handle;
  for (auto _ : state) {
    benchmark::DoNotOptimize(asked);
    TypedRef<Thing> ref;
    if (ref.Lookup(asked, ZX_RIGHT_READ) != ZX_OK) std::abort();
    benchmark::DoNotOptimize(ref.get());
  }
  state.SetItemsProcessed(state.iterations());
  if (HandleTable::Process().Close(handle) != ZX_OK) std::abort();
}

// Creating and closing, for the record; no budget.
void InsertClose(benchmark::State& state) {
  const auto thing = MakeRef<Thing>();
  thing->AddHandle();
  for (auto _ : state) {
    zx_handle_t handle;
    if (HandleTable::Process().Insert(thing, zircon::rights::kPort, &handle) != ZX_OK ||
        HandleTable::Process().Close(handle) != ZX_OK) {
      std::abort();
    }
  }
  state.SetItemsProcessed(state.iterations());
}

size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  size_t total = 0;
  size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// What a handle takes of the host's memory, in a table that is full. No time, no budget.
void Memory(benchmark::State& state) {
  const auto thing = MakeRef<Thing>();
  thing->AddHandle();
  for (auto _ : state) {
    HandleTable table;
    const size_t before = ResidentBytes();
    zx_handle_t handle;
    while (table.Insert(thing, zircon::rights::kPort, &handle) == ZX_OK) {
    }
    state.counters["handles"] = table.live();
    state.counters["bytes_per_handle"] =
        static_cast<double>(ResidentBytes() - before) / static_cast<double>(table.live());
  }
}

BENCHMARK(Memory)->Name("HandleTableMemory")->Iterations(1);
BENCHMARK(AtomicIncrement)->Name("HandleLookup/atomic_increment")->Threads(1)->Threads(2);
BENCHMARK(Zx)->Name("HandleLookup/zx")->Threads(1)->Threads(2);
BENCHMARK(InsertClose)->Name("HandleInsertClose/zx")->Threads(1)->Threads(2);

}  // namespace
