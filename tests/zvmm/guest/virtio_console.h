// A driver for the virtio console, as small as one can be: it sends, and waits for each buffer.

#pragma once

#include <cstddef>

#include "bytes.h"

// Finds the device on the PCI bus and sets its transmit queue up. False if there is none.
bool FindVirtioConsole();

// Sends a text; comes back when the device has given the buffer back.
void SendToVirtioConsole(Bytes text);
