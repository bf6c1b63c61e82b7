// The AML of the DSDT: how to turn the machine off, the PCI bus with its interrupt pins, and the
// devices that cannot be found otherwise.

#pragma once

#include "boot/aml.h"

namespace zvmm {

aml::Code DsdtCode();

}  // namespace zvmm
