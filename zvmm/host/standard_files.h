// Standard input, output and error, which a program may be started without.

#pragma once

namespace zvmm {

// Opens /dev/null in the place of those of the descriptors 0 to 2 that are closed, so that none of
// them becomes a disk or a guest's memory, into which messages would be written. False if that
// cannot be done. Before anything else is opened.
bool OpenMissingStandardFiles();

}  // namespace zvmm
