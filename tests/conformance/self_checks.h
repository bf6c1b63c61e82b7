// Tests of the runner itself: made only for --self-test, and for the children of such a run.

#ifndef ZIRCON_TESTS_CONFORMANCE_SELF_CHECKS_H_
#define ZIRCON_TESTS_CONFORMANCE_SELF_CHECKS_H_

namespace conformance {

// Before testing::InitGoogleTest().
void RegisterSelfTests();

}  // namespace conformance

#endif  // ZIRCON_TESTS_CONFORMANCE_SELF_CHECKS_H_
