#!/usr/bin/env python3
"""Writes a manual page for each call of the headers given, from the same comments as the rest of the reference.

usage: man_pages.py VERSION FOLDER HEADER...      (FOLDER receives zx_NAME.3 and the like)
"""

import pathlib
import re
import sys

sys.dont_write_bytecode = True
import filter  # docs/reference/filter.py

SECTIONS = {"On KVM": "ON KVM", "2018": "THE GENERATION OF 2018", "x86": "X86", "arm64": "ARM64", "Contract": "CONTRACT"}
# Where a section stands; what is not here is the description.
ORDER = ["DESCRIPTION", "ARGUMENTS", "RETURN VALUE", "ERRORS", "THREADS", "X86", "ARM64", "ON KVM",
         "THE GENERATION OF 2018", "CONTRACT"]


def escape(text):
    """Text for troff: no escapes, and nothing at a line's beginning that it takes for a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text)


class Page:
    """The sections of one call's page."""

    def __init__(self, comment, result):
        self.sections = {name: [] for name in ORDER}
        blocks = list(comment.blocks)
        summary = blocks.pop(0)[1] if blocks and blocks[0][0] == "text" else ""
        self.name_line, _, rest = re.sub(r"(?<=\w)\. (?=[A-Z_0-9])", "\n", summary, count=1).partition("\n")
        self.paragraph("DESCRIPTION", rest or summary)
        owner = any("Owner thread only" in value for kind, value in comment.blocks if kind == "text")
        self.paragraph("THREADS", "Only the thread that owns the VCPU." if owner else "Any thread, at any time.")
        if result == "zx_status_t":
            self.paragraph("RETURN VALUE", "ZX_OK, or the first error that applies.")
        section = "ARGUMENTS"
        for kind, value in blocks:
            section = self.block(kind, value, section)

    def block(self, kind, value, section):
        """Adds it; gives the section that a list after it belongs to."""
        if kind == "list":
            for term, text in value:
                name = filter.HANDLE_ERRORS if term == "Handle errors" else term
                if section == "ERRORS":
                    name = re.sub(r"\b[A-Z][A-Z_]+\b", r"ZX_ERR_\g<0>", name)
                self.sections[section] += [".TP", ".B " + escape(name), escape(text)]
            return section
        if kind == "code":
            self.sections["DESCRIPTION"] += [".PP", ".nf", *map(escape, value), ".fi"]
            return section
        if value.startswith("Errors"):
            if value != "Errors:":
                self.paragraph("ERRORS", value[len("Errors, "):].capitalize())
            self.paragraph("ERRORS", "In the order in which they are checked:")
            return "ERRORS"
        if section == "ERRORS" and value.endswith(":"):
            self.paragraph("ERRORS", value[0].upper() + value[1:])
            return section
        heading, colon, text = value.partition(": ")
        if colon and heading in SECTIONS:
            self.paragraph(SECTIONS[heading], text[0].upper() + text[1:])
        else:
            self.paragraph("DESCRIPTION", value)
        return "DESCRIPTION"

    def paragraph(self, section, text):
        self.sections[section] += [".PP", escape(text)]

    def write(self, name, declaration, header, version):
        lines = [f'.TH {name} 3 "" "zircon-kvm {version}" "Zircon on KVM"', ".SH NAME",
                 f"{name} \\- {escape(self.name_line.rstrip('.'))}",
                 ".SH SYNOPSIS", ".nf", f"#include <{header}>", ".PP", escape(declaration), ".fi"]
        for section, content in self.sections.items():
            if content:
                # A section's first paragraph needs no space before it.
                lines += [f".SH {section}", *(content[1:] if content[0] == ".PP" else content)]
        lines += [".SH SEE ALSO", ".BR zircon\\-kvm (7),",
                  escape("and the rules for every call at the top of <zircon/syscalls.h>")]
        return "\n".join(lines) + "\n"


def main():
    version, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    names = filter.Names(filter.ROOT)
    for path in map(pathlib.Path, sys.argv[3:]):
        place = str(path).rpartition("include/")[2]
        included = "zircon/syscalls.h" if place.startswith("zircon/calls/") else place
        for name, declaration, comment in filter.Header(path, names).calls:
            page = Page(comment, declaration.split()[0])
            (folder / f"{name}.3").write_text(page.write(name, declaration, included, version))
            if name.startswith("zx_"):
                (folder / f"_{name}.3").symlink_to(f"{name}.3")


if __name__ == "__main__":
    main()
