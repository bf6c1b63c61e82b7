// The virtio network card, its link, and the protocol on a socket.

#include "virtio/virtio_net.h"

#include <gtest/gtest.h>
#include <linux/virtio_ids.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "job.h"
#include "virtio_driver.h"

namespace zvmm {
namespace {

constexpr uint64_t kReceiveRings = 0x10000;
constexpr uint64_t kTransmitRings = 0x18000;
constexpr uint64_t kBuffers = 0x20000;
constexpr size_t kHeader = 12;
constexpr uint64_t kMergeBuffers = uint64_t{1} << 15;

// The other side: what passt is.
class Peer {
 public:
  Peer() : path_(testing::TempDir() + "zvmm_net_" + std::to_string(getpid())) {
    unlink(path_.c_str());
    const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(listener, 1), 0);
    auto port = ConnectFrameSocket(path_);
    EXPECT_TRUE(port.ok()) << port.status();
    port_ = *std::move(port);
    fd_ = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    close(listener);
    unlink(path_.c_str());
  }
  ~Peer() { Close(); }

  std::unique_ptr<FramePort> TakePort() { return std::move(port_); }
  void Close() {
    if (fd_ >= 0) {
      close(fd_);
      fd_ = -1;
    }
  }

  void SendBytes(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ASSERT_GT(count, 0);
      bytes.remove_prefix(static_cast<size_t>(count));
    }
  }
  static std::string Framed(std::string_view frame) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes += static_cast<char>(frame.size() >> shift);
    }
    return bytes.append(frame);
  }
  void SendFrame(std::string_view frame) const { SendBytes(Framed(frame)); }

  std::string ReadBytes(size_t size) const {
    std::string bytes(size, '\0');
    size_t done = 0;
    while (done < size) {
      const ssize_t count = recv(fd_, bytes.data() + done, size - done, 0);
      if (count <= 0) {
        return "closed";
      }
      done += static_cast<size_t>(count);
    }
    return bytes;
  }
  std::string ReadFrame() const {
    size_t size = 0;
    for (const char byte : ReadBytes(4)) {
      size = size << 8 | static_cast<uint8_t>(byte);
    }
    return ReadBytes(size);
  }

 private:
  std::string path_;
  int fd_ = -1;
  std::unique_ptr<FramePort> port_;
};

class VirtioNetTest : public testing::Test {
 protected:
  static constexpr uint64_t kDataOfBuffer = 0x1000;

  void Connect(uint64_t features = kMergeBuffers) {
    receive_driver_.Configure(receive_);
    transmit_driver_.Configure(transmit_);
    device_.Agree(features);
    ASSERT_TRUE(device_
                    .Connect("net", peer_.TakePort(),
                             [this](unsigned index) {
                               std::lock_guard lock(mutex_);
                               Serve(index);
                             })
                    .ok());
  }
  void TearDown() override {
    if (connected_) {
      device_.Disconnect();
    }
    EXPECT_EQ(refusal_.ok(), !expects_refusal_) << refusal_;
  }
  // With mutex_ held, as the transport does.
  void Serve(unsigned index) {
    const absl::Status status =
        device_.Serve(index, index == VirtioNet::kReceive ? receive_ : transmit_);
    if (!status.ok()) {
      refusal_ = status;
    }
  }
  // The guest gives a buffer, in its own place.
  void GiveBuffer(uint16_t index, uint32_t size) {
    std::lock_guard lock(mutex_);
    receive_driver_.Add(index, {{kBuffers + index * kDataOfBuffer, size, true}});
    Serve(VirtioNet::kReceive);
  }
  // Waits until so many buffers have come back.
  bool Used(unsigned count) {
    return Eventually([&] {
      std::lock_guard lock(mutex_);
      return receive_driver_.used_index() == count;
    });
  }
  std::string Data(uint16_t index, size_t size) {
    return memory_.Text(kBuffers + index * kDataOfBuffer, size);
  }
  void Transmit(uint16_t index, std::string_view frame) {
    const uint64_t at = kBuffers + 0x10000 + index * kDataOfBuffer;
    memory_.Put(at, std::string(kHeader, '\0'));
    memory_.Put(at + kHeader, frame);
    std::lock_guard lock(mutex_);
    transmit_driver_.Add(index, {{at, static_cast<uint32_t>(kHeader + frame.size()), false}});
    Serve(VirtioNet::kTransmit);
  }

