// What a VMM does with memory: in a guest's space, and in its own process.

#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/resource.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "faults/guest_rig.h"
#include "faults/plan.h"
#include "faults/scenarios.h"

namespace zircon::faults {
namespace {

constexpr uint64_t kDevice = GuestRig::kDevices;
constexpr zx_vm_option_t kRead = ZX_VM_PERM_READ;

// Maps `pages` of the VMO from its page `first` on at a place of the guest.
bool MapAt(Run& run, GuestRig& rig, zx_handle_t vmo, uint64_t gpa, uint64_t first, uint64_t pages,
           zx_vm_option_t options) {
  zx_gpaddr_t at = 0;
  if (!DO(run, ZX_OK,
          zx_vmar_map(rig.vmar.get(), options, gpa, vmo, first * kPage, pages * kPage, &at))) {
    return false;
  }
  CHECK_THAT(run, at == gpa && rig.HasPage(gpa) && rig.HasPage(gpa + (pages - 1) * kPage));
  return true;
}

bool UnmapAt(Run& run, GuestRig& rig, uint64_t gpa, uint64_t pages) {
  if (!DO(run, ZX_OK, zx_vmar_unmap(rig.vmar.get(), gpa, pages * kPage))) return false;
  for (uint64_t i = 0; i < pages; ++i) CHECK_THAT(run, !rig.HasPage(gpa + i * kPage));
  return true;
}

bool Protect(Run& run, GuestRig& rig, uint64_t gpa, uint64_t pages, zx_vm_option_t options) {
  return DO(run, ZX_OK, zx_vmar_protect(rig.vmar.get(), options, gpa, pages * kPage));
}

bool Trap(Run& run, GuestRig& rig, uint64_t gpa, uint64_t pages) {
  if (!DO(run, ZX_OK,
          zx_guest_set_trap(rig.guest.get(), ZX_GUEST_TRAP_MEM, gpa, pages * kPage,
                            ZX_HANDLE_INVALID, 1))) {
    return false;
  }
  CHECK_THAT(run, !rig.HasPage(gpa));
  return true;
}

// What the process may do with a page that one of its VMARs holds: permissions, or 0.
zx_vm_option_t Access(uint64_t address) {
  zx_vm_option_t access = 0;
  FILE* const maps = std::fopen("/proc/self/maps", "re");
  if (maps == nullptr) return access;
  uint64_t from = 0;
  uint64_t to = 0;
  char permissions[5] = "";
  while (std::fscanf(maps, "%" SCNx64 "-%" SCNx64 " %4s%*[^\n]", &from, &to, permissions) == 3) {
    if (address < from || address >= to) continue;
    if (permissions[0] == 'r') access |= ZX_VM_PERM_READ;
    if (permissions[1] == 'w') access |= ZX_VM_PERM_WRITE;
  }
  std::fclose(maps);
  return access;
}

// VMAR-ROOT-3: 0 when no handle could be made; the next call may have better luck.
zx_handle_t RootOfProcess(Run& run) {
  zx_handle_t root = ZX_HANDLE_INVALID;
  for (int i = 0; i < 2 && root == ZX_HANDLE_INVALID; ++i) {
    run.Call("zx_vmar_root_self()", [&] { root = zx_vmar_root_self(); });
    if (plan.failed() == 0 || plan.for_good()) break;
  }
  if (plan.failed() == 0 || !plan.for_good()) CHECK_THAT(run, root != ZX_HANDLE_INVALID);
  return root;
}

}  // namespace

// Slots are made, cut, joined and deleted.
void ChangeGuestMemory(Run& run) {
  constexpr zx_vm_option_t kAt = ZX_VM_SPECIFIC;
  GuestRig rig(run);
  if (!rig.MakeAll()) return;
  Handle vmo(run);
  if (!DO(run, ZX_OK, zx_vmo_create(16 * kPage, 0, vmo.put()))) return;
  if (!MapAt(run, rig, vmo.get(), kDevice, 0, 8, kReadWrite | kAt)) return;
  *rig.page(kDevice) = 'a';
  // Continues the first; a hole; an overwritten page; one that only reads.
  if (!MapAt(run, rig, vmo.get(), kDevice + 8 * kPage, 8, 8, kReadWrite | kAt)) return;
  if (!UnmapAt(run, rig, kDevice + 3 * kPage, 2)) return;
  CHECK_THAT(run, rig.HasPage(kDevice) && rig.HasPage(kDevice + 5 * kPage));
  if (!MapAt(run, rig, vmo.get(), kDevice + 6 * kPage, 0, 1,
             kReadWrite | ZX_VM_SPECIFIC_OVERWRITE)) {
    return;
  }
  CHECK_THAT(run, *rig.page(kDevice + 6 * kPage) == 'a');
  if (!Protect(run, rig, kDevice + 9 * kPage, 2, kRead)) return;
  if (!Protect(run, rig, kDevice + 9 * kPage, 2, kReadWrite)) return;
  if (!Trap(run, rig, kDevice + 12 * kPage, 1)) return;
  CHECK_THAT(run, rig.HasPage(kDevice + 11 * kPage) && rig.HasPage(kDevice + 13 * kPage));
  // A child, with a mapping of its own.
  Handle child(run);
  zx_vaddr_t base = 0;
  if (!DO(run, ZX_OK,
          zx_vmar_allocate(
              rig.vmar.get(),
              ZX_VM_SPECIFIC | ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC,
              2 * kDevice, 4 * kPage, child.put(), &base))) {
    return;
  }
  zx_gpaddr_t at = 0;
  if (!DO(run, ZX_OK,
          zx_vmar_map(child.get(), kReadWrite | kAt, kPage, vmo.get(), 0, kPage, &at))) {
    return;
  }
  CHECK_THAT(run, rig.HasPage(2 * kDevice + kPage));
  if (!DO(run, ZX_OK, zx_vmar_destroy(child.get()))) return;
  CHECK_THAT(run, !rig.HasPage(2 * kDevice + kPage));
  if (!UnmapAt(run, rig, kDevice, 16)) return;
  vmo.Close();
}

// A VMO that grows and shrinks while it is mapped.
void ResizeGuestMemory(Run& run) {
  GuestRig rig(run);
  if (!rig.MakeAll()) return;
  Handle vmo(run);
  if (!DO(run, ZX_OK, zx_vmo_create(2 * kPage, ZX_VMO_RESIZABLE, vmo.put()))) return;
  zx_gpaddr_t at = 0;
  if (!DO(run, ZX_OK,
          zx_vmar_map(rig.vmar.get(), kReadWrite | ZX_VM_SPECIFIC, kDevice, vmo.get(), 0, 8 * kPage,
                      &at))) {
    return;
  }
  CHECK_THAT(run, rig.HasPage(kDevice + kPage) && !rig.HasPage(kDevice + 2 * kPage));
  if (!DO(run, ZX_OK, zx_vmo_set_size(vmo.get(), 6 * kPage))) return;
  CHECK_THAT(run, rig.HasPage(kDevice + 5 * kPage) && !rig.HasPage(kDevice + 6 * kPage));
  if (!DO(run, ZX_OK, zx_vmo_set_size(vmo.get(), kPage))) return;
  // GPAS-19: where the kernel has refused that, the guest does not run, and the next change tries
  // again.
  Handle other(run);
  if (!DO(run, ZX_OK, zx_vmo_create(kPage, 0, other.put()))) return;
  if (!MapAt(run, rig, other.get(), 2 * kDevice, 0, 1, kReadWrite | ZX_VM_SPECIFIC)) return;
  CHECK_THAT(run, rig.HasPage(kDevice) && !rig.HasPage(kDevice + kPage));
  // More than the window has room for.
  if (!DO(run, ZX_OK, zx_vmo_set_size(vmo.get(), 64 * kPage))) return;
  CHECK_THAT(run, rig.HasPage(kDevice + 7 * kPage));
  uint64_t size = 0;
  if (!DO(run, ZX_OK, zx_vmo_get_size(vmo.get(), &size))) return;
  CHECK_THAT(run, size == 64 * kPage);
}

void UseVmos(Run& run) {
  static char buffer[3 * kPage];
  Handle vmo(run);
  if (!DO(run, ZX_OK, zx_vmo_create(8 * kPage, ZX_VMO_RESIZABLE, vmo.put()))) return;
  std::memset(buffer, 'a', sizeof(buffer));
  if (!DO(run, ZX_OK, zx_vmo_write(vmo.get(), buffer, 100, sizeof(buffer)))) return;
  if (!DO(run, ZX_OK, zx_vmo_op_range(vmo.get(), ZX_VMO_OP_COMMIT, 0, 8 * kPage, nullptr, 0))) {
    return;
  }
  if (!DO(run, ZX_OK, zx_vmo_op_range(vmo.get(), ZX_VMO_OP_ZERO, 200, kPage, nullptr, 0))) return;
  if (!DO(run, ZX_OK,
          zx_vmo_op_range(vmo.get(), ZX_VMO_OP_DECOMMIT, 4 * kPage, kPage, nullptr, 0))) {
    return;
  }
  if (!DO(run, ZX_OK, zx_vmo_read(vmo.get(), buffer, 0, sizeof(buffer)))) return;
  CHECK_THAT(run, buffer[99] == 0 && buffer[100] == 'a' && buffer[200] == 0);
  CHECK_THAT(run, buffer[199 + kPage] == 0 && buffer[200 + kPage] == 'a');
  if (!DO(run, ZX_OK, zx_vmo_set_size(vmo.get(), 16 * kPage))) return;
  if (!DO(run, ZX_OK, zx_vmo_set_size(vmo.get(), 4 * kPage))) return;

  Handle snapshot(run);
  if (!DO(run, ZX_OK,
          zx_vmo_create_child(vmo.get(), ZX_VMO_CHILD_SNAPSHOT, 0, 4 * kPage, snapshot.put()))) {
    return;
  }
  if (!DO(run, ZX_OK, zx_vmo_write(vmo.get(), "b", 100, 1))) return;
  if (!DO(run, ZX_OK, zx_vmo_read(snapshot.get(), buffer, 100, 1))) return;
  CHECK_THAT(run, buffer[0] == 'a');
  Handle reference(run);
  if (!DO(run, ZX_OK,
          zx_vmo_create_child(vmo.get(), ZX_VMO_CHILD_REFERENCE, 0, 0, reference.put()))) {
    return;
  }
  zx_info_vmo_t info = {};
  if (!DO(run, ZX_OK,
          zx_object_get_info(vmo.get(), ZX_INFO_VMO, &info, sizeof(info), nullptr, nullptr))) {
    return;
  }
  CHECK_THAT(run, info.num_children == 2 && info.size_bytes == 4 * kPage);

  Handle fixed(run);
  if (!DO(run, ZX_OK, zx_vmo_create(4 * kPage, 0, fixed.put()))) return;
  Handle slice(run);
  if (!DO(run, ZX_OK,
          zx_vmo_create_child(fixed.get(), ZX_VMO_CHILD_SLICE, kPage, kPage, slice.put()))) {
    return;
  }
  if (!DO(run, ZX_OK, zx_vmo_write(slice.get(), "c", 0, 1))) return;
  if (!DO(run, ZX_OK, zx_vmo_read(fixed.get(), buffer, kPage, 1))) return;
  CHECK_THAT(run, buffer[0] == 'c');
  // The handle goes, whatever comes of the call.
  const zx_handle_t replaced = slice.Release();
  if (!DO_ONCE(run, ZX_OK, zx_vmo_replace_as_executable(replaced, 0, slice.put()))) return;
}

// Mappings in the process.
void MapInProcess(Run& run) {
  Handle vmo(run);
  if (!DO(run, ZX_OK, zx_vmo_create(8 * kPage, 0, vmo.put()))) return;
  const zx_handle_t root = RootOfProcess(run);
  if (root == ZX_HANDLE_INVALID) return;
  zx_vaddr_t base = 0;
  if (!DO(run, ZX_OK, zx_vmar_map(root, kReadWrite, 0, vmo.get(), 0, 8 * kPage, &base))) return;
  run.AtEnd([=] { return zx_vmar_unmap(root, base, 8 * kPage); });
  auto* const bytes = reinterpret_cast<volatile char*>(base);
  bytes[3 * kPage] = 'a';
  if (!DO(run, ZX_OK, zx_vmar_op_range(root, ZX_VMAR_OP_COMMIT, base, 2 * kPage, nullptr, 0))) {
    return;
  }
  if (!DO(run, ZX_OK, zx_vmar_op_range(root, ZX_VMAR_OP_DECOMMIT, base, 2 * kPage, nullptr, 0))) {
    return;
  }
  if (!DO(run, ZX_OK, zx_vmar_protect(root, kRead, base + 2 * kPage, 2 * kPage))) return;
  CHECK_THAT(run, bytes[3 * kPage] == 'a');
  CHECK_THAT(run, Access(base + 2 * kPage) == kRead && Access(base + kPage) == kReadWrite);
  if (!DO(run, ZX_OK, zx_vmar_unmap(root, base + kPage, 2 * kPage))) return;
  CHECK_THAT(run, Access(base + kPage) == 0 && Access(base + 2 * kPage) == 0);
  CHECK_THAT(run, Access(base) == kReadWrite && Access(base + 3 * kPage) == kRead);
  // The highest place below a limit.
  zx_vaddr_t low = 0;
  constexpr uint64_t kLimit = uint64_t{1} << 40;
  if (!DO(run, ZX_OK,
          zx_vmar_map(root, kRead | ZX_VM_OFFSET_IS_UPPER_LIMIT, kLimit, vmo.get(), 0, kPage,
                      &low))) {
    return;
  }
  run.AtEnd([=] { return zx_vmar_unmap(root, low, kPage); });
  constexpr uint64_t kRootBase = 64 * 1024;
  CHECK_THAT(run, low + kPage <= kRootBase + kLimit && Access(low) == kRead);
}

// The same in a child of the process's root.
void MapInChild(Run& run) {
  constexpr zx_vm_option_t kChild =
      ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC;
  Handle vmo(run);
  if (!DO(run, ZX_OK, zx_vmo_create(8 * kPage, 0, vmo.put()))) return;
  const zx_handle_t root = RootOfProcess(run);
  if (root == ZX_HANDLE_INVALID) return;
  Handle child(run);
  zx_vaddr_t base = 0;
  if (!DO(run, ZX_OK, zx_vmar_allocate(root, kChild, 0, 16 * kPage, child.put(), &base))) {
    return;
  }
  run.AtEnd([=] { return zx_vmar_unmap(root, base, 16 * kPage); });
  zx_vaddr_t at = 0;
  if (!DO(run, ZX_OK,
          zx_vmar_map(child.get(), kReadWrite | ZX_VM_SPECIFIC, 4 * kPage, vmo.get(), 0, 8 * kPage,
                      &at))) {
    return;
  }
  reinterpret_cast<volatile char*>(at)[0] = 'a';
  if (!DO(run, ZX_OK,
          zx_vmar_map(child.get(), kRead | ZX_VM_SPECIFIC_OVERWRITE, 7 * kPage, vmo.get(), 0, kPage,
                      &at))) {
    return;
  }
  CHECK_THAT(run, *reinterpret_cast<volatile char*>(base + 7 * kPage) == 'a');
  if (!DO(run, ZX_OK,
          zx_vmar_map(child.get(), kReadWrite | ZX_VM_MAP_RANGE, 0, vmo.get(), 0, 2 * kPage,
                      &at))) {
    return;
  }
  CHECK_THAT(run, at == base && *reinterpret_cast<volatile char*>(base) == 'a');
  if (!DO(run, ZX_OK, zx_vmar_protect(child.get(), kRead, base + 5 * kPage, 4 * kPage))) return;
  CHECK_THAT(run, Access(base + 4 * kPage) == kReadWrite && Access(base + 5 * kPage) == kRead);
  if (!DO(run, ZX_OK, zx_vmar_unmap(child.get(), base + 5 * kPage, 2 * kPage))) return;
  CHECK_THAT(run, Access(base + 5 * kPage) == 0 && Access(base + 8 * kPage) == kRead);
  Handle grandchild(run);
  if (!DO(run, ZX_OK,
          zx_vmar_allocate(child.get(), kChild | ZX_VM_SPECIFIC, 14 * kPage, 2 * kPage,
                           grandchild.put(), &at))) {
    return;
  }
  if (!DO(run, ZX_OK, zx_vmar_map(grandchild.get(), kRead, 0, vmo.get(), 0, kPage, &at))) {
    return;
  }
  if (!DO(run, ZX_OK, zx_vmar_destroy(grandchild.get()))) return;
  CHECK_THAT(run, Access(at) == 0);
}

}  // namespace zircon::faults
