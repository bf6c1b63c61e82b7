# awk -f combine_tests.awk FILE...: the files as one; what each has in its anonymous namespace is seen by itself alone
# (CombineTests.cmake).
BEGIN {
  # The kernel's header of KVM is right only if this comes first, where a file includes it at all.
  print "#if __has_include(\"kvm/kvm_abi.h\")\n#include \"kvm/kvm_abi.h\"\n#endif"
}
FNR == 1 {
  ++count
  printf "#line 1 \"%s\"\n", FILENAME
}
$0 == "namespace {" { $0 = "namespace { namespace file_" count " {" }
$0 == "}  // namespace" { $0 = "} }  // namespace" }
{ print }
