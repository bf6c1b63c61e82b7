#include "report.h"

#include <fmt/format.h>
#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace conformance {
namespace {

constexpr Verdict kVerdicts[] = {Verdict::kPassed, Verdict::kFailed, Verdict::kKnownDifference,
                                 Verdict::kNotTestable};

void Print(const std::string& text) {
  fwrite(text.data(), 1, text.size(), stdout);
  fflush(stdout);
}

// A test's own output, set off so that none of its lines looks like a line of the table.
std::string Indented(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    result += fmt::format("    | {}\n", text.substr(0, end));
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
  }
  return result;
}

// Tests write what they like. The files for machines are plain ASCII: any other byte stands there
// as \xNN.
std::string Printable(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if ((c >= ' ' && c <= '~') || c == '\n' || c == '\t') {
      result += c;
    } else {
      result += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

std::string Xml(std::string_view text) {
  std::string result;
  for (const char c : Printable(text)) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\n':
        result += "&#10;";  // An attribute would turn it into a blank.
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string Json(std::string_view text) {
  std::string result = "\"";
  for (const char c : Printable(text)) {
    if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else {
      if (c == '"' || c == '\\') result += '\\';
      result += c;
    }
  }
  return result + "\"";
}

// "A B" → ["A", "B"]
std::string JsonWords(std::string_view words) {
  std::string result = "[";
  while (!words.empty()) {
    const size_t end = words.find(' ');
    const std::string_view word = words.substr(0, end);
    if (!word.empty()) {
      if (result.size() > 1) result += ", ";
      result += Json(word);
    }
    words = end == std::string_view::npos ? "" : words.substr(end + 1);
  }
  return result + "]";
}

std::string WriteFile(const std::string& path, const std::string& text) {
  FILE* file = fopen(path.c_str(), "we");
  if (file == nullptr) return fmt::format("{}: {}", path, strerror(errno));
  const bool written = fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool closed = fclose(file) == 0;
  return written && closed ? "" : fmt::format("{}: cannot be written", path);
}

std::string CapabilityLine(const HostFacts& host) {
  std::string line;
  for (const Capability& capability : host.capabilities) {
    // The names without KVM_CAP_.
    line += fmt::format("{}{}={}", line.empty() ? "" : ", ", capability.name + 8, capability.value);
    if (capability.required && capability.value <= 0) line += " (needed)";
  }
  return line;
}

std::string HostLine(const HostFacts& host) {
  std::string line = fmt::format("{}, {}", host.vendor, host.kernel);
  line += host.vmx ? ", VMX" : host.svm ? ", SVM" : ", neither VMX nor SVM";
  line +=
      host.hypervisor.empty() ? ", no hypervisor" : fmt::format(", hypervisor {}", host.hypervisor);
  return line;
}

void PrintWords(const Run& run, Verdict verdict, const char* heading) {
  if (run.Count(verdict) == 0) return;
  Print(fmt::format("\n{}\n", heading));
  for (const TestResult& result : run.results) {
    if (result.verdict == verdict) Print(fmt::format("  {}: {}\n", result.name, result.words));
  }
}

void PrintCounts(const Run& run) {
  Print(fmt::format("{} passed, {} failed, {} known differences, {} not testable here ({:.0f} s)\n",
                    run.Count(Verdict::kPassed), run.Count(Verdict::kFailed),
                    run.Count(Verdict::kKnownDifference), run.Count(Verdict::kNotTestable),
                    run.seconds));
}

std::string HostName() {
  char name[HOST_NAME_MAX + 1] = "";
  gethostname(name, sizeof(name) - 1);
  return name[0] == '\0' ? "localhost" : name;
}

// Without a time zone, as the schemas have it: UTC.
std::string Timestamp(time_t time) {
  tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
  return text;
}

std::string JunitProperty(std::string_view name, std::string_view value) {
  return fmt::format("<property name=\"{}\" value=\"{}\"/>\n", Xml(name), Xml(value));
}

// What failed, by kind: programs count by it.
const char* FailureType(const TestResult& result) {
  if (result.words.rfind("timed out", 0) == 0) return "timeout";
  if (result.words.rfind("ended by SIG", 0) == 0) return "crash";
  return "failure";
}

std::string JunitCase(const TestResult& result) {
  const size_t dot = result.name.find('.');
  std::string text = fmt::format("<testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\">",
                                 Xml(result.name.substr(0, dot)), Xml(result.name.substr(dot + 1)),
                                 result.seconds);
  if (result.verdict == Verdict::kNotTestable) {
    text += fmt::format("<skipped message=\"{}\"/>", Xml(result.words));
  }
  if (result.verdict == Verdict::kFailed) {
    text += fmt::format("<failure type=\"{}\" message=\"{}\">{}</failure>", FailureType(result),
                        Xml(result.words), Xml(result.output));
  }
  return text + "</testcase>\n";
}

// Elements and attributes that both usual schemas have, Ant's and Jenkins's; neither lets a test
// have properties, so they are the suite's.
std::string JunitSuite(const Run& run, int id, const char* name,
                       const std::vector<const TestResult*>& results) {
  size_t failures = 0, skipped = 0;
  double seconds = 0;
  std::string properties, cases;
  for (const TestResult* result : results) {
    failures += result->verdict == Verdict::kFailed;
    skipped += result->verdict == Verdict::kNotTestable;
    seconds += result->seconds;
    properties += JunitProperty("contract " + result->name, result->rows);
    if (result->verdict == Verdict::kKnownDifference) {
      properties += JunitProperty("known_difference " + result->name, result->words);
    }
    cases += JunitCase(*result);
  }
  std::string text = fmt::format(
      "<testsuite id=\"{}\" package=\"zircon\" name=\"{}\" timestamp=\"{}\" hostname=\"{}\" "
      "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{:.3f}\">\n<properties>\n",
      id, name, Timestamp(run.start), Xml(HostName()), results.size(), failures, skipped, seconds);
  text +=
      JunitProperty("host_class", ClassName(run.host)) + JunitProperty("host", HostLine(run.host));
  for (const ProbeAnswer& probe : run.probes) {
    text += JunitProperty("probe " + probe.name, probe.missing.empty() ? "works" : probe.missing);
  }
  return text + properties + "</properties>\n" + cases +
         "<system-out></system-out>\n<system-err></system-err>\n</testsuite>\n";
}

}  // namespace

size_t Run::Count(Verdict verdict) const {
  size_t count = 0;
  for (const TestResult& result : results) count += result.verdict == verdict;
  return count;
}

const char* VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return "passed";
    case Verdict::kFailed:
      return "FAILED";
    case Verdict::kKnownDifference:
      return "known difference";
    case Verdict::kNotTestable:
      return "not testable here";
  }
  return "";
}