  Peer peer_;
  TestMemory memory_;
  TestQueue receive_driver_{memory_, kReceiveRings};
  TestQueue transmit_driver_{memory_, kTransmitRings};
  Virtqueue receive_{memory_.view()};
  Virtqueue transmit_{memory_.view()};
  std::mutex mutex_;
  bool connected_ = true;
  absl::Status refusal_;  // the last buffer that the device would not have
  bool expects_refusal_ = false;
  VirtioNet device_{{0x52, 0x54, 0, 1, 2, 3}};
};

TEST_F(VirtioNetTest, IsACardWithAnAddress) {
  Connect();
  EXPECT_EQ(device_.id(), VIRTIO_ID_NET);
  EXPECT_EQ(device_.features(), kMergeBuffers | uint64_t{1} << 5);
  const std::span<const uint8_t> config = device_.config();
  EXPECT_EQ(std::vector<uint8_t>(config.begin(), config.end()),
            (std::vector<uint8_t>{0x52, 0x54, 0, 1, 2, 3}));
}

TEST_F(VirtioNetTest, FramesGoOut) {
  Connect();
  Transmit(0, "the first frame");
  Transmit(1, "another");
  EXPECT_EQ(peer_.ReadFrame(), "the first frame");
  EXPECT_EQ(peer_.ReadFrame(), "another");
  EXPECT_EQ(transmit_driver_.used_index(), 2);
}

TEST_F(VirtioNetTest, FramesComeIn) {
  Connect();
  GiveBuffer(0, 1600);
  GiveBuffer(1, 1600);
  peer_.SendFrame("hello");
  ASSERT_TRUE(Used(1));
  EXPECT_EQ(receive_driver_.used_entry(0).len, kHeader + 5);
  EXPECT_EQ(Data(0, kHeader + 5), std::string("\0\0\0\0\0\0\0\0\0\0\1\0hello", 17));
}

TEST_F(VirtioNetTest, AFrameMayComeInPieces) {
  Connect();
  GiveBuffer(0, 1600);
  GiveBuffer(1, 1600);
  const std::string bytes = Peer::Framed("in pieces") + Peer::Framed("and two");
  for (const char byte : bytes) {
    peer_.SendBytes({&byte, 1});
  }
  ASSERT_TRUE(Used(2));
  EXPECT_EQ(Data(0, kHeader + 9).substr(kHeader), "in pieces");
  EXPECT_EQ(Data(1, kHeader + 7).substr(kHeader), "and two");
}

TEST_F(VirtioNetTest, AFrameMayTakeSeveralBuffers) {
  Connect();
  std::string frame;
  for (int i = 0; frame.size() < 3000; ++i) {
    frame += std::to_string(i) + ' ';
  }
  peer_.SendFrame(frame);
  for (uint16_t i = 0; i < 4; ++i) {
    GiveBuffer(i, 1024);
  }
  ASSERT_TRUE(Used(3));
  std::string got;
  for (uint16_t i = 0; i < 3; ++i) {
    EXPECT_EQ(receive_driver_.used_entry(i).id, i);
    got += Data(i, receive_driver_.used_entry(i).len);
  }
  EXPECT_EQ(got[10], 3) << "the number of buffers";
  EXPECT_EQ(got.substr(kHeader), frame);
}

TEST_F(VirtioNetTest, WithoutMergingAFrameThatDoesNotFitIsLost) {
  Connect(0);
  peer_.SendFrame(std::string(1000, 'x'));
  peer_.SendFrame("fits");
  GiveBuffer(0, 64);
  ASSERT_TRUE(Used(1));
  EXPECT_EQ(Data(0, kHeader + 4).substr(kHeader), "fits");
}

TEST_F(VirtioNetTest, FramesWaitForBuffers) {
  Connect();
  // More than one Receive() reads.
  for (int i = 0; i < 200; ++i) {
    peer_.SendFrame("frame " + std::to_string(i) + std::string(1000, '.'));
  }
  for (int i = 0; i < 200; ++i) {
    const auto index = static_cast<uint16_t>(i % TestQueue::kSize);
    GiveBuffer(index, 1600);
    ASSERT_TRUE(Used(static_cast<uint16_t>(i + 1)));
    const std::string words = "frame " + std::to_string(i) + '.';
    EXPECT_EQ(Data(index, kHeader + words.size()).substr(kHeader), words);
  }
}

