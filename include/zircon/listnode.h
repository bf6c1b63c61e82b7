// zircon/listnode.h: doubly linked lists of nodes that lie in their elements.
//
// A list is a node too, its head, which leads to the first and the last element and back. An
// element that is in no list has NULL in its node: list_in_list() tells.
//
//   typedef struct { int value; list_node_t node; } element_t;
//   list_node_t list = LIST_INITIAL_VALUE(list);
//   list_add_tail(&list, &element->node);
//   list_for_every_entry(&list, element, element_t, node) { print(element->value); }
//
// Thread safety: none; one thread at a time, or a lock of the program's.
//
// Contract: COMPILER.

#ifndef ZIRCON_LISTNODE_H_
#define ZIRCON_LISTNODE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zircon/compiler.h>

ZX_DETAIL_C_BEGIN

// A node of an element, or the head of a list.
typedef struct list_node list_node_t;
struct list_node {
  list_node_t* prev;  // The one before; of the head, the last.
  list_node_t* next;  // The one behind; of the head, the first.
};

// Initializers: of the list of that name, empty; of a node that is in no list.
#define LIST_INITIAL_VALUE(list) \
  { &(list), &(list) }
#define LIST_INITIAL_CLEARED_VALUE \
  { NULL, NULL }

// Makes an empty list.
ZX_DETAIL_PLAIN_INLINE void list_initialize(list_node_t* list) {
  list->prev = list;
  list->next = list;
}

// Makes a node that is in no list, without looking where it was.
ZX_DETAIL_PLAIN_INLINE void list_clear_node(list_node_t* item) {
  item->prev = NULL;
  item->next = NULL;
}

// Whether it is in a list.
ZX_DETAIL_PLAIN_INLINE bool list_in_list(const list_node_t* item) {
  return item->prev != NULL || item->next != NULL;
}

// Whether a list has no element.
ZX_DETAIL_PLAIN_INLINE bool list_is_empty(const list_node_t* list) { return list->next == list; }

// How many elements a list has: it counts them.
ZX_DETAIL_PLAIN_INLINE size_t list_length(const list_node_t* list) {
  size_t count = 0;
  const list_node_t* node;
  for (node = list->next; node != list; node = node->next) count++;
  return count;
}

// Puts a node that is in no list behind another, which may be the head.
ZX_DETAIL_PLAIN_INLINE void list_add_after(list_node_t* entry, list_node_t* new_entry) {
  new_entry->prev = entry;
  new_entry->next = entry->next;
  entry->next->prev = new_entry;
  entry->next = new_entry;
}

// The same before it.
ZX_DETAIL_PLAIN_INLINE void list_add_before(list_node_t* entry, list_node_t* new_entry) {
  list_add_after(entry->prev, new_entry);
}

// Makes it the first element.
ZX_DETAIL_PLAIN_INLINE void list_add_head(list_node_t* list, list_node_t* item) {
  list_add_after(list, item);
}

// Makes it the last element.
ZX_DETAIL_PLAIN_INLINE void list_add_tail(list_node_t* list, list_node_t* item) {
  list_add_before(list, item);
}

// Takes an element out of its list.
ZX_DETAIL_PLAIN_INLINE void list_delete(list_node_t* item) {
  item->next->prev = item->prev;
  item->prev->next = item->next;
  list_clear_node(item);
}

// Puts a node that is in no list in the place of another.
ZX_DETAIL_PLAIN_INLINE void list_replace_node(list_node_t* old_node, list_node_t* new_node) {
  list_add_before(old_node, new_node);
  list_delete(old_node);
}

// The first element; NULL of an empty list.
ZX_DETAIL_PLAIN_INLINE list_node_t* list_peek_head(const list_node_t* list) {
  return list->next != list ? list->next : NULL;
}

// The last element; NULL of an empty list.
ZX_DETAIL_PLAIN_INLINE list_node_t* list_peek_tail(const list_node_t* list) {
  return list->prev != list ? list->prev : NULL;
}

// The same as list_peek_head(), and takes it out.
ZX_DETAIL_PLAIN_INLINE list_node_t* list_remove_head(list_node_t* list) {
  list_node_t* const item = list_peek_head(list);
  if (item != NULL) list_delete(item);
  return item;
}

// The same as list_peek_tail(), and takes it out.
ZX_DETAIL_PLAIN_INLINE list_node_t* list_remove_tail(list_node_t* list) {
  list_node_t* const item = list_peek_tail(list);
  if (item != NULL) list_delete(item);
  return item;
}

// The element before another; NULL of the first.
ZX_DETAIL_PLAIN_INLINE list_node_t* list_prev(list_node_t* list, list_node_t* item) {
  return item->prev != list ? item->prev : NULL;
}

// The element behind another; NULL of the last.
ZX_DETAIL_PLAIN_INLINE list_node_t* list_next(list_node_t* list, list_node_t* item) {
  return item->next != list ? item->next : NULL;
}

