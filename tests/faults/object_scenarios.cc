// What a program does with the other objects.

#include <zircon-kvm/host.h>
#include <zircon/process.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zircon/syscalls/resource.h>

#include <cstring>

#include "faults/run.h"
#include "faults/scenarios.h"

namespace zircon::faults {
namespace {

// The deadline of a wait that is not to wait.
constexpr zx_time_t kPast = 1;

}  // namespace

void SendMessages(Run& run) {
  Handle ends[2] = {Handle(run), Handle(run)};
  if (!DO(run, ZX_OK, zx_channel_create(0, ends[0].put(), ends[1].put()))) return;
  Handle event(run);
  if (!DO(run, ZX_OK, zx_event_create(0, event.put()))) return;
  Handle copy(run);
  if (!DO(run, ZX_OK, zx_handle_duplicate(event.get(), ZX_RIGHT_SAME_RIGHTS, copy.put()))) return;
  static char bytes[20000];
  std::memset(bytes, 'x', sizeof(bytes));
  if (!DO(run, ZX_OK, zx_channel_write(ends[0].get(), 0, bytes, 16, nullptr, 0))) return;
  if (!DO(run, ZX_OK, zx_channel_write(ends[0].get(), 0, bytes, sizeof(bytes), nullptr, 0))) return;
  // The handle goes, whatever comes of the call.
  const zx_handle_t sent = copy.Release();
  if (!DO_ONCE(run, ZX_OK, zx_channel_write(ends[0].get(), 0, nullptr, 0, &sent, 1))) return;
  zx_handle_disposition_t kept = {ZX_HANDLE_OP_DUPLICATE, event.get(), ZX_OBJ_TYPE_EVENT,
                                  ZX_RIGHT_SAME_RIGHTS, ZX_OK};
  if (!DO(run, ZX_OK, zx_channel_write_etc(ends[0].get(), 0, bytes, 4, &kept, 1))) return;

  uint32_t count = 0;
  uint32_t handles = 0;
  for (const uint32_t size : {16u, static_cast<uint32_t>(sizeof(bytes))}) {
    if (!DO(run, ZX_OK,
            zx_channel_read(ends[1].get(), 0, bytes, nullptr, sizeof(bytes), 0, &count,
                            &handles))) {
      return;
    }
    CHECK_THAT(run, count == size && handles == 0);
  }
  Handle received(run);
  if (!DO(run, ZX_OK,
          zx_channel_read(ends[1].get(), 0, bytes, received.put(), sizeof(bytes), 1, &count,
                          &handles))) {
    return;
  }
  CHECK_THAT(run, count == 0 && handles == 1);
  zx_handle_info_t info = {};
  if (!DO(run, ZX_OK,
          zx_channel_read_etc(ends[1].get(), 0, bytes, &info, sizeof(bytes), 1, &count,
                              &handles))) {
    return;
  }
  run.Close(info.handle);
  CHECK_THAT(run, count == 4 && info.type == ZX_OBJ_TYPE_EVENT);
  // Nobody answers.
  uint32_t transaction[4] = {};
  const zx_channel_call_args_t args = {transaction, nullptr, transaction, nullptr, 16, 0, 16, 0};
  if (!DO(run, ZX_ERR_TIMED_OUT,
          zx_channel_call(ends[0].get(), 0, run.Soon(), &args, &count, &handles))) {
    return;
  }
  if (!DO(run, ZX_OK, zx_channel_read(ends[1].get(), 0, bytes, nullptr, 16, 0, &count, &handles))) {
    return;
  }
}

void StreamBytes(Run& run) {
  static char bytes[100000];
  Handle ends[2] = {Handle(run), Handle(run)};
  if (!DO(run, ZX_OK, zx_socket_create(ZX_SOCKET_STREAM, ends[0].put(), ends[1].put()))) return;
  size_t moved = 0;
  if (!DO(run, ZX_OK, zx_socket_write(ends[0].get(), 0, bytes, sizeof(bytes), &moved))) return;
  CHECK_THAT(run, moved == sizeof(bytes));
  if (!DO(run, ZX_OK, zx_socket_read(ends[1].get(), ZX_SOCKET_PEEK, bytes, 100, &moved))) return;
  if (!DO(run, ZX_OK, zx_socket_read(ends[1].get(), 0, bytes, sizeof(bytes), &moved))) return;
  CHECK_THAT(run, moved == sizeof(bytes));
  if (!DO(run, ZX_OK,
          zx_socket_set_disposition(ends[0].get(), ZX_SOCKET_DISPOSITION_WRITE_DISABLED, 0))) {
    return;
  }
  Handle parts[2] = {Handle(run), Handle(run)};
  if (!DO(run, ZX_OK, zx_socket_create(ZX_SOCKET_DATAGRAM, parts[0].put(), parts[1].put()))) return;
  if (!DO(run, ZX_OK, zx_socket_write(parts[0].get(), 0, bytes, 500, &moved))) return;
  if (!DO(run, ZX_OK, zx_socket_read(parts[1].get(), 0, bytes, 100, &moved))) return;
  CHECK_THAT(run, moved == 100);
}

void UseFifos(Run& run) {
  static char bytes[16 * 8];
  size_t moved = 0;
  Handle fifo[2] = {Handle(run), Handle(run)};
  if (!DO(run, ZX_OK, zx_fifo_create(16, 8, 0, fifo[0].put(), fifo[1].put()))) return;
  if (!DO(run, ZX_OK, zx_fifo_write(fifo[0].get(), 8, bytes, 3, &moved))) return;
  CHECK_THAT(run, moved == 3);
  if (!DO(run, ZX_OK, zx_fifo_read(fifo[1].get(), 8, bytes, 16, &moved))) return;
  CHECK_THAT(run, moved == 3);
}

void WaitAtPorts(Run& run) {
  Handle port(run);
  if (!DO(run, ZX_OK, zx_port_create(0, port.put()))) return;
  zx_port_packet_t packet = {};
  packet.key = 5;
  packet.type = ZX_PKT_TYPE_USER;
  if (!DO(run, ZX_OK, zx_port_queue(port.get(), &packet))) return;
  if (!DO(run, ZX_OK, zx_port_wait(port.get(), kPast, &packet))) return;
  CHECK_THAT(run, packet.key == 5);

  Handle pair[2] = {Handle(run), Handle(run)};
  if (!DO(run, ZX_OK, zx_eventpair_create(0, pair[0].put(), pair[1].put()))) return;
  if (!DO(run, ZX_OK,
          zx_object_wait_async(pair[0].get(), port.get(), 6, ZX_EVENTPAIR_PEER_CLOSED, 0))) {
    return;
  }
  if (!DO(run, ZX_OK,
          zx_object_wait_async(pair[0].get(), port.get(), 7, ZX_USER_SIGNAL_0,
                               ZX_WAIT_ASYNC_EDGE))) {
    return;
  }
  if (!DO(run, ZX_ERR_TIMED_OUT, zx_port_wait(port.get(), run.Soon(), &packet))) return;
  if (!DO(run, ZX_OK, zx_object_signal_peer(pair[1].get(), 0, ZX_USER_SIGNAL_0))) return;
  if (!DO(run, ZX_OK, zx_port_wait(port.get(), kPast, &packet))) return;
  CHECK_THAT(run, packet.key == 7 && packet.type == ZX_PKT_TYPE_SIGNAL_ONE);
  if (!DO(run, ZX_OK, zx_port_cancel(port.get(), pair[0].get(), 6))) return;
  zx_signals_t observed = 0;
  if (!DO(run, ZX_OK,
          zx_object_wait_one(pair[0].get(), ZX_USER_SIGNAL_0, ZX_TIME_INFINITE, &observed))) {
    return;
  }
  zx_wait_item_t items[] = {{pair[0].get(), ZX_USER_SIGNAL_1, 0},
                            {pair[1].get(), ZX_USER_SIGNAL_1, 0}};
  if (!DO(run, ZX_ERR_TIMED_OUT, zx_object_wait_many(items, 2, run.Soon()))) return;
  if (!DO(run, ZX_OK, zx_object_wait_async(pair[1].get(), port.get(), 8, ZX_USER_SIGNAL_2, 0))) {
    return;
  }
  if (!DO(run, ZX_OK, zx_port_cancel_key(port.get(), 0, 8))) return;
  if (!DO(run, ZX_OK, zx_nanosleep(run.Soon()))) return;
}

void UseTimers(Run& run) {
  Handle timer(run);
  if (!DO(run, ZX_OK, zx_timer_create(0, ZX_CLOCK_MONOTONIC, timer.put()))) return;
  if (!DO(run, ZX_OK, zx_timer_set(timer.get(), run.Soon(), 0))) return;
  zx_signals_t observed = 0;
  if (!DO(run, ZX_OK,
          zx_object_wait_one(timer.get(), ZX_TIMER_SIGNALED, ZX_TIME_INFINITE, &observed))) {
    return;
  }
  if (!DO(run, ZX_OK, zx_timer_set(timer.get(), ZX_TIME_INFINITE, 0))) return;
  if (!DO(run, ZX_OK, zx_timer_cancel(timer.get()))) return;
}

void UseInterrupts(Run& run) {
  Handle interrupt(run);
  Handle port(run);
  if (!DO(run, ZX_OK,
          zx_interrupt_create(ZX_HANDLE_INVALID, 0, ZX_INTERRUPT_VIRTUAL, interrupt.put()))) {
    return;
  }
  if (!DO(run, ZX_OK, zx_interrupt_trigger(interrupt.get(), 0, 77))) return;
  zx_time_t when = 0;
  if (!DO(run, ZX_OK, zx_interrupt_wait(interrupt.get(), &when))) return;
  CHECK_THAT(run, when == 77);
  if (!DO(run, ZX_OK, zx_port_create(ZX_PORT_BIND_TO_INTERRUPT, port.put()))) return;
  Handle bound(run);
  if (!DO(run, ZX_OK,
          zx_interrupt_create(ZX_HANDLE_INVALID, 0, ZX_INTERRUPT_VIRTUAL, bound.put()))) {
    return;
  }
  if (!DO(run, ZX_OK, zx_interrupt_bind(bound.get(), port.get(), 9, ZX_INTERRUPT_BIND))) return;
  for (int i = 0; i < 2; ++i) {
    if (!DO(run, ZX_OK, zx_interrupt_trigger(bound.get(), 0, 78 + i))) return;
    zx_port_packet_t packet = {};
    if (!DO(run, ZX_OK, zx_port_wait(port.get(), kPast, &packet))) return;
    CHECK_THAT(run, packet.key == 9 && packet.interrupt.timestamp == 78 + i);
    if (!DO(run, ZX_OK, zx_interrupt_ack(bound.get()))) return;
  }
  if (!DO(run, ZX_OK, zx_interrupt_destroy(bound.get()))) return;
}

void UseResources(Run& run) {
  Handle root(run);
  Handle range(run);
  if (!DO(run, ZX_OK, zircon_kvm_root_resource(root.put()))) return;
  if (!DO(run, ZX_OK,
          zx_resource_create(root.get(), ZX_RSRC_KIND_MMIO | ZX_RSRC_FLAG_EXCLUSIVE, 0x1000, 0x1000,
                             "range", 5, range.put()))) {
    return;
  }
  Handle second(run);
  if (!DO(run, ZX_OK, zx_handle_replace(range.get(), ZX_RIGHT_SAME_RIGHTS, second.put()))) return;
  range.Release();
  zx_info_resource_t info = {};
  if (!DO(run, ZX_OK,
          zx_object_get_info(second.get(), ZX_INFO_RESOURCE, &info, sizeof(info), nullptr,
                             nullptr))) {
    return;
  }
  CHECK_THAT(run, info.base == 0x1000);
  char name[ZX_MAX_NAME_LEN] = "other";
  Handle vmo(run);
  if (!DO(run, ZX_OK, zx_vmo_create(0, 0, vmo.put()))) return;
  if (!DO(run, ZX_OK, zx_object_set_property(vmo.get(), ZX_PROP_NAME, name, sizeof(name)))) return;
  if (!DO(run, ZX_OK, zx_object_get_property(vmo.get(), ZX_PROP_NAME, name, sizeof(name)))) return;
  zx_handle_t many[] = {vmo.Release(), second.Release()};
  if (!DO(run, ZX_OK, zx_handle_close_many(many, 2))) return;
}

// What is told of the process, and of the machine.
void AskForInfo(Run& run) {
  zx_handle_t process = ZX_HANDLE_INVALID;
  run.Call("zx_process_self()", [&] { process = zx_process_self(); });
  zx_info_task_stats_t memory = {};
  if (!DO(run, ZX_OK,
          zx_object_get_info(process, ZX_INFO_TASK_STATS, &memory, sizeof(memory), nullptr,
                             nullptr))) {
    return;
  }
  zx_info_handle_count_t count = {};
  Handle event(run);
  if (!DO(run, ZX_OK, zx_event_create(0, event.put()))) return;
  if (!DO(run, ZX_OK,
          zx_object_get_info(event.get(), ZX_INFO_HANDLE_COUNT, &count, sizeof(count), nullptr,
                             nullptr))) {
    return;
  }
  CHECK_THAT(run, count.handle_count == 1);
  unsigned char drawn[64] = {};
  run.Call("zx_cprng_draw(…)", [&] { zx_cprng_draw(drawn, sizeof(drawn)); });
  unsigned char zeros[64] = {};
  CHECK_THAT(run, std::memcmp(drawn, zeros, sizeof(drawn)) != 0);
  run.Call("zx_system_get_physmem()", [&] { CHECK_THAT(run, zx_system_get_physmem() != 0); });
  run.Call("zx_clock_get_monotonic()", [&] { CHECK_THAT(run, zx_clock_get_monotonic() != 0); });
}

}  // namespace zircon::faults
