#include "boot/elf_image.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "boot/bytes.h"
#include "boot/memory_map.h"

namespace zvmm {
namespace {

// Of a Linux kernel: COMMAND_LINE_SIZE, and how high its early page tables reach.
constexpr uint32_t kLongestCommandLine = 2047;
constexpr uint32_t kInitrdMost = 0x7FFFFFFF;

bool Within(uint64_t offset, uint64_t size, uint64_t end) {
  return offset <= end && size <= end - offset;
}

absl::Status CheckHeader(std::span<const uint8_t> file) {
  if (file.size() < sizeof(Elf64_Ehdr)) {
    return absl::InvalidArgumentError("an ELF file that is cut off");
  }
  const auto header = Read<Elf64_Ehdr>(file, 0);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != EM_X86_64) {
    return absl::InvalidArgumentError("an ELF file for another machine than x86-64");
  }
  if (header.e_type != ET_EXEC) {
    return absl::InvalidArgumentError(
        "an ELF file, but no kernel: it is not linked for fixed addresses");
  }
  if (header.e_phentsize != sizeof(Elf64_Phdr) ||
      !Within(header.e_phoff, uint64_t{header.e_phnum} * sizeof(Elf64_Phdr), file.size())) {
    return absl::InvalidArgumentError("the ELF file is damaged: its segments lie outside of it");
  }
  return absl::OkStatus();
}

// The segments that go into memory, some bytes each.
absl::StatusOr<std::vector<Elf64_Phdr>> Segments(std::span<const uint8_t> file) {
  const auto header = Read<Elf64_Ehdr>(file, 0);
  std::vector<Elf64_Phdr> segments;
  for (size_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = Read<Elf64_Phdr>(file, header.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type != PT_LOAD || segment.p_memsz == 0) continue;
    if (segment.p_filesz > segment.p_memsz ||
        !Within(segment.p_offset, segment.p_filesz, file.size())) {
      return absl::InvalidArgumentError(
          "the ELF file is cut off: what it is to load lies outside of it");
    }
    if (segment.p_paddr < kHighRamStart ||
        !Within(segment.p_paddr, segment.p_memsz, MemoryLayout::kHoleStart)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("an ELF file that goes to %#x, %d bytes: a kernel is between 1 MiB and "
                          "3 GiB, by the physical addresses of its segments",
                          segment.p_paddr, segment.p_memsz));
    }
    segments.push_back(segment);
  }
  if (segments.empty()) {
    return absl::InvalidArgumentError("an ELF file, but no kernel: there is nothing to load");
  }
  return segments;
}

// The PVH entry that a note names: Xen's XEN_ELFNOTE_PHYS32_ENTRY. 0 if none does.
uint64_t PvhEntry(std::span<const uint8_t> file) {
  constexpr char kXen[] = "Xen";
  constexpr uint32_t kPhysical32Entry = 18;
  constexpr uint64_t kAlignment = 4;
  const auto header = Read<Elf64_Ehdr>(file, 0);
  for (size_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = Read<Elf64_Phdr>(file, header.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type != PT_NOTE || !Within(segment.p_offset, segment.p_filesz, file.size())) {
      continue;
    }
    std::span<const uint8_t> left = file.subspan(segment.p_offset, segment.p_filesz);
    while (left.size() >= sizeof(Elf64_Nhdr)) {
      const auto note = Read<Elf64_Nhdr>(left, 0);
      left = left.subspan(sizeof(note));
      const uint64_t name = AlignUp(note.n_namesz, kAlignment);
      const uint64_t whole = name + AlignUp(note.n_descsz, kAlignment);
      if (whole > left.size()) break;
      if (note.n_type == kPhysical32Entry && note.n_namesz == sizeof(kXen) &&
          std::memcmp(left.data(), kXen, sizeof(kXen)) == 0 && note.n_descsz >= sizeof(uint32_t)) {
        // Four bytes or eight, of an address below 4 GiB.
        return Read<uint32_t>(left, name);
      }
      left = left.subspan(whole);
    }
  }
  return 0;
}

setup_header HeaderFor(uint64_t start, uint64_t size) {
  setup_header header = {};
  header.boot_flag = 0xAA55;
  header.header = 0x53726448;  // "HdrS"
  header.version = 0x020C;
  header.loadflags = LOADED_HIGH;
  header.xloadflags = XLF_KERNEL_64;
  header.initrd_addr_max = kInitrdMost;
  header.cmdline_size = kLongestCommandLine;
  header.pref_address = start;
  header.init_size = static_cast<uint32_t>(size);
  return header;
}

}  // namespace

bool IsElf(std::span<const uint8_t> file) {
  return file.size() >= SELFMAG && std::memcmp(file.data(), ELFMAG, SELFMAG) == 0;
}

absl::StatusOr<LinuxImage> ParseElfImage(std::span<const uint8_t> file) {
  if (absl::Status status = CheckHeader(file); !status.ok()) return status;
  const auto segments = Segments(file);
  if (!segments.ok()) return segments.status();

  uint64_t start = ~uint64_t{0};
  uint64_t end = 0;
  uint64_t file_end = 0;  // What is behind it is zeros.
  for (const Elf64_Phdr& segment : *segments) {
    start = std::min(start, segment.p_paddr);
    end = std::max(end, segment.p_paddr + segment.p_memsz);
    file_end = std::max(file_end, segment.p_paddr + segment.p_filesz);
  }
  const uint64_t entry = Read<Elf64_Ehdr>(file, 0).e_entry;
  const uint64_t pvh_entry = PvhEntry(file);
  const uint64_t first = pvh_entry != 0 ? pvh_entry : entry;
  if (first < start || first >= end) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "an ELF file whose entry point, %#x, is not at the physical address of any segment",
        first));
  }

  LinuxImage image = {.header = HeaderFor(start, end - start),
                      .kernel = {},
                      .entry = first - start,
                      .pvh_entry = static_cast<uint32_t>(pvh_entry)};
  image.kernel.resize(std::max(file_end, start) - start);
  for (const Elf64_Phdr& segment : *segments) {
    std::copy_n(file.begin() + static_cast<ptrdiff_t>(segment.p_offset), segment.p_filesz,
                image.kernel.begin() + static_cast<ptrdiff_t>(segment.p_paddr - start));
  }
  return image;
}

}  // namespace zvmm
