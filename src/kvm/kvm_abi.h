// The kernel's KVM interface, the one place that includes <linux/kvm.h>.
//
// Some distributions' header gives wrong sizes in C++: its flexible-array macro holds an empty
// struct, which is one byte long in C++ and zero in C, so struct kvm_cpuid2 comes out as 12 bytes
// instead of 8 and with it the ioctl numbers that encode the size (the kernel answers EINVAL). The
// macro is replaced before the header is read, and the sizes and numbers are held to the C ones.

#pragma once

#include <linux/stddef.h>
#include <linux/types.h>

#undef __DECLARE_FLEX_ARRAY
#define __DECLARE_FLEX_ARRAY(TYPE, NAME) TYPE NAME[0]

// Zero-length arrays are how the kernel's structs end; that is not ours to warn about.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#include <linux/kvm.h>
#pragma GCC diagnostic pop

#include <cstddef>

static_assert(sizeof(kvm_cpuid2) == 8 && KVM_SET_CPUID2 == 0x4008AE90);
static_assert(KVM_GET_SUPPORTED_CPUID == 0xC008AE05);
static_assert(sizeof(kvm_msrs) == 8 && KVM_SET_MSRS == 0x4008AE89 && KVM_GET_MSRS == 0xC008AE88);
static_assert(sizeof(kvm_signal_mask) == 4 && KVM_SET_SIGNAL_MASK == 0x4004AE8B);
static_assert(sizeof(kvm_irq_routing) == 8);
static_assert(sizeof(kvm_coalesced_mmio_ring) == 8);
static_assert(sizeof(kvm_regs) == 144 && sizeof(kvm_sregs) == 312);
static_assert(sizeof(kvm_vcpu_events) == 64);
static_assert(offsetof(kvm_run, kvm_valid_regs) == 288 && offsetof(kvm_run, s) == 304);
static_assert(KVM_RUN == 0xAE80 && KVM_CREATE_VM == 0xAE01 && KVM_CREATE_VCPU == 0xAE41);
static_assert(KVM_SET_USER_MEMORY_REGION == 0x4020AE46);
