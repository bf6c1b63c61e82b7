// zircon/boot/image.h: the Zircon boot image (ZBI), what a boot loader hands to a Zircon kernel.
//
// An image is a container of items: a header of 32 bytes each, `length` bytes of payload, and up to
// 7 bytes of padding, since headers lie at multiples of 8. The first header is the container's; its
// `length` covers all that follows it.
//
//   zbi_header_t container = ZBI_CONTAINER_HEADER(0);
//   zbi_header_t item = {.type = ZBI_TYPE_CMDLINE, .length = size, .flags = ZBI_FLAGS_VERSION,
//                        .magic = ZBI_ITEM_MAGIC, .crc32 = ZBI_ITEM_NO_CRC32};
//   container.length += sizeof(item) + ZBI_ALIGN(size);
//
// All numbers are little-endian; sizes are bytes; addresses are guest-physical. Nothing here calls
// the library, and a program may use it from any thread.
//
// The items of both generations have names here, whichever a program is compiled for, since a
// loader may have to serve kernels of both: where only one knows an item, a comment says so.
//
// Contract: ZBI.

#ifndef ZIRCON_BOOT_IMAGE_H_
#define ZIRCON_BOOT_IMAGE_H_

#include <stdbool.h>
#include <stdint.h>
#include <zircon/boot/driver-config.h>
#include <zircon/boot/e820.h>
#include <zircon/compiler.h>

// ---- Headers ----

// Headers lie at multiples of this.
#define ZBI_ALIGNMENT 8u
// `n`, a size in bytes, with the padding behind it.
#define ZBI_ALIGN(n) (((n) + ZBI_ALIGNMENT - 1) & ~(ZBI_ALIGNMENT - 1))

// `magic` of every header, and `extra` of the container's.
#define ZBI_ITEM_MAGIC 0xb5781729u
#define ZBI_CONTAINER_MAGIC 0x868cf7e6u

// Flags. Each header has VERSION. With CRC32, `crc32` is that of the payload (reflected polynomial
// 0xEDB88320), else it is ZBI_ITEM_NO_CRC32. A storage item may be STORAGE_COMPRESSED.
#define ZBI_FLAGS_VERSION 0x00010000u
#define ZBI_FLAGS_CRC32 0x00020000u
#define ZBI_FLAGS_STORAGE_COMPRESSED 0x00000001u
#define ZBI_ITEM_NO_CRC32 0x4a87e8d6u
#if ZX_DETAIL_API_2018
#define ZBI_FLAG_VERSION ZBI_FLAGS_VERSION
#define ZBI_FLAG_CRC32 ZBI_FLAGS_CRC32
#define ZBI_FLAG_STORAGE_COMPRESSED ZBI_FLAGS_STORAGE_COMPRESSED
#endif

// The header of an item, or of the container.
typedef struct zbi_header {
  uint32_t type;       // ZBI_TYPE_*.
  uint32_t length;     // Of the payload, without header and padding.
  uint32_t extra;      // Says more for some types; 0 for others.
  uint32_t flags;      // ZBI_FLAGS_*.
  uint32_t reserved0;  // 0.
  uint32_t reserved1;  // 0.
  uint32_t magic;      // ZBI_ITEM_MAGIC.
  uint32_t crc32;      // Of the payload, or ZBI_ITEM_NO_CRC32.
} zbi_header_t;

// An initializer for the header of a container with `size` bytes of items, a multiple of 8.
#define ZBI_CONTAINER_HEADER(size)                                                            \
  {                                                                                           \
    ZBI_TYPE_CONTAINER, (size), ZBI_CONTAINER_MAGIC, ZBI_FLAGS_VERSION, 0, 0, ZBI_ITEM_MAGIC, \
        ZBI_ITEM_NO_CRC32                                                                     \
  }

// ---- Types ----

#define ZBI_TYPE_CONTAINER 0x544f4f42u  // "BOOT"
#define ZBI_TYPE_DISCARD 0x50494b53u    // "SKIP": as if it were not there.

