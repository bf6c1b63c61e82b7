// zircon/errors.h: the values of zx_status_t.
//
// Zero is success, what is below it an error. When a call gives which error is written at the call,
// in <zircon/syscalls.h>; zx_status_get_string(), in <zircon/status.h>, gives the name of a value:
//
//   zx_status_t status = zx_handle_close(handle);
//   if (status == ZX_ERR_BAD_HANDLE) { ... }

#ifndef ZIRCON_ERRORS_H_
#define ZIRCON_ERRORS_H_

// Success.
#define ZX_OK (0)

// General failures.
#define ZX_ERR_INTERNAL (-1)       // Something broke inside the library or the host kernel.
#define ZX_ERR_NOT_SUPPORTED (-2)  // Not implemented, or not possible on this object or host.
#define ZX_ERR_NO_RESOURCES (-3)   // A limited resource other than memory has run out.
#define ZX_ERR_NO_MEMORY (-4)      // Out of memory, or the handle table is full.

// Private to the implementation; no call returns them.
#define ZX_ERR_INTERNAL_INTR_RETRY (-6)
#define ZX_ERR_INTERNAL_INTR_KILLED (-502)

// The caller's arguments.
#define ZX_ERR_INVALID_ARGS (-10)      // A bad value, option or pointer.
#define ZX_ERR_BAD_HANDLE (-11)        // Not a live handle.
#define ZX_ERR_WRONG_TYPE (-12)        // A handle to another kind of object.
#define ZX_ERR_BAD_SYSCALL (-13)       // No such call.
#define ZX_ERR_OUT_OF_RANGE (-14)      // A number outside the range the object covers.
#define ZX_ERR_BUFFER_TOO_SMALL (-15)  // The buffer cannot hold the answer.

// The state of the object.
#define ZX_ERR_BAD_STATE (-20)       // Not possible in the present state, or from this thread.
#define ZX_ERR_TIMED_OUT (-21)       // The deadline passed first.
#define ZX_ERR_SHOULD_WAIT (-22)     // Not possible now; try again later.
#define ZX_ERR_CANCELED (-23)        // Broken off by another thread.
#define ZX_ERR_PEER_CLOSED (-24)     // The other end is gone.
#define ZX_ERR_NOT_FOUND (-25)       // Nothing is there.
#define ZX_ERR_ALREADY_EXISTS (-26)  // Something is there already.
#define ZX_ERR_ALREADY_BOUND (-27)   // Taken by another user.
#define ZX_ERR_UNAVAILABLE (-28)     // The service is not there at present.

// Permission.
#define ZX_ERR_ACCESS_DENIED (-30)  // The handle lacks a right, or the host refuses.

// Input and output.
#define ZX_ERR_IO (-40)
#define ZX_ERR_IO_REFUSED (-41)
#define ZX_ERR_IO_DATA_INTEGRITY (-42)
#define ZX_ERR_IO_DATA_LOSS (-43)
#define ZX_ERR_IO_NOT_PRESENT (-44)
#define ZX_ERR_IO_OVERRUN (-45)
#define ZX_ERR_IO_MISSED_DEADLINE (-46)
#define ZX_ERR_IO_INVALID (-47)

// File systems.
#define ZX_ERR_BAD_PATH (-50)
#define ZX_ERR_NOT_DIR (-51)
#define ZX_ERR_NOT_FILE (-52)
#define ZX_ERR_FILE_BIG (-53)
#define ZX_ERR_NO_SPACE (-54)
#define ZX_ERR_NOT_EMPTY (-55)

// Flow control between a caller and its callback.
#define ZX_ERR_STOP (-60)
#define ZX_ERR_NEXT (-61)
#define ZX_ERR_ASYNC (-62)

// Networking.
#define ZX_ERR_PROTOCOL_NOT_SUPPORTED (-70)
#define ZX_ERR_ADDRESS_UNREACHABLE (-71)
#define ZX_ERR_ADDRESS_IN_USE (-72)
#define ZX_ERR_NOT_CONNECTED (-73)
#define ZX_ERR_CONNECTION_REFUSED (-74)
#define ZX_ERR_CONNECTION_RESET (-75)
#define ZX_ERR_CONNECTION_ABORTED (-76)

#endif  // ZIRCON_ERRORS_H_
