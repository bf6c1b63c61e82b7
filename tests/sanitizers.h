// Which sanitizer a test is built with, and whether coverage is counted. For sanitizers g++ and
// clang have ways of their own; a test that asks one of them does not hear the other.

#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define TESTS_ADDRESS_SANITIZER 1
#elif defined(__clang__)
#if __has_feature(address_sanitizer)
#define TESTS_ADDRESS_SANITIZER 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define TESTS_THREAD_SANITIZER 1
#elif defined(__clang__)
#if __has_feature(thread_sanitizer)
#define TESTS_THREAD_SANITIZER 1
#endif
#endif

// The thread sanitizer lives from the same process: its maps, its descriptors.
#if defined(TESTS_THREAD_SANITIZER)
#define SKIP_UNDER_THREAD_SANITIZER(why) GTEST_SKIP() << "under the thread sanitizer: " << (why)
#else
#define SKIP_UNDER_THREAD_SANITIZER(why) static_cast<void>(0)
#endif

// Coverage counts each line with a locked instruction.
#if defined(ZIRCON_COVERAGE)
#define SKIP_WHERE_COVERAGE_COUNTS(why) GTEST_SKIP() << "where coverage counts: " << (why)
#else
#define SKIP_WHERE_COVERAGE_COUNTS(why) static_cast<void>(0)
#endif

#if defined(TESTS_ADDRESS_SANITIZER) || defined(TESTS_THREAD_SANITIZER)
#define TESTS_SANITIZED 1
#endif