// Kernels: zbi_kernel_t, then the image.
#define ZBI_TYPE_KERNEL_PREFIX 0x004e524bu  // A kernel's type, but for the highest byte.
#define ZBI_TYPE_KERNEL_MASK 0x00ffffffu
#define ZBI_IS_KERNEL_BOOTITEM(type) (((type)&ZBI_TYPE_KERNEL_MASK) == ZBI_TYPE_KERNEL_PREFIX)
#define ZBI_TYPE_KERNEL_X64 0x4c4e524bu
#define ZBI_TYPE_KERNEL_ARM64 0x384e524bu
#define ZBI_TYPE_KERNEL_RISCV64 0x564e524bu  // Current.

// Storage: `extra` is the size when it is not compressed.
#define ZBI_TYPE_STORAGE_RAMDISK 0x4b534452u
#define ZBI_TYPE_STORAGE_BOOTFS 0x42534642u
#define ZBI_TYPE_STORAGE_KERNEL 0x5254534bu          // Current.
#define ZBI_TYPE_STORAGE_BOOTFS_FACTORY 0x46534642u  // Current.

// Text and settings.
#define ZBI_TYPE_CMDLINE 0x4c444d43u             // Text, with a NUL behind it.
#define ZBI_TYPE_CRASHLOG 0x4d4f4f42u            // Text of a crash before.
#define ZBI_TYPE_NVRAM 0x4c4c564eu               // zbi_nvram_t.
#define ZBI_TYPE_PLATFORM_ID 0x44494c50u         // zbi_platform_id_t.
#define ZBI_TYPE_BOOT_CONFIG 0x47464342u         // 2018.
#define ZBI_TYPE_BOOT_VERSION 0x53525642u        // Text.
#define ZBI_TYPE_IMAGE_ARGS 0x47524149u          // Current: lines of key=value.
#define ZBI_TYPE_SERIAL_NUMBER 0x4e4c5253u       // Current: text.
#define ZBI_TYPE_BOOTLOADER_FILE 0x4c465442u     // Current: a name, and contents.
#define ZBI_TYPE_HW_REBOOT_REASON 0x42525748u    // Current.
#define ZBI_TYPE_SECURE_ENTROPY 0x444e4152u      // Current: random bytes.
#define ZBI_TYPE_DEBUGDATA 0x44474244u           // Current.
#define ZBI_TYPE_DEVICETREE 0xd00dfeedu          // Current.
#define ZBI_TYPE_RISCV64_ISA_STRTAB 0x41534956u  // Current.

// The machine.
#define ZBI_TYPE_CPU_CONFIG 0x43555043u
#define ZBI_TYPE_CPU_TOPOLOGY 0x544f504fu
#define ZBI_TYPE_MEM_CONFIG 0x434d454du        // zbi_mem_range_t, any number. On x86: current.
#define ZBI_TYPE_KERNEL_DRIVER 0x5652444bu     // `extra` is a ZBI_KERNEL_DRIVER_*. On x86: current.
#define ZBI_TYPE_ACPI_RSDP 0x50445352u         // 64-bit address.
#define ZBI_TYPE_SMBIOS 0x49424d53u            // 64-bit address.
#define ZBI_TYPE_EFI_SYSTEM_TABLE 0x53494645u  // 64-bit address.
#define ZBI_TYPE_EFI_MEMORY_MAP 0x4d494645u    // 2018: 64-bit size of an entry, then the entries.
#define ZBI_TYPE_EFI_MEMORY_ATTRIBUTES_TABLE 0x54414d45u  // Current.
#define ZBI_TYPE_E820_TABLE 0x30323845u                   // 2018: e820entry_t, any number.
#define ZBI_TYPE_DEBUG_UART 0x54524155u                   // 2018: zbi_uart_t.
#define ZBI_TYPE_FRAMEBUFFER 0x42465753u                  // zbi_swfb_t.

