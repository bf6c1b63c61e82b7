// lib/zx/object_traits.h: what the kinds of object can do.
// Part of <lib/zx/object.h>.

#ifndef LIB_ZX_OBJECT_TRAITS_H_
#define LIB_ZX_OBJECT_TRAITS_H_

#include <zircon/types.h>

ZX_DETAIL_ZX_BEGIN

class bti;
class channel;
class event;
class eventpair;
class exception;
class fifo;
class guest;
class interrupt;
class iommu;
class job;
class pager;
class pmt;
class port;
class process;
class profile;
class resource;
class socket;
class suspend_token;
class thread;
class timer;
class vcpu;
class vmar;
class vmo;
#if ZX_DETAIL_API_2018
class log;
#else
class clock;
class counter;
class debuglog;
class iob;
class msi;
class stream;
#endif

// Kinds that only differ from most in a few things say so below.
struct object_traits_of_most {
  static constexpr bool supports_duplication = true;
  static constexpr bool supports_get_child = false;
  static constexpr bool supports_set_profile = false;
  static constexpr bool supports_user_signal = true;
  static constexpr bool supports_wait = true;
  static constexpr bool has_peer_handle = false;
};

// One end of two.
struct object_traits_of_ends : object_traits_of_most {
  static constexpr bool has_peer_handle = true;
};

// What has no signals.
struct object_traits_without_signals : object_traits_of_most {
  static constexpr bool supports_user_signal = false;
  static constexpr bool supports_wait = false;
};

// What is true of one kind of object.
template <typename T>
struct object_traits : object_traits_of_most {};

// A handle to any kind may be to one that can.
template <>
struct object_traits<void> {
  static constexpr bool supports_duplication = true;
  static constexpr bool supports_get_child = true;
  static constexpr bool supports_set_profile = true;
  static constexpr bool supports_user_signal = true;
  static constexpr bool supports_wait = true;
  static constexpr bool has_peer_handle = true;
};

template <>
struct object_traits<channel> : object_traits_of_ends {
  static constexpr bool supports_duplication = false;
};
template <>
struct object_traits<eventpair> : object_traits_of_ends {};
template <>
struct object_traits<fifo> : object_traits_of_ends {};
template <>
struct object_traits<socket> : object_traits_of_ends {};

template <>
struct object_traits<guest> : object_traits_without_signals {};
template <>
struct object_traits<iommu> : object_traits_without_signals {};
template <>
struct object_traits<pmt> : object_traits_without_signals {
  static constexpr bool supports_duplication = false;
};
template <>
struct object_traits<port> : object_traits_without_signals {};
template <>
struct object_traits<profile> : object_traits_without_signals {};
template <>
struct object_traits<resource> : object_traits_without_signals {
  static constexpr bool supports_get_child = true;
};
template <>
struct object_traits<suspend_token> : object_traits_without_signals {
  static constexpr bool supports_duplication = false;
};
template <>
struct object_traits<vmar> : object_traits_without_signals {};

template <>
struct object_traits<job> : object_traits_of_most {
  static constexpr bool supports_get_child = true;
};
template <>
struct object_traits<process> : object_traits_of_most {
  static constexpr bool supports_get_child = true;
};
template <>
struct object_traits<thread> : object_traits_of_most {
  static constexpr bool supports_set_profile = true;
};
template <>
struct object_traits<exception> : object_traits_without_signals {
  static constexpr bool supports_duplication = false;
};

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_OBJECT_TRAITS_H_
