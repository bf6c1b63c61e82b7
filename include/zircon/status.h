// zircon/status.h: names of status values, for messages.
//
//   fprintf(stderr, "guest: %s\n", zx_status_get_string(status));  // guest: ZX_ERR_NOT_SUPPORTED

#ifndef ZIRCON_STATUS_H_
#define ZIRCON_STATUS_H_

#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Gives the name of a status, such as "ZX_ERR_TIMED_OUT", or "(UNKNOWN)".
//
// Never NULL; the text is constant. Any thread.
//
// Contract: STATUS.
const char* zx_status_get_string(zx_status_t status) ZX_DETAIL_CALL;

ZX_DETAIL_TWIN(status_get_string);

ZX_DETAIL_C_END

#endif  // ZIRCON_STATUS_H_
