// Loads XMM0 to XMM15 from GUEST_DATA, comes to checkpoint 0, stores them from GUEST_DATA + 0x100 on
// and comes to checkpoint 1; over and over.
#include "guest.inc"

GUEST(vectors)
  .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  movups xmm\number, [GUEST_DATA + 16 * \number]
  .endr
  CHECKPOINT 0
  .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  movups [GUEST_DATA + 0x100 + 16 * \number], xmm\number
  .endr
  CHECKPOINT 1
  jmp guest_begin
END_GUEST(vectors)
