// The examples in the banners of <lib/zx/...> and <zircon/thread_annotations.h>, so that they
// cannot rot. Compiled, never run.

#include <lib/zx/clock.h>
#include <lib/zx/event.h>
#include <lib/zx/handle.h>
#include <lib/zx/result.h>
#include <lib/zx/time.h>
#include <zircon/thread_annotations.h>

#include <utility>

zx_status_t ExampleObject();
zx::event ExampleHandle(zx::event event);
void ExampleTime();
zx::time ExampleClock();
zx::result<zx::event> MakeEvent();
zx_status_t ExampleResult();

// zircon/thread_annotations.h
class TA_CAP("mutex") Mutex {};
extern Mutex mutex;
extern int count TA_GUARDED(mutex);

// lib/zx/object.h
zx_status_t ExampleObject() {
  zx::event event;
  if (zx_status_t status = zx::event::create(0, &event); status != ZX_OK) return status;
  event.signal(0, ZX_EVENT_SIGNALED);
  zx::unowned_event same = event.borrow();
  return same->wait_one(ZX_EVENT_SIGNALED, zx::time::infinite(), nullptr);
}

// lib/zx/handle.h
zx::event ExampleHandle(zx::event event) {
  zx::handle any = std::move(event);
  zx::event same(std::move(any));
  return same;
}

// lib/zx/time.h
void ExampleTime() {
  zx::time deadline = zx::deadline_after(zx::msec(10));
  zx::nanosleep(deadline);
}

// lib/zx/clock.h
zx::time ExampleClock() {
  zx::time now = zx::clock::get_monotonic();
  return now;
}

// lib/zx/result.h
zx::result<zx::event> MakeEvent() {
  zx::event event;
  if (zx_status_t status = zx::event::create(0, &event); status != ZX_OK) {
    return zx::error(status);
  }
  return zx::ok(std::move(event));
}

zx_status_t ExampleResult() {
  zx::result event = MakeEvent();
  if (event.is_error()) return event.status_value();
  event->signal(0, ZX_EVENT_SIGNALED);
  return ZX_OK;
}
