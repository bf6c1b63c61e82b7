// tests/install/expect.h: for programs outside the tree, in C and C++.

#ifndef TESTS_INSTALL_EXPECT_H_
#define TESTS_INSTALL_EXPECT_H_

#include <stdio.h>
#include <zircon/types.h>

static int expect_mistakes = 0;

// Says where a condition does not hold; main() returns expect_mistakes != 0.
#define EXPECT(condition)                                                     \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      ++expect_mistakes;                                                      \
    }                                                                         \
  } while (0)

#endif  // TESTS_INSTALL_EXPECT_H_
