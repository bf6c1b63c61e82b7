#include "kernel_interrupts.h"

namespace conformance {
namespace {

struct Difference {
  const char* test;
  const char* rows;
};

constexpr Difference kDifferences[] = {
    {"ApicTest.RegistersRead", "APIC-1 APIC-2 APIC-3 APIC-4"},
    {"ApicTest.RegistersThatCannotBeRead", "APIC-8 APIC-9 APIC-13 APIC-14"},
    {"ApicTest.RegistersWritten", "APIC-2 APIC-3 APIC-5"},
    {"ApicTest.SelfIpi", "INT-4"},
    {"Generation2018Test.VcpuPacketsHaveTheirLayout", "GEN-7"},
    {"IcrTest.AProcessorsOwnNmi", "ICR-2"},
    {"IcrTest.Fixed", "ICR-1 ICR-5"},
    {"IcrTest.InitIsIgnoredAndStartupIsAPacket", "ICR-3 ICR-4"},
    {"IcrTest.Nmi", "ICR-2"},
    {"IcrTest.OthersAreNotSupported", "ICR-6 ICR-7"},
    {"InterruptTest.AnInterruptDropsALowerException", "INT-12"},
    {"InterruptTest.AnInterruptEndsHltWithoutIf", "HLT-2"},
    {"InterruptTest.MaskedUntilSti", "INT-4"},
    {"InterruptTest.ReachesARunningVcpu", "INT-4"},
    {"InterruptTest.TheHighestGoesFirst", "INT-4"},
    {"InterruptTest.TheNmiGoesBeforeAllAndIgnoresIf", "INT-8"},
    {"InterruptTest.ThousandsOneByOne", "INT-4"},
    {"InterruptTest.WakesAHaltedVcpu", "INT-4"},
    {"ProcessorsTest.FourStartEachOtherAndExchangeInterrupts", "ICR-1"},
    {"SecondaryTest.StartedByTheGuest", "ICR-3"},
    {"SecondaryTest.StartsInRealModeAtItsEntry", "HLT-2"},
    {"StateTest.CpuidOfTheHypervisor", "CPUID-16"},
    {"StateTest.UnknownMsrsFault", "MSR-12"},
    {"TimerTest.Deadline", "APIC-8"},
    {"TimerTest.PeriodicUntilStopped", "INT-4"},
    {"TimerTest.ReservedModeIsRefused", "APIC-6"},
    {"VcpuLifeTest.AVectorIsDeliveredAgainInsideItsHandler", "INT-4"},
    {"VcpuLifeTest.TaskPriorityHoldsNothingBack", "APIC-21"},
};

}  // namespace

std::string RowsThatDiffer(const std::string& test) {
  for (const Difference& difference : kDifferences) {
    if (test == difference.test) return difference.rows;
  }
  return "";
}

}  // namespace conformance