void PrintHead(const Run& run, size_t tests, double limit) {
  Print(fmt::format("zircon-conformance: {} tests, {:.0f} s for each at most\n\n", tests, limit));
  Print(fmt::format("{:<14} {}\n", "Host class", ClassName(run.host)));
  Print(fmt::format("{:<14} {}\n", "Host", HostLine(run.host)));
  if (!run.host.kvm_error.empty()) {
    Print(fmt::format("{:<14} {}\n", "KVM", run.host.kvm_error));
  } else {
    Print(fmt::format("{:<14} API version {}\n", "KVM", run.host.api_version));
    Print(fmt::format("{:<14} {}\n", "Capabilities", CapabilityLine(run.host)));
  }
  for (const ProbeAnswer& probe : run.probes) {
    Print(fmt::format(
        "{:<14} {}\n", "Probe",
        probe.missing.empty() ? fmt::format("probe {}: works", probe.name) : probe.missing));
  }
}

void PrintTableHead() {
  Print(fmt::format("\n{:<18} {:<64} {}\n", "Result", "Test", "Rows of the contract"));
}

void PrintResult(const TestResult& result) {
  std::string line =
      fmt::format("{:<18} {:<64} {}", VerdictName(result.verdict), result.name, result.rows);
  while (line.back() == ' ') line.pop_back();
  Print(line + "\n");
  if (result.verdict == Verdict::kPassed) return;
  Print(fmt::format("    {}\n", result.words));
  if (result.verdict == Verdict::kFailed) Print(Indented(result.output));
}

