// The virtio disk of zvmm and the file behind it.

#include "virtio/virtio_block.h"

#include <gtest/gtest.h>
#include <linux/virtio_ids.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "host/signals.h"
#include "test_file.h"
#include "virtio_driver.h"

namespace zvmm {
namespace {

constexpr uint64_t kRings = 0x10000;
constexpr uint64_t kHeader = 0x20000;
constexpr uint64_t kStatus = 0x20100;
constexpr uint64_t kData = 0x21000;
constexpr uint8_t kUntouched = 0xEE;

constexpr uint64_t kSectors = 16;

// Each sector is full of its own letter.
std::string Sectors(uint64_t count) {
  std::string text;
  for (uint64_t i = 0; i < count; ++i) {
    text.append(DiskImage::kSectorSize, static_cast<char>('a' + i));
  }
  return text;
}

class VirtioBlockTest : public testing::Test {
 protected:
  void SetUp() override {
    auto image = DiskImage::Open(file_.path(), read_only());
    ASSERT_TRUE(image.ok()) << image.status();
    device_ = std::make_unique<VirtioBlock>(*std::move(image), "serial-number", stop_);
    driver_.Configure(queue_);
  }
  virtual bool read_only() const { return false; }

  void PutHeader(uint32_t type, uint64_t sector) {
    virtio_blk_outhdr header = {};
    header.type = type;
    header.sector = sector;
    memory_.Get<virtio_blk_outhdr>(kHeader) = header;
    memory_.Get<uint8_t>(kStatus) = kUntouched;
  }
  uint8_t Serve() {
    const absl::Status status = device_->Serve(0, queue_);
    EXPECT_TRUE(status.ok()) << status;
    return memory_.Get<uint8_t>(kStatus);
  }
  // How many bytes the last request gave back.
  uint32_t Written() { return driver_.used_entry(driver_.used_index() - 1u).len; }

  uint8_t Read(uint64_t sector, uint32_t size) {
    PutHeader(VIRTIO_BLK_T_IN, sector);
    driver_.Add(0, {{kHeader, 16, false}, {kData, size, true}, {kStatus, 1, true}});
    return Serve();
  }
  uint8_t Write(uint64_t sector, uint32_t size) {
    PutHeader(VIRTIO_BLK_T_OUT, sector);
    driver_.Add(0, {{kHeader, 16, false}, {kData, size, false}, {kStatus, 1, true}});
    return Serve();
  }

