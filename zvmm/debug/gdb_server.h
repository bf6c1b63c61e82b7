// Lets gdb look at the machine: a thread that waits for it, talks to it, and stops and continues
// the VCPUs as it wants.
//
//   auto gdb = GdbServer::Create(options, abilities, memory, kill);   // listens from now on
//   gdb->Start();
//   auto watched = gdb->Attach(id, vcpu);                             // each VCPU's thread
//   gdb->Finish();                                                    // the machine ends
//
// One gdb at a time; another may come when it has gone. One that goes without a word leaves a
// machine that runs on, without breakpoints.

#pragma once

#include <zircon/types.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "debug/breakpoints.h"
#include "debug/debugged_vcpu.h"
#include "debug/gdb_options.h"
#include "debug/gdb_session.h"
#include "debug/machine_target.h"
#include "debug/packet_stream.h"
#include "debug/vcpu_stops.h"
#include "host/descriptor.h"

namespace zvmm {

// Owns the thread. Attach() is for any thread, the rest for the main one.
class GdbServer {
 public:
  // `kill` ends the machine.
  static absl::StatusOr<std::unique_ptr<GdbServer>> Create(const GdbOptions& options,
                                                           const DebugAbilities& abilities,
                                                           const MemoryView& memory,
                                                           std::function<void()> kill);
  ~GdbServer();

  absl::Status Start();
  std::unique_ptr<DebuggedVcpu> Attach(unsigned id, zx_handle_t vcpu) {
    return std::make_unique<DebuggedVcpu>(id, vcpu, stops_, breakpoints_);
  }
  // The VCPUs wait for no debugger any more; one that is there is told of the end.
  void Finish();

 private:
  GdbServer(const GdbOptions& options, Descriptor listening, Descriptor news,
            const DebugAbilities& abilities, const MemoryView& memory, std::function<void()> kill);

  void Main();
  // Until gdb goes, or the machine ends.
  void Talk();
  // What has arrived. False: that was all.
  bool TakeEvents(GdbSession& session, PacketStream& stream);
  bool TakeAnswer(const GdbSession::Answer& answer);
  // A stop by itself, or because gdb wants one.
  bool TellStop(GdbSession& session, const DebugStop& stop);
  bool Send(std::string_view bytes);
  bool SendFrame(std::string_view data);
  // Waits for `fd`, or for news. Says which; neither: the end.
  struct Ready {
    bool file = false;
    bool news = false;
  };
  Ready Await(int fd);
  void Wake();

  const GdbOptions options_;
  const Descriptor listening_;
  const Descriptor news_;  // An eventfd: a VCPU has stopped, or it is the end.
  std::atomic<bool> ending_{false};
  VcpuStops stops_;
  Breakpoints breakpoints_;
  MachineTarget target_;
  Descriptor connection_;
  std::string last_frame_;
  bool running_ = false;  // The machine, as gdb knows it.
  std::thread thread_;
};

}  // namespace zvmm
