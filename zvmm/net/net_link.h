// A frame port with a thread that waits for it: frames that come are kept until they are taken, and
// when so many are waiting that it is enough, no more are read.

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host/descriptor.h"
#include "net/frame_port.h"

namespace zvmm {

// Owns port and thread. Front() to Send() are for one thread, another than the link's.
class NetLink {
 public:
  // Bytes that may wait.
  static constexpr size_t kCapacity = 1 << 20;

  // Called on the link's thread, with no lock held.
  struct Events {
    std::function<void()> received;  // There are frames, and there were none.
    std::function<void()> writable;  // Send() may work again.
  };

  // `name` is for messages.
  static absl::StatusOr<std::unique_ptr<NetLink>> Start(std::string name,
                                                        std::unique_ptr<FramePort> port,
                                                        Events events);
  ~NetLink() { Stop(); }
  NetLink(const NetLink&) = delete;
  NetLink& operator=(const NetLink&) = delete;

  // Ends the thread: no event comes any more, and no frame. Those that are there may be taken.
  void Stop();

  // The oldest frame that waits; empty if none does. Good until Pop().
  std::span<const uint8_t> Front();
  void Pop();

  // False: not now, but when `writable` is called. A frame that can never be sent is dropped.
  bool Send(std::span<const uint8_t> frame);

 private:
  NetLink(std::string name, std::unique_ptr<FramePort> port, Descriptor event, Events events);

  void Main();
  // What the thread waits for now, as events of poll().
  short Wanted();
  void Receive();
  void Flush();
  void Fail(const absl::Status& status);
  // Has the thread look anew at what it waits for.
  void Look() const;

  const std::string name_;
  const std::unique_ptr<FramePort> port_;
  const Descriptor look_event_;
  const Events events_;

  std::mutex mutex_;
  std::deque<std::vector<uint8_t>> frames_;
  size_t waiting_ = 0;    // Bytes of them.
  bool sending_ = false;  // The port keeps something.
  bool failed_ = false;   // Nothing comes and nothing goes any more.
  bool ending_ = false;

  std::mutex send_mutex_;  // For the port's sending side. Taken before mutex_.
  std::thread thread_;
};

}  // namespace zvmm
