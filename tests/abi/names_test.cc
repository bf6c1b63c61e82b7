// Every public name of the table in names/, compiled: there with its type, value or signature, or
// absent. scripts/names makes the lines; this file says what each of them means. Nothing is run,
// nothing of the library is linked.

#include <zircon-kvm/debug.h>
#include <zircon-kvm/host.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <type_traits>
#include <utility>

#define NAMES_HEADERS
#include NAMES
#undef NAMES_HEADERS

namespace {

template <typename T>
T&& the();

}  // namespace

#define CONSTANT(name, type, value)                         \
  static_assert((name) == static_cast<type>(value), #name); \
  static_assert(std::is_same_v<std::remove_cv_t<decltype(name)>, type>, "type of " #name);
// clang makes "throws nothing" and "does not return" parts of the type, gcc does not; the contract
// leaves it open. Nothing else may be lost in the cast: it would be an error.
#define CALL(name, result, parameters) \
  static_assert(sizeof(static_cast<result(*) parameters>(&name)) == sizeof(void*), #name);
#define TYPE(name) static_assert(sizeof(name) != 0, #name);
#define SIZE(name, size) static_assert(sizeof(name) == (size), #name);
#define ALIAS(name, type) static_assert(std::is_same_v<name, type>, #name);
#define CLASS(name, base) static_assert(std::is_base_of_v<base, name>, #name);
#define CONSTRUCTOR(...) static_assert(std::is_constructible_v<__VA_ARGS__>, #__VA_ARGS__);
#define USE(type, ...) static_assert(std::is_same_v<decltype(__VA_ARGS__), type>, #__VA_ARGS__);
// It would be declared as two things.
struct absent {
  int unused;
};
#define ABSENT(name) typedef struct absent name;
#define ABSENT_CLASS(name) \
  namespace zx {           \
  using name = int;        \
  }
#define ABSENT_METHOD(owner, name, number)                         \
  template <typename T>                                            \
  auto absent_##number(int)->decltype(&T::name, std::true_type()); \
  template <typename T>                                            \
  std::false_type absent_##number(...);                            \
  static_assert(!decltype(absent_##number<owner>(0))::value, #owner "::" #name);

#include NAMES
