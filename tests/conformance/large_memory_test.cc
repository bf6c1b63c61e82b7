// A guest with more memory than it uses: the host's memory grows with what the guest touches.

#include <dirent.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>

#include "contract.h"
#include "harness.h"

DECLARE_GUEST(touch);

namespace conformance {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kGiB = uint64_t{1} << 30;

// What a file of that size, open in this process, takes of the host's memory: a VMO is one.
std::optional<uint64_t> BytesOfFile(uint64_t size) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), closedir);
  if (folder == nullptr) return std::nullopt;
  while (const dirent* entry = readdir(folder.get())) {
    struct stat file {};
    if (fstat(atoi(entry->d_name), &file) != 0) continue;
    if (static_cast<uint64_t>(file.st_size) == size) {
      return static_cast<uint64_t>(file.st_blocks) * 512;
    }
  }
  return std::nullopt;
}

class LargeMemoryTest : public KvmTest {};

TEST_F(LargeMemoryTest, GrowsWithWhatTheGuestTouches) {
  Shows("VMO-1");
  constexpr uint64_t kSize = 8 * kGiB + 0x5000;  // like no other file's
  constexpr uint64_t kBase = kGiB / 2;  // what the guest's page tables reach of it: 512 MiB
  constexpr uint64_t kStride = 32 * kMiB;
  Machine machine(GUEST_BLOB(touch));
  const Handle vmo = CreateVmo(kSize);
  ASSERT_EQ(machine.Map(kBase, vmo.get(), kSize), ZX_OK);
  const std::optional<uint64_t> before = BytesOfFile(kSize);
  ASSERT_TRUE(before.has_value());
  EXPECT_EQ(*before, 0u);

  uint64_t touched = 0;
  for (uint64_t gpa = kBase; gpa < kGiB; gpa += kStride) {
    zx_vcpu_state_t state = machine.vcpu().State();
    state.rbx = gpa + 0x18;
    machine.vcpu().SetState(state);
    ASSERT_TRUE(machine.vcpu().Reaches(0));
    ++touched;
    uint64_t seen = 0;
    ASSERT_EQ(zx_vmo_read(vmo.get(), &seen, gpa - kBase + 0x18, sizeof(seen)), ZX_OK);
    EXPECT_EQ(seen, gpa + 0x18);
  }
  // A page each; of 2 MiB where the host's files have such.
  const std::optional<uint64_t> after = BytesOfFile(kSize);
  ASSERT_TRUE(after.has_value());
  EXPECT_GE(*after, touched * 4096);
  EXPECT_LE(*after, touched * 2 * kMiB);
}

}  // namespace
}  // namespace conformance
