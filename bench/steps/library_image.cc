#include "steps/library_image.h"

#include <cxxabi.h>
#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "guest_memory.h"

namespace bench {
namespace {

struct Found {
  std::string name;
  std::string path;
  uint64_t load_address = 0;
  uint64_t begin = UINT64_MAX;
  uint64_t end = 0;
};

int Look(dl_phdr_info* info, size_t, void* context) {
  auto* found = static_cast<Found*>(context);
  const char* slash = std::strrchr(info->dlpi_name, '/');
  const char* file = slash == nullptr ? info->dlpi_name : slash + 1;
  if (std::strncmp(file, found->name.c_str(), found->name.size()) != 0) return 0;
  found->path = info->dlpi_name;
  found->load_address = info->dlpi_addr;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD) continue;
    found->begin = std::min<uint64_t>(found->begin, info->dlpi_addr + header.p_vaddr);
    found->end = std::max<uint64_t>(found->end, info->dlpi_addr + header.p_vaddr + header.p_memsz);
  }
  return 1;
}

std::string Demangled(const char* name) {
  int status = 0;
  char* text = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  std::string result = status == 0 ? text : name;
  std::free(text);
  return result;
}

}  // namespace

LibraryImage::LibraryImage(const std::string& name) {
  Found found;
  found.name = name;
  Must(dl_iterate_phdr(Look, &found) == 1, "the shared library is not loaded");
  begin_ = found.begin;
  end_ = found.end;
  ReadSymbols(found.path, found.load_address);
}

void LibraryImage::ReadSymbols(const std::string& path, uint64_t load_address) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  Must(bytes.size() > sizeof(Elf64_Ehdr), path.c_str());
  const auto* header = reinterpret_cast<const Elf64_Ehdr*>(bytes.data());
  const auto* sections = reinterpret_cast<const Elf64_Shdr*>(bytes.data() + header->e_shoff);
  for (int i = 0; i < header->e_shnum; ++i) {
    if (sections[i].sh_type != SHT_SYMTAB && sections[i].sh_type != SHT_DYNSYM) continue;
    const char* names = bytes.data() + sections[sections[i].sh_link].sh_offset;
    const auto* symbols = reinterpret_cast<const Elf64_Sym*>(bytes.data() + sections[i].sh_offset);
    const size_t count = sections[i].sh_size / sizeof(Elf64_Sym);
    for (size_t s = 0; s < count; ++s) {
      if (ELF64_ST_TYPE(symbols[s].st_info) != STT_FUNC || symbols[s].st_value == 0) continue;
      functions_[load_address + symbols[s].st_value] = Demangled(names + symbols[s].st_name);
    }
  }
}

const std::string& LibraryImage::FunctionAt(uint64_t address) const {
  static const std::string kUnknown = "?";
  const auto after = functions_.upper_bound(address);
  return after == functions_.begin() ? kUnknown : std::prev(after)->second;
}

}  // namespace bench