// For drivers: the lowest byte is 'm'.
#define ZBI_TYPE_DRV_METADATA_PREFIX 0x0000006du
#define ZBI_TYPE_DRV_METADATA_MASK 0x000000ffu  // What of a type says so.
// Whether a type is a driver's.
#define ZBI_IS_DRIVER_METADATA(type) \
  (((type)&ZBI_TYPE_DRV_METADATA_MASK) == ZBI_TYPE_DRV_METADATA_PREFIX)
#define ZBI_TYPE_DRV_BOARD_INFO 0x4953426du     // The revision of the board.
#define ZBI_TYPE_DRV_BOARD_PRIVATE 0x524f426du  // As the board defines it.
#define ZBI_TYPE_DRV_MAC_ADDRESS 0x43414d6du    // `extra` is the interface's index.
#define ZBI_TYPE_DRV_PARTITION_MAP 0x5452506du  // Partitions of a disk.

// ---- Payloads ----

// ZBI_TYPE_KERNEL_*: what the payload begins with. The kernel's memory image is the container's
// header, the item's header and the payload, as they stand in the file.
typedef struct zbi_kernel {
  uint64_t entry;                // Up to 0x100000: an offset from the memory image's start; above,
                                 // on x86: an address, and the image belongs at 0x100000.
  uint64_t reserve_memory_size;  // Free RAM that must follow the memory image.
} zbi_kernel_t;

// A kernel as it stands in a file and in memory: both headers, and the beginning of the payload.
typedef struct zircon_kernel {
  zbi_header_t hdr_file;     // Of the container.
  zbi_header_t hdr_kernel;   // Of the item.
  zbi_kernel_t data_kernel;  // And the image behind it.
} zircon_kernel_t;

// ZBI_TYPE_CPU_CONFIG: groups of processors; behind it `cluster_count` of zbi_cpu_cluster_t.
typedef struct zbi_cpu_config {
  uint32_t cluster_count;  // How many there are.
  uint32_t reserved[3];    // 0.
} zbi_cpu_config_t;

// A group of processors of one kind.
typedef struct zbi_cpu_cluster {
  uint32_t cpu_count;  // How many there are.
  uint32_t type;       // 0.
  uint32_t flags;      // 0.
  uint32_t reserved;   // 0.
} zbi_cpu_cluster_t;

// ZBI_TYPE_CPU_TOPOLOGY: a tree of nodes, each behind its parent. Numbers that a node has.
#define ZBI_TOPOLOGY_NO_PARENT ZX_DETAIL_CAST(uint16_t, 0xffff)
#define ZBI_MAX_SMT 4  // Threads of one processor.

// What a node is.
#define ZBI_TOPOLOGY_ENTITY_UNDEFINED 0
#define ZBI_TOPOLOGY_ENTITY_PROCESSOR 1
#define ZBI_TOPOLOGY_ENTITY_CLUSTER 2
#define ZBI_TOPOLOGY_ENTITY_CACHE 3
#define ZBI_TOPOLOGY_ENTITY_DIE 4
#define ZBI_TOPOLOGY_ENTITY_SOCKET 5
#define ZBI_TOPOLOGY_ENTITY_POWER_PLANE 6
#define ZBI_TOPOLOGY_ENTITY_NUMA_REGION 7

// What a processor's architecture is.
#define ZBI_TOPOLOGY_ARCH_UNDEFINED 0
#define ZBI_TOPOLOGY_ARCH_X86 1
#define ZBI_TOPOLOGY_ARCH_ARM 2

// Flags of a processor: it boots; it takes interrupts.
#define ZBI_TOPOLOGY_PROCESSOR_PRIMARY 1
#define ZBI_TOPOLOGY_PROCESSOR_INTERRUPT 2

// What arm64 says of a processor: its affinity, by level, and of a GIC of version 2.
typedef struct zbi_topology_arm_info {
  uint8_t cluster_1_id;  // Level 1;
  uint8_t cluster_2_id;  // level 2;
  uint8_t cluster_3_id;  // level 3.
  uint8_t cpu_id;        // Level 0.
  uint8_t gic_id;        // Its number in the GIC.
} zbi_topology_arm_info_t;

// What x86 says of a processor.
typedef struct zbi_topology_x86_info {
  uint32_t apic_id;  // Of its local APIC.
} zbi_topology_x86_info_t;