void PrintSummary(const Run& run, bool quiet) {
  if (!quiet) {
    PrintWords(run, Verdict::kNotTestable, "Not testable on this machine:");
    PrintWords(run, Verdict::kKnownDifference, "Known differences (docs/DIFFERENCES.md):");
    PrintWords(run, Verdict::kFailed, "What failed:");
    Print("\n");
  }
  PrintCounts(run);
}

void PrintWithoutKvm(const Run& run) {
  Print(fmt::format(
      "zircon-conformance: no KVM here, nothing is tested: {}; scripts/with-kvm runs this program "
      "in a machine that has one\n",
      run.host.kvm_error));
  PrintCounts(run);
}

std::string WriteJunit(const Run& run, const std::string& path) {
  // Two suites, so that every viewer tells known differences from tests that have passed.
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  std::vector<const TestResult*> as_promised, known_differences;
  for (const TestResult& result : run.results) {
    (result.verdict == Verdict::kKnownDifference ? known_differences : as_promised)
        .push_back(&result);
  }
  text += JunitSuite(run, 0, "zircon-conformance", as_promised);
  if (!known_differences.empty()) {
    text += JunitSuite(run, 1, "zircon-conformance known differences", known_differences);
  }
  return WriteFile(path, text + "</testsuites>\n");
}

std::string WriteJson(const Run& run, const std::string& path) {
  std::string text = fmt::format(
      "{{\n  \"host\": {{\"class\": {}, \"vendor\": {}, \"hypervisor\": {}, \"kernel\": {}, "
      "\"vmx\": {}, "
      "\"svm\": {}, \"emulated\": {}, \"kvm_error\": {},\n           \"capabilities\": {{",
      Json(ClassName(run.host)), Json(run.host.vendor), Json(run.host.hypervisor),
      Json(run.host.kernel), run.host.vmx, run.host.svm, run.host.emulated,
      Json(run.host.kvm_error));
  for (const Capability& capability : run.host.capabilities) {
    text += fmt::format("{}{}: {}", &capability == run.host.capabilities.data() ? "" : ", ",
                        Json(capability.name), capability.value);
  }
  text += "}},\n  \"probes\": {";
  for (const ProbeAnswer& probe : run.probes) {
    text += fmt::format("{}{}: {}", &probe == run.probes.data() ? "" : ", ", Json(probe.name),
                        Json(probe.missing.empty() ? "works" : probe.missing));
  }
  text += "},\n  \"summary\": {";
  for (const Verdict verdict : kVerdicts) {
    text += fmt::format("{}: {}, ", Json(VerdictName(verdict)), run.Count(verdict));
  }
  text += fmt::format("\"seconds\": {:.3f}}},\n  \"tests\": [\n", run.seconds);
  for (const TestResult& result : run.results) {
    text += fmt::format(
        "    {{\"name\": {}, \"result\": {}, \"rows\": {}, \"words\": {}, \"seconds\": {:.3f}, "
        "\"output\": "
        "{}}}{}\n",
        Json(result.name), Json(VerdictName(result.verdict)), JsonWords(result.rows),
        Json(result.words), result.seconds,
        Json(result.verdict == Verdict::kFailed ? result.output : ""),
        &result == &run.results.back() ? "" : ",");
  }
  return WriteFile(path, text + "  ]\n}\n");
}

}  // namespace conformance
