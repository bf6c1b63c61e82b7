// Every public name of the table in names/ that C has, compiled: there with its type and value, or
// absent. scripts/names makes the lines; this file says what each of them means. Nothing is run,
// nothing of the library is linked.
// Shows: ABI-1 ABI-5 ABI-28 GEN-1 NAMES-1 NAMES-2 ZBI-2 ZBI-3 ZBI-4

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <zircon-kvm/debug.h>
#include <zircon-kvm/host.h>

#define NAMES_HEADERS
#include NAMES
#undef NAMES_HEADERS

#define CONSTANT(name, type, value)               \
  _Static_assert((name) == (type)(value), #name); \
  _Static_assert(_Generic((name), type : 1, default : 0), "type of " #name);
// A second name, where there is one, is looked at by tests/scripts/symbols_test.sh.
#define CALL(name, result, parameters) \
  _Static_assert(_Generic(&name, result(*) parameters : 1, default : 0), #name);
#define TYPE(name) _Static_assert(sizeof(name) != 0, #name);
#define SIZE(name, size) _Static_assert(sizeof(name) == (size), #name);
#define ALIAS(name, type) _Static_assert(_Generic((name)0, type : 1, default : 0), #name);
// It would be declared as two things.
struct absent {
  int unused;
};
#define ABSENT(name) typedef struct absent name;

#include NAMES