// A processor.
typedef struct zbi_topology_processor {
  uint16_t logical_ids[ZBI_MAX_SMT];  // The kernel's numbers for its threads.
  uint8_t logical_id_count;           // How many there are.
  uint8_t padding1;
  uint16_t flags;        // A set of ZBI_TOPOLOGY_PROCESSOR_*.
  uint8_t architecture;  // ZBI_TOPOLOGY_ARCH_*: which member of the union is meant.
  uint8_t padding2[3];
  union {
    zbi_topology_arm_info_t arm_info;
    zbi_topology_x86_info_t x86_info;
    uint32_t padding3[2];
  } architecture_info;  // What its architecture says.
} zbi_topology_processor_t;

// Processors that belong together.
typedef struct zbi_topology_cluster {
  uint8_t performance_class;  // Higher is faster.
} zbi_topology_cluster_t;

// A cache that they share.
typedef struct zbi_topology_cache {
  uint32_t cache_id;  // Its number.
} zbi_topology_cache_t;

// Memory that is near to them.
typedef struct zbi_topology_numa_region {
  uint64_t start_address;  // First address,
  uint64_t end_address;    // and the one behind the last.
} zbi_topology_numa_region_t;

// A node.
typedef struct zbi_topology_node {
  uint8_t entity_type;  // ZBI_TOPOLOGY_ENTITY_*: which member of the union is meant.
  uint8_t padding1;
  uint16_t parent_index;  // In the table, or ZBI_TOPOLOGY_NO_PARENT.
  uint8_t padding2[4];
  union {
    zbi_topology_processor_t processor;
    zbi_topology_cluster_t cluster;
    zbi_topology_cache_t cache;
    zbi_topology_numa_region_t numa_region;
  } entity;  // What it says.
} zbi_topology_node_t;

ZX_DETAIL_SIZE(zircon_kernel_t, 80);
ZX_DETAIL_SIZE(zbi_topology_arm_info_t, 5);
ZX_DETAIL_SIZE(zbi_topology_processor_t, 24);
ZX_DETAIL_SIZE(zbi_topology_node_t, 32);

// ZBI_TYPE_STORAGE_BOOTFS: a header, entries, and from multiples of pages the files.
#define ZBI_BOOTFS_MAGIC 0xa56d3ff9u
#define ZBI_BOOTFS_PAGE_SIZE 4096u
#define ZBI_BOOTFS_MAX_NAME_LEN 256u  // Bytes, the NUL included.

// `size`, in bytes, as whole pages.
#define ZBI_BOOTFS_PAGE_ALIGN(size) \
  (((size) + ZBI_BOOTFS_PAGE_SIZE - 1) & ~(ZBI_BOOTFS_PAGE_SIZE - 1))

// Its header.
typedef struct zbi_bootfs_header {
  uint32_t magic;      // ZBI_BOOTFS_MAGIC.
  uint32_t dirsize;    // Bytes of the entries.
  uint32_t reserved0;  // 0.
  uint32_t reserved1;  // 0.
} zbi_bootfs_header_t;

// An entry; its name stands behind it.
typedef struct zbi_bootfs_dirent {
  uint32_t name_len;  // Bytes of the name, the NUL included.
  uint32_t data_len;  // Bytes of the file.
  uint32_t data_off;  // Where it begins, from the image's beginning.
} zbi_bootfs_dirent_t;

// The size in bytes of an entry with its name.
#define ZBI_BOOTFS_DIRENT_SIZE(name_len) \
  ((ZX_DETAIL_CAST(uint32_t, sizeof(zbi_bootfs_dirent_t)) + (name_len) + 3u) & ~3u)

// ZBI_TYPE_MEM_CONFIG. Any order; RESERVED may overlap others, and wins.
typedef struct zbi_mem_range {
  uint64_t paddr;     // First address.
  uint64_t length;    // Bytes.
  uint32_t type;      // ZBI_MEM_RANGE_*; an unknown one is as RESERVED.
  uint32_t reserved;  // 0.
} zbi_mem_range_t;

