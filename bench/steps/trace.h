// Traces an operation: a child of its own repeats it until nothing in it is done for the first
// time, and is then stopped before each instruction of the next time.

#pragma once

#include "steps/library_image.h"
#include "steps/operations.h"
#include "steps/touched.h"

namespace bench {

Touched Trace(const Operation& operation, const LibraryImage& library);

}  // namespace bench
