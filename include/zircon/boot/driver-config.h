// zircon/boot/driver-config.h: what a boot image tells a kernel of the devices that it drives
// itself: the payloads of items of type ZBI_TYPE_KERNEL_DRIVER.
//
// `extra` of the item's header says which driver, KDRV_*. In the current generation the same
// records and numbers have names that begin with zbi_ and ZBI_KERNEL_DRIVER_, in
// <zircon/boot/image.h>. Addresses are guest-physical; interrupts are numbers of the interrupt
// controller.
//
// Contract: ZBI.

#ifndef ZIRCON_BOOT_DRIVER_CONFIG_H_
#define ZIRCON_BOOT_DRIVER_CONFIG_H_

#include <stdbool.h>
#include <stdint.h>
#include <zircon-kvm/detail.h>

// Drivers.
#define KDRV_ARM_PSCI 0x49435350u           // dcfg_arm_psci_driver_t.
#define KDRV_ARM_GIC_V2 0x32434947u         // dcfg_arm_gicv2_driver_t.
#define KDRV_ARM_GIC_V3 0x33434947u         // dcfg_arm_gicv3_driver_t.
#define KDRV_ARM_GENERIC_TIMER 0x4d495441u  // dcfg_arm_generic_timer_driver_t.
#define KDRV_PL011_UART 0x55304c50u         // dcfg_simple_t.
#define KDRV_AMLOGIC_UART 0x554c4d41u       // dcfg_simple_t.
#define KDRV_NXP_IMX_UART 0x55584d49u       // dcfg_simple_t.

// A device with registers in memory.
typedef struct dcfg_simple {
  uint64_t mmio_phys;  // First address of the registers.
  uint32_t irq;        // Its interrupt.
  uint32_t flags;      // 0.
} dcfg_simple_t;

// The firmware that switches processors and the machine on and off: what to pass it for each.
typedef struct dcfg_arm_psci_driver {
  bool use_hvc;  // It is called with HVC, else SMC.
  uint8_t padding1[7];
  uint64_t shutdown_args[3];           // To switch the machine off;
  uint64_t reboot_args[3];             // to start it again,
  uint64_t reboot_bootloader_args[3];  // with its boot loader,
  uint64_t reboot_recovery_args[3];    // or with its recovery.
} dcfg_arm_psci_driver_t;

// An interrupt controller, version 2. Offsets are from mmio_phys.
typedef struct dcfg_arm_gicv2_driver {
  uint64_t mmio_phys;       // First address of the registers.
  uint64_t msi_frame_phys;  // Of the frame for message-signalled interrupts.
  uint64_t gicd_offset;     // The distributor.
  uint64_t gicc_offset;     // The processors' interface.
  uint64_t gich_offset;     // The control of virtual interfaces.
  uint64_t gicv_offset;     // The virtual interface.
  uint32_t ipi_base;        // First interrupt between processors.
  bool optional;            // The kernel may look for another version.
  bool use_msi;             // msi_frame_phys is good.
  uint8_t padding1[2];
} dcfg_arm_gicv2_driver_t;

// The same, version 3.
typedef struct dcfg_arm_gicv3_driver {
  uint64_t mmio_phys;     // First address of the registers.
  uint64_t gicd_offset;   // The distributor.
  uint64_t gicr_offset;   // The redistributors,
  uint64_t gicr_stride;   // and how far they lie apart.
  uint64_t mx8_gpr_phys;  // Of one chip's registers; 0.
  uint32_t ipi_base;      // First interrupt between processors.
  bool optional;          // The kernel may look for another version.
  uint8_t padding1[3];
} dcfg_arm_gicv3_driver_t;

// The processors' timer.
typedef struct dcfg_arm_generic_timer_driver {
  uint32_t irq_phys;       // Interrupt of the physical timer, 0 for none;
  uint32_t irq_virt;       // of the virtual one;
  uint32_t irq_sphys;      // of the secure one.
  uint32_t freq_override;  // Its rate in Hz, or 0: the processor's register tells.
} dcfg_arm_generic_timer_driver_t;

ZX_DETAIL_SIZE(dcfg_simple_t, 16);
ZX_DETAIL_SIZE(dcfg_arm_psci_driver_t, 104);
ZX_DETAIL_SIZE(dcfg_arm_gicv2_driver_t, 56);
ZX_DETAIL_SIZE(dcfg_arm_gicv3_driver_t, 48);
ZX_DETAIL_SIZE(dcfg_arm_generic_timer_driver_t, 16);

#endif  // ZIRCON_BOOT_DRIVER_CONFIG_H_
