// Sockets. Rows: SOCKET.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <cstdint>
#include <string>
#include <vector>

#include "contract.h"
#include "handles_in_tests.h"
#include "objects/socket.h"

// Declared by the headers under ZX_API_2018.
extern "C" zx_status_t zx_socket_shutdown(zx_handle_t handle, uint32_t options);

namespace zircon::test {
namespace {

constexpr size_t kCapacity = 258'048;
constexpr zx_signals_t kReadable = ZX_SOCKET_READABLE;
constexpr zx_signals_t kWritable = ZX_SOCKET_WRITABLE;
constexpr zx_signals_t kPeerClosed = ZX_SOCKET_PEER_CLOSED;
constexpr zx_signals_t kWriteDisabled = ZX_SOCKET_WRITE_DISABLED;
constexpr zx_signals_t kPeerWriteDisabled = ZX_SOCKET_PEER_WRITE_DISABLED;
constexpr uint32_t kDisabled = ZX_SOCKET_DISPOSITION_WRITE_DISABLED;
constexpr uint32_t kEnabled = ZX_SOCKET_DISPOSITION_WRITE_ENABLED;

class SocketTest : public testing::Test {
 protected:
  void Create(uint32_t options) { ASSERT_EQ(zx_socket_create(options, &ends_.a, &ends_.b), ZX_OK); }
  void SetUp() override { Create(ZX_SOCKET_STREAM); }
  void UseDatagrams() {
    zx_handle_close(ends_.a);
    zx_handle_close(ends_.b);
    Create(ZX_SOCKET_DATAGRAM);
  }

  size_t Write(const std::string& bytes) {
    size_t actual = 77;
    EXPECT_EQ(zx_socket_write(ends_.a, 0, bytes.data(), bytes.size(), &actual), ZX_OK);
    return actual;
  }
  std::string Read(size_t size, uint32_t options = 0) {
    std::string bytes(size, '?');
    size_t actual = 0;
    EXPECT_EQ(zx_socket_read(ends_.b, options, bytes.data(), size, &actual), ZX_OK);
    bytes.resize(actual);
    return bytes;
  }
  zx_status_t TryWrite(size_t size = 1) {
    const std::string bytes(size, 'x');
    return zx_socket_write(ends_.a, 0, bytes.data(), size, nullptr);
  }
  zx_status_t TryRead() {
    char byte;
    return zx_socket_read(ends_.b, 0, &byte, 1, nullptr);
  }
  void Fill() { EXPECT_EQ(Write(std::string(kCapacity, 'f')), kCapacity); }
  zx_info_socket_t Info(zx_handle_t handle) {
    zx_info_socket_t info{};
    EXPECT_EQ(zx_object_get_info(handle, ZX_INFO_SOCKET, &info, sizeof(info), nullptr, nullptr),
              ZX_OK);
    return info;
  }
  base::RefPtr<objects::Socket> Object(zx_handle_t handle) {
    handles::TypedRef<objects::Socket> ref;
    EXPECT_EQ(ref.Lookup(handle, 0), ZX_OK);
    return ref.share();
  }