  const TestFile file_{Sectors(kSectors)};
  StopLatch stop_;
  TestMemory memory_;
  TestQueue driver_{memory_, kRings};
  Virtqueue queue_{memory_.view()};
  std::unique_ptr<VirtioBlock> device_;
};

TEST_F(VirtioBlockTest, SaysWhatItIs) {
  EXPECT_EQ(device_->id(), VIRTIO_ID_BLOCK);
  virtio_blk_config config;
  ASSERT_EQ(device_->config().size(), sizeof(config));
  std::memcpy(&config, device_->config().data(), sizeof(config));
  EXPECT_EQ(config.capacity, kSectors);
  EXPECT_EQ(config.seg_max, Virtqueue::kMostEntries - 2u);
  EXPECT_EQ(device_->features(),
            uint64_t{1} << VIRTIO_BLK_F_SEG_MAX | uint64_t{1} << VIRTIO_BLK_F_FLUSH);
}

TEST_F(VirtioBlockTest, ReadsSectors) {
  EXPECT_EQ(Read(3, 1024), VIRTIO_BLK_S_OK);
  EXPECT_EQ(Written(), 1025u) << "the data and the status";
  EXPECT_EQ(memory_.Text(kData, 1024), Sectors(kSectors).substr(3 * 512, 1024));
}

TEST_F(VirtioBlockTest, WritesSectors) {
  memory_.Put(kData, std::string(512, 'X'));
  EXPECT_EQ(Write(kSectors - 1, 512), VIRTIO_BLK_S_OK);
  EXPECT_EQ(Written(), 1u);
  EXPECT_EQ(file_.Contents(), Sectors(kSectors - 1) + std::string(512, 'X'));
}

TEST_F(VirtioBlockTest, PartsMayBeDividedAnywhere) {
  PutHeader(VIRTIO_BLK_T_IN, 1);
  driver_.Add(0, {{kHeader, 5, false},
                  {kHeader + 5, 11, false},
                  {kData, 100, true},
                  {kData + 100, 413, true}});  // With the status as its last byte.
  EXPECT_TRUE(device_->Serve(0, queue_).ok());
  EXPECT_EQ(memory_.Text(kData, 512), std::string(512, 'b'));
  EXPECT_EQ(memory_.Get<uint8_t>(kData + 512), VIRTIO_BLK_S_OK);
  EXPECT_EQ(Written(), 513u);
}

TEST_F(VirtioBlockTest, BeyondTheEndIsAnError) {
  struct Case {
    uint64_t sector;
    uint32_t size;
  };
  for (const Case& request :
       {Case{kSectors, 512}, Case{kSectors - 1, 1024}, Case{~uint64_t{0}, 512},
        Case{uint64_t{1} << 55, 512}, Case{~uint64_t{0} / 512, 1024}}) {
    EXPECT_EQ(Read(request.sector, request.size), VIRTIO_BLK_S_IOERR) << request.sector;
    EXPECT_EQ(Written(), 1u) << "nothing but the status";
    EXPECT_EQ(Write(request.sector, request.size), VIRTIO_BLK_S_IOERR) << request.sector;
  }
  EXPECT_EQ(file_.Contents(), Sectors(kSectors)) << "neither changed nor longer";
}

TEST_F(VirtioBlockTest, HalfSectorsAreAnError) {
  EXPECT_EQ(Read(0, 511), VIRTIO_BLK_S_IOERR);
  EXPECT_EQ(Write(0, 513), VIRTIO_BLK_S_IOERR);
}

TEST_F(VirtioBlockTest, AFileThatBecameShorterIsAnError) {
  ASSERT_EQ(truncate(file_.path().c_str(), 512), 0);
  EXPECT_EQ(Read(2, 512), VIRTIO_BLK_S_IOERR);
  EXPECT_EQ(Read(0, 512), VIRTIO_BLK_S_OK);
}

TEST_F(VirtioBlockTest, FlushAndSerialNumber) {
  PutHeader(VIRTIO_BLK_T_FLUSH, 0);
  driver_.Add(0, {{kHeader, 16, false}, {kStatus, 1, true}});
  EXPECT_EQ(Serve(), VIRTIO_BLK_S_OK);
  PutHeader(VIRTIO_BLK_T_GET_ID, 0);
  driver_.Add(0, {{kHeader, 16, false}, {kData, VIRTIO_BLK_ID_BYTES, true}, {kStatus, 1, true}});
  EXPECT_EQ(Serve(), VIRTIO_BLK_S_OK);
  EXPECT_EQ(memory_.Text(kData, VIRTIO_BLK_ID_BYTES),
            std::string("serial-number\0\0\0\0\0\0\0", 20));
}

TEST_F(VirtioBlockTest, OtherRequestsAreNotSupported) {
  for (const uint32_t type : {uint32_t{VIRTIO_BLK_T_DISCARD}, 0xFFFFFFFFu}) {
    PutHeader(type, 0);
    driver_.Add(0, {{kHeader, 16, false}, {kData, 512, true}, {kStatus, 1, true}});
    EXPECT_EQ(Serve(), VIRTIO_BLK_S_UNSUPP);
  }
}

TEST_F(VirtioBlockTest, ARequestWithoutHeaderOrStatusBreaksTheProtocol) {
  PutHeader(VIRTIO_BLK_T_IN, 0);
  driver_.Add(0, {{kHeader, 15, false}, {kStatus, 1, true}});
  EXPECT_FALSE(device_->Serve(0, queue_).ok());
  queue_.Reset();
  driver_.available_index() = 0;
  driver_.Configure(queue_);
  driver_.Add(0, {{kHeader, 16, false}, {kStatus, 0, true}});
  EXPECT_FALSE(device_->Serve(0, queue_).ok());
}

TEST_F(VirtioBlockTest, SeveralRequestsAtOnce) {
  PutHeader(VIRTIO_BLK_T_IN, 5);
  driver_.Add(0, {{kHeader, 16, false}, {kData, 512, true}, {kStatus, 1, true}});
  driver_.Add(3, {{kHeader, 16, false}, {kData + 512, 512, true}, {kStatus, 1, true}});
  EXPECT_EQ(Serve(), VIRTIO_BLK_S_OK);
  EXPECT_EQ(driver_.used_index(), 2);
  EXPECT_EQ(memory_.Text(kData, 1024), std::string(1024, 'f'));
}

TEST_F(VirtioBlockTest, NothingIsBegunAfterAStop) {
  stop_.Request({.message = "test"});
  PutHeader(VIRTIO_BLK_T_IN, 5);
  driver_.Add(0, {{kHeader, 16, false}, {kData, 512, true}, {kStatus, 1, true}});
  EXPECT_EQ(Serve(), kUntouched);
}

class ReadOnlyDiskTest : public VirtioBlockTest {
  bool read_only() const override { return true; }
};

TEST_F(ReadOnlyDiskTest, IsReadAndNotWritten) {
  EXPECT_NE(device_->features() & uint64_t{1} << VIRTIO_BLK_F_RO, 0u);
  EXPECT_EQ(Read(0, 512), VIRTIO_BLK_S_OK);
  EXPECT_EQ(Write(0, 512), VIRTIO_BLK_S_IOERR);
  EXPECT_EQ(file_.Contents(), Sectors(kSectors));
}

TEST(DiskImageTest, BadFilesAreRefusedWithTheirName) {
  EXPECT_FALSE(DiskImage::Open("/nonexistent/disk", false).ok());
  const auto folder = DiskImage::Open(testing::TempDir(), true);
  ASSERT_FALSE(folder.ok());
  EXPECT_NE(folder.status().message().find(testing::TempDir()), std::string::npos);
  const TestFile tiny(std::string(511, 'x'));
  EXPECT_FALSE(DiskImage::Open(tiny.path(), true).ok());
  const std::string fifo = testing::TempDir() + "zvmm_disk_fifo";
  unlink(fifo.c_str());
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_FALSE(DiskImage::Open(fifo, true).ok()) << "and does not wait for a writer";
  unlink(fifo.c_str());
}

TEST(DiskImageTest, WholeSectorsAlone) {
  const TestFile file(std::string(3 * 512 + 100, 'x'));
  const auto image = DiskImage::Open(file.path(), true);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ((*image)->sectors(), 3u);
}

TEST(DiskImageTest, OneWriterOrManyReaders) {
  const TestFile file(Sectors(1));
  {
    const auto first = DiskImage::Open(file.path(), true);
    const auto second = DiskImage::Open(file.path(), true);
    EXPECT_TRUE(first.ok() && second.ok());
    EXPECT_FALSE(DiskImage::Open(file.path(), false).ok());
  }
  const auto writer = DiskImage::Open(file.path(), false);
  EXPECT_TRUE(writer.ok());
  EXPECT_FALSE(DiskImage::Open(file.path(), true).ok());
}

TEST_F(VirtioBlockTest, AWriteBeyondTheLimitOfFileSizesIsAnError) {
  EXPECT_EXIT(
      {
        IgnoreSignalsOfWrites();
        rlimit limit;
        limit.rlim_cur = DiskImage::kSectorSize;
        limit.rlim_max = RLIM_INFINITY;
        setrlimit(RLIMIT_FSIZE, &limit);
        const uint8_t inside = Write(0, 512);
        const uint8_t beyond = Write(1, 512);
        exit(inside == VIRTIO_BLK_S_OK && beyond == VIRTIO_BLK_S_IOERR ? 5 : 6);
      },
      testing::ExitedWithCode(5), "");
}

TEST(DiskImageTest, ATailThatTheGuestDoesNotSeeIsSaid) {
  const TestFile file(std::string(1300, 'x'));
  testing::internal::CaptureStderr();
  const auto image = DiskImage::Open(file.path(), false);
  EXPECT_EQ(
      testing::internal::GetCapturedStderr(),
      "zvmm: warning: " + file.path() +
          " has 1300 bytes, and the guest sees 1024: a disk has whole sectors of 512 bytes\n");
  ASSERT_TRUE(image.ok());
  EXPECT_EQ((*image)->sectors(), 2u);
}

}  // namespace
}  // namespace zvmm
