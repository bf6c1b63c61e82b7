// ObjectWorld: a program that plays with handles, signals, ports, channels, sockets, FIFOs and
// timers as its input says, and the model of what each call must give.
//
//   ObjectWorld world;
//   Input input(bytes);
//   while (!input.done()) world.Do(input);
//
// Ownership: in the end every handle is closed.
// Thread safety: one thread each; any number of worlds side by side.

#pragma once

#include <zircon/syscalls.h>

#include <string>
#include <vector>

#include "models/input.h"
#include "models/model_objects.h"

namespace zircon::models {

class ObjectWorld {
 public:
  ObjectWorld() = default;
  ~ObjectWorld();
  ObjectWorld(const ObjectWorld&) = delete;
  ObjectWorld& operator=(const ObjectWorld&) = delete;

  void Do(Input& input);

 private:
  static constexpr size_t kMostHandles = 24;
  static constexpr size_t kStoreSize = 258'048;

  // ---- Handles (object_world.cc) ----

  void Create(Input& input);
  void Close(Input& input);
  void CloseMany(Input& input);
  void Duplicate(Input& input);
  void Replace(Input& input);
  void AskWhatItIs(Input& input);

  // ---- Signals and ports (object_world_waits.cc) ----

  void Signal(Input& input);
  void SignalPeer(Input& input);
  void WaitOne(Input& input);
  void WaitMany(Input& input);
  void WaitAsync(Input& input);
  void Queue(Input& input);
  void PortWait(Input& input);
  void Cancel(Input& input);
  void CancelKey(Input& input);
  void SetTimer(Input& input);

  // ---- What is written and read (object_world_streams.cc, object_world_channels.cc) ----

  void ChannelWrite(Input& input);
  void ChannelRead(Input& input);
  void SocketWrite(Input& input);
  void SocketRead(Input& input);
  void SocketDisposition(Input& input);
  void FifoWrite(Input& input);
  void FifoRead(Input& input);

  // ---- Parts ----

  // Any handle of the world, of that type as a rule; now and then one that is none.
  // ZX_OBJ_TYPE_NONE for any type.
  NamePtr PickName(Input& input, zx_obj_type_t type);
  // The three errors of a handle. Type NONE: any.
  static zx_status_t Look(const NamePtr& name, zx_obj_type_t type, zx_rights_t rights);
  static zx_status_t LookWaitable(const NamePtr& name);
  static zx_handle_t ValueOf(const NamePtr& name);
  static zx_rights_t PickRights(Input& input, zx_rights_t from);
  void Add(zx_handle_t value, const ObjectPtr& object, zx_rights_t rights);
  void AddPair(zx_handle_t value0, zx_handle_t value1, const ObjectPtr& object0,
               const ObjectPtr& object1, zx_rights_t rights);
  // The handle is closed: its waits end, and its object perhaps.
  void Drop(const NamePtr& name);
  static void EndWaits(const NamePtr& name);
  void LastHandle(const ObjectPtr& object);
  void Change(const ObjectPtr& object, zx_signals_t clear, zx_signals_t set);
  void Match(const AsyncWait& wait, zx_signals_t observed);
  void Forget(const NamePtr& name);
  // Every object that a handle leads to, those in messages too.
  std::vector<ObjectPtr> Everything() const;

  std::vector<NamePtr> names_;
  uint64_t batch_ = 0;
  uint64_t pairs_ = 0;
  uint64_t keys_ = 0;
};

// Bytes that can be told from others.
std::string PickBytes(Input& input, size_t most);

}  // namespace zircon::models