TEST_F(VirtioNetTest, APeerThatDoesNotReadHoldsNobodyUp) {
  Connect();
  const std::string frame(3000, 'y');
  // Until the socket takes no more; then a frame waits in the card, and the others in the queue.
  unsigned offered = 0;
  while (transmit_driver_.used_index() == offered && offered < 60'000) {
    Transmit(static_cast<uint16_t>(offered % TestQueue::kSize), frame);
    ++offered;
  }
  ASSERT_LT(offered, 60'000u);
  for (unsigned i = 0; i < offered; ++i) {
    ASSERT_EQ(peer_.ReadFrame(), frame) << i;
  }
  EXPECT_TRUE(Eventually([&] {
    std::lock_guard lock(mutex_);
    return transmit_driver_.used_index() == static_cast<uint16_t>(offered);
  })) << "the rest goes by itself";
}

TEST_F(VirtioNetTest, APeerThatGoesLeavesTheCardWithoutANetwork) {
  Connect();
  testing::internal::CaptureStderr();
  peer_.Close();
  Transmit(0, "lost");
  Transmit(1, "lost too");
  EXPECT_EQ(transmit_driver_.used_index(), 2);
  device_.Disconnect();
  const std::string words = testing::internal::GetCapturedStderr();
  EXPECT_NE(words.find("net: "), std::string::npos) << words;
  EXPECT_EQ(words.find('\n'), words.size() - 1) << "one line: " << words;
}

TEST_F(VirtioNetTest, AFrameThatIsTooLongEndsTheLink) {
  Connect();
  testing::internal::CaptureStderr();
  peer_.SendBytes(std::string("\xFF\xFF\xFF\xFF", 4) + "whatever");
  EXPECT_EQ(peer_.ReadBytes(0), "");
  GiveBuffer(0, 1600);
  // The link notices by itself, sooner or later.
  Eventually([&] {
    Transmit(0, "x");
    std::lock_guard lock(mutex_);
    return transmit_driver_.used_index() > 3;
  });
  device_.Disconnect();
  EXPECT_NE(testing::internal::GetCapturedStderr().find("a frame of 4294967295 bytes"),
            std::string::npos);
  EXPECT_EQ(receive_driver_.used_index(), 0);
}

TEST_F(VirtioNetTest, HostileBuffersAreRefused) {
  expects_refusal_ = true;
  Connect();
  receive_driver_.Add(0, {{kBuffers, kHeader - 1, true}});
  peer_.SendFrame("x");
  testing::internal::CaptureStderr();
  EXPECT_TRUE(Eventually([&] {
    std::lock_guard lock(mutex_);
    return !refusal_.ok();
  }));
  EXPECT_EQ(receive_driver_.used_index(), 0);
  testing::internal::GetCapturedStderr();
  transmit_driver_.Add(0, {{kBuffers, kHeader - 1, false}});
  std::lock_guard lock(mutex_);
  EXPECT_FALSE(device_.Serve(VirtioNet::kTransmit, transmit_).ok());
}

TEST_F(VirtioNetTest, AResetForgetsWhatWasTaken) {
  Connect();
  peer_.SendFrame(std::string(2000, 'a'));
  GiveBuffer(0, 1024);
  {
    std::lock_guard lock(mutex_);
    device_.Reset();
    receive_.Reset();
    receive_driver_.available_index() = 0;
    receive_driver_.Configure(receive_);
    device_.Agree(kMergeBuffers);
  }
  GiveBuffer(1, 3000);
  ASSERT_TRUE(Used(1));
  EXPECT_EQ(receive_driver_.used_entry(0).id, 1u);
}

TEST(FrameSocketTest, NobodyIsThere) {
  const auto port = ConnectFrameSocket("/nowhere/socket");
  EXPECT_FALSE(port.ok());
  EXPECT_NE(port.status().message().find("/nowhere/socket"), std::string::npos);
  EXPECT_FALSE(ConnectFrameSocket(std::string(200, 'x')).ok());
}

TEST(TapTest, NamesAreChecked) {
  EXPECT_FALSE(OpenTap("").ok());
  EXPECT_FALSE(OpenTap("a-name-that-is-too-long").ok());
}

}  // namespace
}  // namespace zvmm
