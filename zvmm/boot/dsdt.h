// The AML of the DSDT: how to turn the machine off, and the PCI bus with its interrupt pins.

#pragma once

#include "boot/aml.h"

namespace zvmm {

aml::Code DsdtCode();

}  // namespace zvmm
