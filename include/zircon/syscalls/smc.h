// zircon/syscalls/smc.h: what a call of arm64's secure monitor takes and gives.
//
// For programs that name the records; the call itself is the host kernel's to make.

#ifndef ZIRCON_SYSCALLS_SMC_H_
#define ZIRCON_SYSCALLS_SMC_H_

#include <zircon/types.h>

// What it takes: the function, and registers.
typedef struct zx_smc_parameters {
  uint32_t func_id;
  uint8_t padding1[4];
  uint64_t arg1;
  uint64_t arg2;
  uint64_t arg3;
  uint64_t arg4;
  uint64_t arg5;
  uint64_t arg6;
  uint16_t client_id;     // Who asks.
  uint16_t secure_os_id;  // Who is asked.
  uint8_t padding2[4];
} zx_smc_parameters_t;

ZX_DETAIL_SIZE(zx_smc_parameters_t, 64);
ZX_DETAIL_MEMBER(zx_smc_parameters_t, func_id, 0, 4);
ZX_DETAIL_MEMBER(zx_smc_parameters_t, padding1, 4, 4);
ZX_DETAIL_MEMBER(zx_smc_parameters_t, arg1, 8, 8);
ZX_DETAIL_MEMBER(zx_smc_parameters_t, arg2, 16, 8);
ZX_DETAIL_MEMBER(zx_smc_parameters_t, arg3, 24, 8);
ZX_DETAIL_MEMBER(zx_smc_parameters_t, arg4, 32, 8);
ZX_DETAIL_MEMBER(zx_smc_parameters_t, arg5, 40, 8);
ZX_DETAIL_MEMBER(zx_smc_parameters_t, arg6, 48, 8);
ZX_DETAIL_MEMBER(zx_smc_parameters_t, client_id, 56, 2);
ZX_DETAIL_MEMBER(zx_smc_parameters_t, secure_os_id, 58, 2);
ZX_DETAIL_MEMBER(zx_smc_parameters_t, padding2, 60, 4);

// What it gives: registers.
typedef struct zx_smc_result {
  uint64_t arg0;
  uint64_t arg1;
  uint64_t arg2;
  uint64_t arg3;
  uint64_t arg6;
} zx_smc_result_t;

ZX_DETAIL_SIZE(zx_smc_result_t, 40);
ZX_DETAIL_MEMBER(zx_smc_result_t, arg0, 0, 8);
ZX_DETAIL_MEMBER(zx_smc_result_t, arg1, 8, 8);
ZX_DETAIL_MEMBER(zx_smc_result_t, arg2, 16, 8);
ZX_DETAIL_MEMBER(zx_smc_result_t, arg3, 24, 8);
ZX_DETAIL_MEMBER(zx_smc_result_t, arg6, 32, 8);

// Which service a function belongs to: bits 24 to 29 of its number.
#define ARM_SMC_SERVICE_CALL_NUM_MAX 0x3F
#define ARM_SMC_SERVICE_CALL_NUM_MASK 0x3F
#define ARM_SMC_SERVICE_CALL_NUM_SHIFT 24
#define ARM_SMC_GET_SERVICE_CALL_NUM_FROM_FUNC_ID(func_id) \
  (((func_id) >> ARM_SMC_SERVICE_CALL_NUM_SHIFT) & ARM_SMC_SERVICE_CALL_NUM_MASK)

#endif  // ZIRCON_SYSCALLS_SMC_H_