// The element before another, in a ring: before the first is the last. NULL of an empty list.
ZX_DETAIL_PLAIN_INLINE list_node_t* list_prev_wrap(list_node_t* list, list_node_t* item) {
  return item->prev != list ? item->prev : list_peek_tail(list);
}

// The element behind another, in a ring. NULL of an empty list.
ZX_DETAIL_PLAIN_INLINE list_node_t* list_next_wrap(list_node_t* list, list_node_t* item) {
  return item->next != list ? item->next : list_peek_head(list);
}

// Puts all elements of `splice_from` behind `splice_to`, a node of another list or its head;
// `splice_from` is empty then.
ZX_DETAIL_PLAIN_INLINE void list_splice_after(list_node_t* splice_from, list_node_t* splice_to) {
  if (list_is_empty(splice_from)) return;
  splice_from->next->prev = splice_to;
  splice_from->prev->next = splice_to->next;
  splice_to->next->prev = splice_from->prev;
  splice_to->next = splice_from->next;
  list_initialize(splice_from);
}

// Moves the elements behind `split_after`, a node of `list` or its head, to `split_to`, whose own
// are forgotten.
ZX_DETAIL_PLAIN_INLINE void list_split_after(list_node_t* list, list_node_t* split_after,
                                             list_node_t* split_to) {
  list_initialize(split_to);
  if (split_after->next == list) return;
  split_to->next = split_after->next;
  split_to->next->prev = split_to;
  split_to->prev = list->prev;
  split_to->prev->next = split_to;
  split_after->next = list;
  list->prev = split_after;
}

// Moves all elements of a list to another, whose own are forgotten.
ZX_DETAIL_PLAIN_INLINE void list_move(list_node_t* old_list, list_node_t* new_list) {
  list_initialize(new_list);
  list_splice_after(old_list, new_list);
}

// The element that a member lies in.
#define containerof(pointer, type, member) \
  ZX_DETAIL_POINTER_CAST(                  \
      type*, ZX_DETAIL_POINTER_CAST(uintptr_t, (pointer)) - __builtin_offsetof(type, member))

// The element of a node, or NULL of NULL.
#define ZX_DETAIL_LIST_ENTRY(node_expression, type, member)                        \
  __extension__({                                                                  \
    list_node_t* const zx_detail_node = (node_expression);                         \
    type* const zx_detail_entry =                                                  \
        zx_detail_node != NULL ? containerof(zx_detail_node, type, member) : NULL; \
    zx_detail_entry;                                                               \
  })

// As the functions of the same name, with elements in place of nodes: NULL or the element.
#define list_remove_head_type(list, type, member) \
  ZX_DETAIL_LIST_ENTRY(list_remove_head(list), type, member)
#define list_remove_tail_type(list, type, member) \
  ZX_DETAIL_LIST_ENTRY(list_remove_tail(list), type, member)
#define list_peek_head_type(list, type, member) \
  ZX_DETAIL_LIST_ENTRY(list_peek_head(list), type, member)
#define list_peek_tail_type(list, type, member) \
  ZX_DETAIL_LIST_ENTRY(list_peek_tail(list), type, member)
#define list_prev_type(list, item, type, member) \
  ZX_DETAIL_LIST_ENTRY(list_prev(list, item), type, member)
#define list_next_type(list, item, type, member) \
  ZX_DETAIL_LIST_ENTRY(list_next(list, item), type, member)
#define list_prev_wrap_type(list, item, type, member) \
  ZX_DETAIL_LIST_ENTRY(list_prev_wrap(list, item), type, member)
#define list_next_wrap_type(list, item, type, member) \
  ZX_DETAIL_LIST_ENTRY(list_next_wrap(list, item), type, member)

// Loops over nodes and over elements, from the first to the last. In a safe one, whose second
// variable holds what comes next, the present one may be taken out.
#define list_for_every(list, node) \
  for ((node) = (list)->next; (node) != (list); (node) = (node)->next)
#define list_for_every_safe(list, node, next_node)                          \
  for ((node) = (list)->next, (next_node) = (node)->next; (node) != (list); \
       (node) = (next_node), (next_node) = (node)->next)
#define list_for_every_entry(list, entry, type, member)                               \
  for ((entry) = containerof((list)->next, type, member); &(entry)->member != (list); \
       (entry) = containerof((entry)->member.next, type, member))
#define list_for_every_entry_safe(list, entry, next_entry, type, member) \
  for ((entry) = containerof((list)->next, type, member),                \
      (next_entry) = containerof((entry)->member.next, type, member);    \
       &(entry)->member != (list);                                       \
       (entry) = (next_entry), (next_entry) = containerof((entry)->member.next, type, member))

ZX_DETAIL_C_END

#endif  // ZIRCON_LISTNODE_H_