// Kinds of range.
#define ZBI_MEM_RANGE_RAM 1u
#define ZBI_MEM_RANGE_PERIPHERAL 2u
#define ZBI_MEM_RANGE_RESERVED 3u

// ZBI_TYPE_DEBUG_UART. A PC_PORT's base is an I/O port.
typedef struct zbi_uart {
  uint64_t base;  // Address, or I/O port.
  uint32_t type;  // ZBI_UART_*.
  uint32_t irq;   // Of the interrupt controller.
} zbi_uart_t;

// Kinds of serial port.
#define ZBI_UART_NONE 0u
#define ZBI_UART_PC_PORT 1u
#define ZBI_UART_PC_MMIO 2u

// ZBI_TYPE_NVRAM.
typedef struct zbi_nvram {
  uint64_t base;    // First address.
  uint64_t length;  // Bytes.
} zbi_nvram_t;

// ZBI_TYPE_FRAMEBUFFER.
typedef struct zbi_swfb {
  uint64_t base;    // First address.
  uint32_t width;   // Pixels in a line.
  uint32_t height;  // Lines.
  uint32_t stride;  // Pixels from one line to the next.
  uint32_t format;  // Of a pixel; its numbers are not part of this header.
} zbi_swfb_t;

// Room for the name of a board.
#define ZBI_BOARD_NAME_LEN 32

// ZBI_TYPE_PLATFORM_ID.
typedef struct zbi_platform_id {
  uint32_t vid;                         // Vendor.
  uint32_t pid;                         // Product.
  char board_name[ZBI_BOARD_NAME_LEN];  // Text, with a NUL behind it.
} zbi_platform_id_t;

// ZBI_TYPE_KERNEL_DRIVER: `extra`, and what the payload is.
#define ZBI_KERNEL_DRIVER_I8250_PIO_UART 0x30353238u     // zbi_dcfg_simple_pio_t.
#define ZBI_KERNEL_DRIVER_I8250_MMIO32_UART 0x4d353238u  // zbi_dcfg_simple_t.
#define ZBI_KERNEL_DRIVER_I8250_MMIO8_UART 0x42353238u   // zbi_dcfg_simple_t.
#define ZBI_KERNEL_DRIVER_DW8250_UART 0x44573855u        // zbi_dcfg_simple_t.
#define ZBI_KERNEL_DRIVER_PL011_UART 0x55304c50u         // zbi_dcfg_simple_t.
#define ZBI_KERNEL_DRIVER_ARM_PSCI 0x49435350u
#define ZBI_KERNEL_DRIVER_ARM_GIC_V2 0x32434947u
#define ZBI_KERNEL_DRIVER_ARM_GIC_V3 0x33434947u
#define ZBI_KERNEL_DRIVER_ARM_GENERIC_TIMER 0x4d495441u

// A device with registers in memory, as dcfg_simple_t.
typedef struct zbi_dcfg_simple {
  uint64_t mmio_phys;  // First address of the registers.
  uint32_t irq;        // Of the interrupt controller.
  uint32_t flags;      // 0 in 2018.
} zbi_dcfg_simple_t;

#if !ZX_DETAIL_API_2018
// The records of <zircon/boot/driver-config.h> under their names of today.
typedef dcfg_arm_psci_driver_t zbi_dcfg_arm_psci_driver_t;
typedef dcfg_arm_gicv2_driver_t zbi_dcfg_arm_gic_v2_driver_t;
typedef dcfg_arm_gicv3_driver_t zbi_dcfg_arm_gic_v3_driver_t;
typedef dcfg_arm_generic_timer_driver_t zbi_dcfg_arm_generic_timer_driver_t;
#endif

// A device with I/O ports.
typedef struct zbi_dcfg_simple_pio {
  uint16_t base;      // First I/O port.
  uint16_t reserved;  // 0.
  uint32_t irq;       // Of the interrupt controller.
} zbi_dcfg_simple_pio_t;

#endif  // ZIRCON_BOOT_IMAGE_H_
