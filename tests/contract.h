// Which promises of docs/contract/ a test shows: the first line of the test names the rows.
//
//   TEST_F(IoTest, InOfOneByte) {
//     Shows("TRAP-IO-2 TRAP-IO-5");
//
// scripts/contract compares what all tests show with what the contract promises.

#pragma once

#include <gtest/gtest.h>

// Goes into the test's results too, so that a report can name the rows of a failure.
inline void Shows(const char* rows) { testing::Test::RecordProperty("contract", rows); }
