// Another process of this program that does one thing, with bounded time: whatever happens in it, a
// crash, a hang, an endless wait in the kernel, its parent goes on.
//
//   parent:  ChildResult result = RunChild({"--child-test", "IoTest.Out"}, 80);
//   child:   SendRecord("rows", "TRAP-IO-1");

#ifndef ZIRCON_TESTS_CONFORMANCE_CHILD_PROCESS_H_
#define ZIRCON_TESTS_CONFORMANCE_CHILD_PROCESS_H_

#include <string>
#include <utility>
#include <vector>

namespace conformance {

struct ChildResult {
  enum class End {
    kExited,      // `number` is the status.
    kSignal,      // `number` is the signal that ended it.
    kKilled,      // It took too long, and the parent has killed it.
    kImmortal,    // It took too long, and not even that ended it: it is left behind.
    kNotStarted,  // `number` is an errno.
  };
  End end = End::kExited;
  int number = 0;
  double seconds = 0;
  // What the child sent, in its order.
  std::vector<std::pair<std::string, std::string>> records;
  // Its standard output and standard error; of very much the beginning.
  std::string output;

  // All records of that name, with "; " between them.
  std::string Record(const std::string& name) const;
  bool Has(const std::string& name) const;
};

// Runs this program with these arguments. After `limit` seconds it and what it has started are
// killed.
ChildResult RunChild(const std::vector<std::string>& arguments, double limit);

// In the child: before anything else. It dies with its parent, and leaves no core file.
void BecomeChild();

// In the child, from any thread; nothing in a process that is none.
void SendRecord(const std::string& name, const std::string& value);

}  // namespace conformance

#endif  // ZIRCON_TESTS_CONFORMANCE_CHILD_PROCESS_H_
