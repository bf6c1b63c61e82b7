// Forks while other threads are in calls of every kind: the child finds locks that nobody will ever
// unlock, and must come to none. Rows: HANDLE-FORK.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <thread>
#include <vector>

#include "contract.h"
#include "every_call.h"
#include "fake/fake_kernel.h"

namespace zircon {
namespace {

void Must(zx_status_t status) {
  if (status != ZX_OK) std::abort();
}

void UseVmos() {
  zx_handle_t vmo, child;
  zx_vaddr_t address;
  uint64_t word = 1;
  Must(zx_vmo_create(65536, ZX_VMO_RESIZABLE, &vmo));
  Must(zx_vmo_write(vmo, &word, 0, sizeof(word)));
  Must(zx_vmo_create_child(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, 4096, &child));
  Must(zx_vmo_set_size(vmo, 8192));
  Must(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, vmo, 0, 4096, &address));
  Must(zx_vmar_unmap(zx_vmar_root_self(), address, 4096));
  Must(zx_handle_close(child));
  Must(zx_handle_close(vmo));
}

void UsePairsAndPorts() {
  zx_handle_t port, end0, end1;
  zx_port_packet_t packet = {};
  Must(zx_port_create(0, &port));
  Must(zx_channel_create(0, &end0, &end1));
  Must(zx_object_wait_async(end1, port, 1, ZX_CHANNEL_READABLE, 0));
  Must(zx_channel_write(end0, 0, "word", 4, nullptr, 0));
  Must(zx_port_wait(port, ZX_TIME_INFINITE, &packet));
  for (const zx_handle_t handle : {port, end0, end1}) Must(zx_handle_close(handle));
  Must(zx_socket_create(0, &end0, &end1));
  Must(zx_socket_write(end0, 0, "word", 4, nullptr));
  for (const zx_handle_t handle : {end0, end1}) Must(zx_handle_close(handle));
}

void UseTimersAndNames() {
  zx_handle_t timer;
  Must(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timer));
  Must(zx_timer_set(timer, zx_deadline_after(1000), 0));
  Must(zx_handle_close(timer));
  std::thread([] {
    if (zx_thread_self() == ZX_HANDLE_INVALID) std::abort();
    Must(zx_object_set_property(zx_process_self(), ZX_PROP_NAME, "name", 4));
  }).join();
}

void UseGuests() {
  zx_handle_t resource, guest, space, vcpu;
  Must(zircon_kvm_hypervisor_resource(&resource));
  Must(zx_guest_create(resource, 0, &guest, &space));
  Must(zx_guest_set_trap(guest, ZX_GUEST_TRAP_IO, 1, 1, ZX_HANDLE_INVALID, 0));
  Must(zx_vcpu_create(guest, 0, 0, &vcpu));
  for (const zx_handle_t handle : {vcpu, space, guest, resource}) Must(zx_handle_close(handle));
}

TEST(ForkStress, NoCallHangsInAChild) {
  Shows("HANDLE-FORK-1 HANDLE-FORK-2");
  fake::FakeKernel kernel;
  kvm::SetProcessKernelForTest(&kernel);
  // In use for good before the first fork: a child of a process that has not used it is none.
  UseVmos();
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (void (*use)() : {UseVmos, UsePairsAndPorts, UseTimersAndNames, UseGuests}) {
    threads.emplace_back([&stop, use] {
      while (!stop.load()) use();
    });
  }
  int hung = 0, not_refused = 0;
  for (int round = 0; round < 150; ++round) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      alarm(10);
      _exit(CallsThatAreNotRefused());
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) ++hung;
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0) ++not_refused;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  kvm::SetProcessKernelForTest(nullptr);
  EXPECT_EQ(hung, 0);
  EXPECT_EQ(not_refused, 0);
}

}  // namespace
}  // namespace zircon