  Ends ends_;
};

TEST_F(SocketTest, CreateGivesTwoEnds) {
  Shows("SOCKET-1 SOCKET-3 SOCKET-CREATE-4 RIGHTS-38");
  for (const uint32_t options : {ZX_SOCKET_STREAM, ZX_SOCKET_DATAGRAM}) {
    Ends ends;
    ASSERT_EQ(zx_socket_create(options, &ends.a, &ends.b), ZX_OK);
    EXPECT_EQ(Basic(ends.a).type, ZX_OBJ_TYPE_SOCKET);
    EXPECT_EQ(Basic(ends.a).rights, 0x10F0CFu);
    EXPECT_EQ(Basic(ends.b).rights, 0x10F0CFu);
    EXPECT_EQ(Basic(ends.b).related_koid, Basic(ends.a).koid);
    EXPECT_EQ(Signals(ends.a), kWritable);
    EXPECT_EQ(Signals(ends.b), kWritable);
  }
}

TEST_F(SocketTest, CreateChecksInOrder) {
  Shows("SOCKET-CREATE-1 SOCKET-CREATE-3 PTR-5");
  zx_handle_t out = 7;
  for (const uint32_t options : {2u, 3u, 4u, 0x80000000u}) {
    EXPECT_EQ(zx_socket_create(options, nullptr, nullptr), ZX_ERR_INVALID_ARGS);
  }
  const uint32_t live = LiveHandles();
  EXPECT_EQ(zx_socket_create(0, nullptr, &out), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_socket_create(0, &out, Wild<zx_handle_t>()), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(LiveHandles(), live);
}

TEST_F(SocketTest, AStreamIsBytesInOrder) {
  Shows("SOCKET-2 SOCKET-4 SOCKET-READ-7 SOCKET-WRITE-11");
  EXPECT_EQ(Write("abc"), 3u);
  EXPECT_EQ(Write("defg"), 4u);
  EXPECT_EQ(Signals(ends_.b), kReadable | kWritable);
  EXPECT_EQ(Read(5), "abcde");
  EXPECT_EQ(Signals(ends_.b), kReadable | kWritable);
  EXPECT_EQ(Read(100), "fg");
  EXPECT_EQ(Signals(ends_.b), kWritable);
}

TEST_F(SocketTest, AStreamGoesRoundItsStore) {
  Shows("SOCKET-2");
  std::string sent;
  std::string received;
  unsigned char next = 0;
  for (int round = 0; round < 40; ++round) {
    std::string piece(60'000 + static_cast<size_t>(round) * 977, '\0');
    for (char& byte : piece) byte = static_cast<char>(next++);
    piece.resize(Write(piece));
    sent += piece;
    next = static_cast<unsigned char>(sent.size());
    received += Read(50'000 + static_cast<size_t>(round) * 1013);
  }
  while (received.size() < sent.size()) received += Read(kCapacity);
  EXPECT_EQ(received, sent);
}

TEST_F(SocketTest, AFullStream) {
  Shows("SOCKET-1 SOCKET-5 SOCKET-WRITE-8 SOCKET-WRITE-11");
  EXPECT_EQ(Write(std::string(kCapacity - 2, 'x')), kCapacity - 2);
  EXPECT_EQ(Signals(ends_.a), kWritable);
  EXPECT_EQ(Write("1234"), 2u);
  EXPECT_EQ(Signals(ends_.a), 0u);
  EXPECT_EQ(TryWrite(), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(Read(1), "x");
  EXPECT_EQ(Signals(ends_.a), kWritable);
  EXPECT_EQ(Write("56"), 1u);
}

TEST_F(SocketTest, DatagramsAreWhole) {
  Shows("SOCKET-2 SOCKET-READ-7 SOCKET-WRITE-11");
  UseDatagrams();
  Write("first");
  Write("second");
  Write("third");
  EXPECT_EQ(Read(100), "first");
  EXPECT_EQ(Read(3), "sec");  // the rest is lost
  EXPECT_EQ(Read(5), "third");
  EXPECT_EQ(Signals(ends_.b), kWritable);
}

TEST_F(SocketTest, DatagramsAndRoom) {
  Shows("SOCKET-WRITE-8 SOCKET-WRITE-9");
  UseDatagrams();
  EXPECT_EQ(TryWrite(kCapacity + 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(TryWrite(kCapacity - 1), ZX_OK);
  EXPECT_EQ(TryWrite(2), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(TryWrite(kCapacity + 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(TryWrite(1), ZX_OK);
  EXPECT_EQ(TryWrite(kCapacity + 1), ZX_ERR_SHOULD_WAIT);  // full comes first
  EXPECT_EQ(Read(kCapacity).size(), kCapacity - 1);
  EXPECT_EQ(Read(kCapacity).size(), 1u);
}

TEST_F(SocketTest, WritingNothing) {
  Shows("SOCKET-WRITE-5 SOCKET-WRITE-6 SOCKET-8");
  for (const bool datagrams : {false, true}) {
    if (datagrams) UseDatagrams();
    EXPECT_EQ(Write(""), 0u);
    EXPECT_EQ(zx_socket_write(ends_.a, 0, nullptr, 0, nullptr), ZX_OK);
    EXPECT_EQ(TryRead(), ZX_ERR_SHOULD_WAIT);
    Fill();
    EXPECT_EQ(Write(""), 0u);
    EXPECT_EQ(zx_socket_set_disposition(ends_.a, kDisabled, 0), ZX_OK);
    EXPECT_EQ(TryWrite(0), ZX_ERR_BAD_STATE);
  }
}

TEST_F(SocketTest, ReadingNothing) {
  Shows("SOCKET-READ-5 SOCKET-READ-8");
  for (const bool datagrams : {false, true}) {
    if (datagrams) UseDatagrams();
    size_t actual = 77;
    EXPECT_EQ(zx_socket_read(ends_.b, 0, nullptr, 0, &actual), ZX_ERR_SHOULD_WAIT);
    EXPECT_EQ(actual, 77u);
    Write("abc");
    EXPECT_EQ(Read(0), "");
    EXPECT_EQ(Read(9), "abc");
  }
}

TEST_F(SocketTest, PeekTakesNothing) {
  Shows("SOCKET-READ-8");
  for (const bool datagrams : {false, true}) {
    if (datagrams) UseDatagrams();
    Write("abc");
    Write("de");
    const std::string all = datagrams ? "abc" : "abcde";
    EXPECT_EQ(Read(2, ZX_SOCKET_PEEK), "ab");
    EXPECT_EQ(Read(9, ZX_SOCKET_PEEK), all);
    EXPECT_EQ(Signals(ends_.b), kReadable | kWritable);
    EXPECT_EQ(Read(9), all);
  }
}

TEST_F(SocketTest, ThePeerIsClosed) {
  Shows("SOCKET-7 SOCKET-WRITE-4 SOCKET-READ-5");
  Write("left");
  EXPECT_EQ(zx_socket_set_disposition(ends_.a, kDisabled, 0), ZX_OK);
  zx_handle_close(ends_.a);
  EXPECT_EQ(Signals(ends_.b), kReadable | kPeerClosed | kPeerWriteDisabled);
  char byte = 0;
  EXPECT_EQ(zx_socket_write(ends_.b, 0, &byte, 0, nullptr), ZX_ERR_PEER_CLOSED);
  EXPECT_EQ(Read(9), "left");
  EXPECT_EQ(TryRead(), ZX_ERR_PEER_CLOSED);
  EXPECT_EQ(Signals(ends_.b), kPeerClosed | kPeerWriteDisabled);
}

TEST_F(SocketTest, ChecksBeforeTheHandle) {
  Shows(
      "SOCKET-WRITE-1 SOCKET-WRITE-2 SOCKET-READ-1 SOCKET-READ-2 SOCKET-DISPOSITION-1 "
      "SOCKET-SHUTDOWN-1");
  char byte = 0;
  EXPECT_EQ(zx_socket_write(0, 0, nullptr, 1, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_socket_read(0, 0, nullptr, 1, nullptr), ZX_ERR_INVALID_ARGS);
  for (int bit = 0; bit < 32; ++bit) {
    const uint32_t option = uint32_t{1} << bit;
    EXPECT_EQ(zx_socket_write(0, option, &byte, 1, nullptr), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zx_socket_read(0, option, &byte, 1, nullptr),
              option == ZX_SOCKET_PEEK ? ZX_ERR_BAD_HANDLE : ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zx_socket_shutdown(0, option), bit < 2 ? ZX_ERR_BAD_HANDLE : ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zx_socket_set_disposition(0, option, 0),
              bit < 2 ? ZX_ERR_BAD_HANDLE : ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zx_socket_set_disposition(0, 0, option),
              bit < 2 ? ZX_ERR_BAD_HANDLE : ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(zx_socket_set_disposition(0, 3, 0), ZX_ERR_INVALID_ARGS);
}

TEST_F(SocketTest, ChecksTheHandle) {
  Shows("SOCKET-WRITE-3 SOCKET-READ-3 SOCKET-DISPOSITION-2 SOCKET-SHUTDOWN-2 RIGHTS-40");
  const zx_handle_t event = NewEvent();
  struct Call {
    zx_rights_t right;
    zx_status_t (*call)(zx_handle_t);
  };
  static char byte;
  const Call calls[] = {
      {ZX_RIGHT_WRITE, [](zx_handle_t h) { return zx_socket_write(h, 0, &byte, 1, nullptr); }},
      {ZX_RIGHT_READ, [](zx_handle_t h) { return zx_socket_read(h, 0, &byte, 1, nullptr); }},
      {ZX_RIGHT_MANAGE_SOCKET, [](zx_handle_t h) { return zx_socket_set_disposition(h, 0, 0); }},
      {ZX_RIGHT_WRITE, [](zx_handle_t h) { return zx_socket_shutdown(h, 0); }},
      {ZX_RIGHT_INSPECT,
       [](zx_handle_t h) {
         zx_info_socket_t info;
         return zx_object_get_info(h, ZX_INFO_SOCKET, &info, sizeof(info), nullptr, nullptr);
       }},
  };
  EXPECT_EQ(zx_socket_write(ends_.b, 0, &byte, 1, nullptr), ZX_OK);
  for (const Call& each : calls) {
    EXPECT_EQ(each.call(0), ZX_ERR_BAD_HANDLE);
    EXPECT_EQ(each.call(event), ZX_ERR_WRONG_TYPE);
    const zx_handle_t without = WithRights(ends_.a, 0x10F0CF & ~each.right);
    EXPECT_EQ(each.call(without), ZX_ERR_ACCESS_DENIED);
    const zx_handle_t alone = WithRights(ends_.a, each.right);
    EXPECT_EQ(each.call(alone), ZX_OK);
    zx_handle_close(without);
    zx_handle_close(alone);
  }
  zx_handle_close(event);
}

TEST_F(SocketTest, SizesAndWildPointers) {
  Shows("SOCKET-WRITE-7 SOCKET-WRITE-10 SOCKET-READ-4 SOCKET-READ-6 SOCKET-8");
  EXPECT_EQ(zx_socket_write(ends_.a, 0, "x", size_t{1} << 32, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_socket_read(ends_.b, 0, Wild<char>(), size_t{1} << 32, nullptr),
            ZX_ERR_INVALID_ARGS);
  for (const bool datagrams : {false, true}) {
    if (datagrams) UseDatagrams();
    EXPECT_EQ(zx_socket_write(ends_.a, 0, Wild<char>(), 10, nullptr), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(Signals(ends_.b), kWritable);
    EXPECT_EQ(TryRead(), ZX_ERR_SHOULD_WAIT);
    Write("abc");
    ReadOnlyPage page;
    EXPECT_EQ(zx_socket_read(ends_.b, 0, page.as<char>(), 3, nullptr), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(Read(9), "abc");
    EXPECT_EQ(zx_socket_write(ends_.a, 0, "q", 1, Wild<size_t>()), ZX_ERR_INVALID_ARGS);
    char byte = 0;
    EXPECT_EQ(zx_socket_read(ends_.b, 0, &byte, 1, Wild<size_t>()), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(byte, 'q');
    EXPECT_EQ(TryRead(), ZX_ERR_SHOULD_WAIT);
  }
}

TEST_F(SocketTest, DispositionOfThisEnd) {
  Shows("SOCKET-DISPOSITION-5 SOCKET-DISPOSITION-6 SOCKET-WRITE-5 SOCKET-READ-5");
  Write("ab");
  EXPECT_EQ(zx_socket_set_disposition(ends_.a, kDisabled, 0), ZX_OK);
  EXPECT_EQ(Signals(ends_.a), kWriteDisabled);
  EXPECT_EQ(Signals(ends_.b), kReadable | kWritable | kPeerWriteDisabled);
  EXPECT_EQ(TryWrite(), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_socket_set_disposition(ends_.a, 0, 0), ZX_OK);
  EXPECT_EQ(Read(9), "ab");
  EXPECT_EQ(TryRead(), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_socket_set_disposition(ends_.a, kEnabled, 0), ZX_OK);
  EXPECT_EQ(Signals(ends_.a), kWritable);
  EXPECT_EQ(Signals(ends_.b), kWritable);
  EXPECT_EQ(TryRead(), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(TryWrite(), ZX_OK);
}

TEST_F(SocketTest, DispositionOfThePeer) {
  Shows("SOCKET-DISPOSITION-5 SOCKET-DISPOSITION-6");
  EXPECT_EQ(zx_socket_set_disposition(ends_.b, 0, kDisabled), ZX_OK);
  EXPECT_EQ(Signals(ends_.a), kWriteDisabled);
  EXPECT_EQ(Signals(ends_.b), kWritable | kPeerWriteDisabled);
  EXPECT_EQ(TryWrite(), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_socket_set_disposition(ends_.b, kDisabled, kEnabled), ZX_OK);
  EXPECT_EQ(Signals(ends_.a), kWritable | kPeerWriteDisabled);
  EXPECT_EQ(Signals(ends_.b), kWriteDisabled);
}

TEST_F(SocketTest, EnablingWaitsForWhatIsStored) {
  Shows("SOCKET-DISPOSITION-3 SOCKET-DISPOSITION-4");
  Write("ab");
  EXPECT_EQ(zx_socket_set_disposition(ends_.a, kEnabled, 0), ZX_OK);  // it is enabled
  EXPECT_EQ(zx_socket_set_disposition(ends_.a, kDisabled, 0), ZX_OK);
  EXPECT_EQ(zx_socket_set_disposition(ends_.a, kEnabled, 0), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_socket_set_disposition(ends_.b, 0, kEnabled), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_socket_set_disposition(ends_.b, kDisabled, kEnabled), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Signals(ends_.b), kReadable | kWritable | kPeerWriteDisabled);  // as it was
  EXPECT_EQ(Read(9), "ab");
  EXPECT_EQ(zx_socket_set_disposition(ends_.b, 0, kEnabled), ZX_OK);
  EXPECT_EQ(Signals(ends_.a), kWritable);
}

TEST_F(SocketTest, AClosedPeerIsSaidBeforeDisabledWriting) {
  Shows("SOCKET-WRITE-4 SOCKET-WRITE-5");
  ASSERT_EQ(zx_socket_set_disposition(ends_.a, ZX_SOCKET_DISPOSITION_WRITE_DISABLED, 0), ZX_OK);
  EXPECT_EQ(zx_socket_write(ends_.a, 0, "x", 1, nullptr), ZX_ERR_BAD_STATE);
  zx_handle_close(ends_.b);
  EXPECT_EQ(zx_socket_write(ends_.a, 0, "x", 1, nullptr), ZX_ERR_PEER_CLOSED);
}

TEST_F(SocketTest, DispositionWithAClosedPeer) {
  Shows("SOCKET-DISPOSITION-5 SOCKET-SHUTDOWN-3");
  zx_handle_close(ends_.a);
  EXPECT_EQ(zx_socket_set_disposition(ends_.b, kDisabled, kDisabled), ZX_OK);
  EXPECT_EQ(Signals(ends_.b), kPeerClosed | kWriteDisabled | kPeerWriteDisabled);
  EXPECT_EQ(zx_socket_shutdown(ends_.b, 3), ZX_OK);
}

TEST_F(SocketTest, ShutdownOf2018) {
  Shows("SOCKET-SHUTDOWN-3");
  EXPECT_EQ(zx_socket_shutdown(ends_.a, 0), ZX_OK);
  EXPECT_EQ(Signals(ends_.a), kWritable);
  Write("ab");
  EXPECT_EQ(zx_socket_shutdown(ends_.a, 1), ZX_OK);
  EXPECT_EQ(zx_socket_shutdown(ends_.a, 1), ZX_OK);
  EXPECT_EQ(Signals(ends_.a), kWriteDisabled);
  EXPECT_EQ(Signals(ends_.b), kReadable | kWritable | kPeerWriteDisabled);
  EXPECT_EQ(TryWrite(), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Read(9), "ab");
  EXPECT_EQ(TryRead(), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_socket_shutdown(ends_.a, 2), ZX_OK);
  EXPECT_EQ(Signals(ends_.a), kWriteDisabled | kPeerWriteDisabled);
  EXPECT_EQ(Signals(ends_.b), kWriteDisabled | kPeerWriteDisabled);
}

TEST_F(SocketTest, AFullStoreThatIsReadAfterWritingWasDisabled) {
  Shows("SOCKET-5");
  Fill();
  EXPECT_EQ(zx_socket_set_disposition(ends_.a, kDisabled, 0), ZX_OK);
  EXPECT_EQ(Signals(ends_.a), kWriteDisabled);
  Read(1);
  EXPECT_EQ(Signals(ends_.a), kWriteDisabled | kWritable);
  EXPECT_EQ(TryWrite(), ZX_ERR_BAD_STATE);
}

TEST_F(SocketTest, Thresholds) {
  Shows("SOCKET-6");
  const auto reader = Object(ends_.b);
  const auto writer = Object(ends_.a);
  constexpr zx_signals_t kRead = ZX_SOCKET_READ_THRESHOLD;
  constexpr zx_signals_t kWrite = ZX_SOCKET_WRITE_THRESHOLD;
  EXPECT_EQ(reader->SetReadThreshold(3), ZX_OK);
  EXPECT_EQ(writer->SetWriteThreshold(kCapacity - 3), ZX_OK);
  EXPECT_EQ(Signals(ends_.a), kWritable | kWrite);
  Write("abc");
  EXPECT_EQ(Signals(ends_.b), kReadable | kWritable | kRead);
  EXPECT_EQ(Signals(ends_.a), kWritable | kWrite);
  Write("d");
  EXPECT_EQ(Signals(ends_.a), kWritable);
  Read(1);
  EXPECT_EQ(Signals(ends_.a), kWritable | kWrite);
  Read(1);
  EXPECT_EQ(Signals(ends_.b), kReadable | kWritable);
  EXPECT_EQ(reader->SetReadThreshold(2), ZX_OK);  // at once
  EXPECT_EQ(Signals(ends_.b), kReadable | kWritable | kRead);
  EXPECT_EQ(reader->SetReadThreshold(0), ZX_OK);
  EXPECT_EQ(writer->SetWriteThreshold(0), ZX_OK);
  EXPECT_EQ(Signals(ends_.b), kReadable | kWritable);
  EXPECT_EQ(Signals(ends_.a), kWritable);
  EXPECT_EQ(reader->SetReadThreshold(kCapacity), ZX_OK);
  EXPECT_EQ(reader->SetReadThreshold(kCapacity + 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(writer->SetWriteThreshold(kCapacity + 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(writer->SetWriteThreshold(5), ZX_OK);
  zx_handle_close(ends_.b);
  EXPECT_EQ(writer->SetWriteThreshold(6), ZX_ERR_PEER_CLOSED);
  EXPECT_EQ(writer->write_threshold(), 5u);
  EXPECT_EQ(Signals(ends_.a), kPeerClosed | kWrite);
}

TEST_F(SocketTest, InfoTellsOfBothStores) {
  Shows("SOCKET-INFO-1 INFO-3");
  Write("abc");
  auto info = Info(ends_.b);
  EXPECT_EQ(info.options, ZX_SOCKET_STREAM);
  EXPECT_EQ(info.rx_buf_max, kCapacity);
  EXPECT_EQ(info.rx_buf_size, 3u);
  EXPECT_EQ(info.rx_buf_available, 3u);
  EXPECT_EQ(info.tx_buf_max, kCapacity);
  EXPECT_EQ(info.tx_buf_size, 0u);
  info = Info(ends_.a);
  EXPECT_EQ(info.tx_buf_size, 3u);
  zx_handle_close(ends_.b);
  info = Info(ends_.a);
  EXPECT_EQ(info.tx_buf_max, 0u);
  EXPECT_EQ(info.tx_buf_size, 0u);
  UseDatagrams();
  EXPECT_EQ(Info(ends_.b).rx_buf_available, 0u);
  Write("abc");
  Write("de");
  info = Info(ends_.b);
  EXPECT_EQ(info.options, ZX_SOCKET_DATAGRAM);
  EXPECT_EQ(info.rx_buf_size, 5u);
  EXPECT_EQ(info.rx_buf_available, 3u);
}

}  // namespace
}  // namespace zircon::test
