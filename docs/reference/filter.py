#!/usr/bin/env python3
"""Turns the comments of this project's headers into Doxygen's. See --help.

The headers are written to be read as they are: plain // comments, in which

    // Summary. More.                        is the brief description;
    //
    //   name, name       text               are arguments (or, in a banner, terms), with continuation
    //                    lines;             lines indented;
    // Errors:                               begins the errors in the order in which they are checked:
    //   STATUS           condition.         also "Handle errors" for the three of every handle;
    // On KVM: ...  2018: ...                are paragraphs with a heading;
    // Contract: FAMILY, FAMILY.             ends the comment of a call.

Where one comment stands above several macros, types or members, it is of them all.
What is the same for every class of <lib/zx/...>, and padding, needs no comment: see CUSTOMARY.
"""

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| ([A-Z][A-Z0-9-]*)-[0-9]+( †)? \|", re.MULTILINE)
# A line of an indented list: a term, spaces, its text.
# One space does after a name that fills its column.
TERM = re.compile(r"^   ?(\S+(?:,? \S+)*?)(?:  +|(?<=\S{16}) )(\S.*)$")
RIGHT = re.compile(r"^[A-Z][A-Z_]+(?:(?:,| or| and) [A-Z][A-Z_]+)*$")
HANDLE_ERRORS = "BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED"
CALL = re.compile(r"\b((?:zx|zircon_kvm)_\w+)\s*\(([^()]*)\)[^;{]*ZX_DETAIL_CALL")
LAYOUT = re.compile(r"^ZX_DETAIL_MEMBER\((\w+), (\w+), (\d+), (\d+)\);", re.MULTILINE)
# A line that declares one thing that a comment may be about: a macro, a one-line typedef, a member, an enumerator.
ENTRY = re.compile(r"^\s*(?:#define (?P<macro>\w+)|typedef .*\b(?P<type>\w+);|[\w ]+[ *]+(?P<member>\w+)(?:\[[^\]]*\])?;"
                   r"|(?P<enumerator>[A-Z]\w+)(?: = \w+)?,?)\s*(?:// |$|[^/;]*$|.*//)")

# Several members in a line.
SEVERAL = re.compile(r"^  (?P<type>\w+) (?P<names>\w+(?:, \w+)+);(?:  // (?P<words>.*))?$")

# What the headers leave without a comment, since it is what everybody expects of it.
CUSTOMARY = (
    (re.compile(r"class \w+ final : public (?:object|task)<"), "{banner}"),
    (re.compile(r"\s+(?:constexpr )?explicit (?!operator)\w+\(zx_handle_t value\)"), "Takes over a handle."),
    (re.compile(r"using unowned_\w+ = "), "A handle to one that somebody else owns."),
    (re.compile(r"(?:template <> )?struct object_traits<\w+>"), "What holds for this kind of object."),
    (re.compile(r"\s+static constexpr bool supports_(\w+)"), "Whether this kind of object supports this: {0}."),
    (re.compile(r"\s+static constexpr bool has_peer_handle\b"), "Whether this kind of object is one end of two."),
    (re.compile(r"\s+using object::object;"), "As object's constructors."),
    (re.compile(r"\s+uint\d+_t (?:padding|reserved)\d*(?:\[\w+\])?;$"), "Padding."),
    (re.compile(r".*\boperator (?=bool)"), "Whether there is a handle."),
    (re.compile(r".*\boperator\W+\("), "The operator of the values."),
)


class Names:
    """What can be linked to: the macros of the current generation, and the contract's families."""

    def __init__(self, root):
        self.macros = set()
        self.families = {}  # family → name of the file that has its rows
        for path in sorted((root / "include").rglob("*.h")):
            self.read_macros(path.read_text())
        for path in sorted((root / "docs/contract").glob("*.md")):
            for match in ROW.finditer(path.read_text()):
                self.families.setdefault(match[1], path.stem)

    def read_macros(self, text):
        skipped = []  # for each #if around a line, whether the current generation leaves it out
        for line in text.splitlines():
            if line.startswith("#if"):
                skipped.append(bool(re.search(r"(?<!!)ZX_DETAIL_API_2018|__aarch64__", line)))
            elif line.startswith("#el"):
                skipped[-1] = "__aarch64__" in line
            elif line.startswith("#endif"):
                skipped.pop()
            elif (match := re.match(r"#define (\w+)", line)) and not any(skipped):
                self.macros.add(match[1])


def prose(text, names):
    """Text for Doxygen: its special characters escaped, names linked."""
    text = re.sub(r"<([\w/.-]+\.h)>", r"\1", text)
    text = re.sub(r"[<>@\\]|#(?=[A-Z])", r"\\\g<0>", text)
    text = text.replace("*", "&lowast;")
    return re.sub(r"(?<![\w#])(?:ZX|ZIRCON)_\w+(?!\w|&)",
                  lambda name: ("#" if name[0] in names.macros else "") + name[0], text)


def statuses(term):
    """STATUS, STATUS as links; Handle errors spelled out."""
    words = HANDLE_ERRORS if term == "Handle errors" else term
    return re.sub(r"\b[A-Z][A-Z_]+\b", r"#ZX_ERR_\g<0>", words)


class Comment:
    """The parts of one comment: paragraphs, and lists of (term, text)."""

    def __init__(self, lines):
        self.blocks = []  # (kind, value): "text", "list", "code"
        for paragraph in "\n".join(lines).split("\n\n"):
            self.read(paragraph.split("\n"))

    def read(self, lines):
        plain = []
        while lines and not lines[0].startswith("  "):
            plain.append(lines.pop(0))
        if plain:
            self.blocks.append(("text", " ".join(plain)))
        if not lines:
            return
        indented = []
        while lines and lines[0].startswith("  "):
            indented.append(lines.pop(0))
        self.blocks.append(self.indented(indented))
        if lines:
            self.read(lines)

    @staticmethod
    def indented(lines):
        terms = []
        for line in lines:
            deep = len(line) - len(line.lstrip()) > 4
            match = None if deep else TERM.match(line)
            if deep and terms:
                terms[-1][1] += " " + line.strip()
            elif match and not re.search(r"[;={}]|//", line.split("  ")[1]):
                terms.append([match[1], match[2]])
            else:
                return ("code", [line[2:] for line in lines])
        return ("list", terms)


class Writer:
    """Doxygen's text of a comment."""

    def __init__(self, names, where, faults):
        self.names = names
        self.where = where
        self.faults = faults
        self.lines = []

    def text(self, text):
        return prose(text, self.names)

    def add(self, *lines):
        self.lines.extend(lines)

    def paragraph(self, text):
        heading = re.match(r"(On KVM|2018|x86|arm64): (.*)", text)
        if heading:
            title = "The generation of 2018" if heading[1] == "2018" else heading[1]
            self.add(f"@par {title}", self.text(heading[2][0].upper() + heading[2][1:]), "")
        else:
            self.add(self.text(text), "")

    def terms(self, terms, link=lambda term: term):
        self.add("<dl>")
        for term, text in terms:
            self.add(f"<dt>{link(term)}</dt><dd>{self.text(text)}</dd>")
        self.add("</dl>", "")

    def write(self, comment):
        for kind, value in comment.blocks:
            if kind == "text":
                self.paragraph(value)
            elif kind == "list":
                self.terms(value, self.text)
            else:
                self.add("@code{.c}", *value, "@endcode", "")
        return self.lines

    def write_call(self, comment, name, parameters, result):
        blocks = list(comment.blocks)
        self.paragraph(blocks.pop(0)[1] if blocks and blocks[0][0] == "text" else "")
        owner = any("Owner thread only" in value for kind, value in comment.blocks if kind == "text")
        if blocks and blocks[0][0] == "list":
            self.arguments(blocks.pop(0)[1], name, parameters)
        if result == "zx_status_t":
            self.add("@return #ZX_OK, or the first error that applies.", "")
        errors = False
        for kind, value in blocks:
            if kind == "text" and value.startswith("Errors"):
                errors = True
                self.add("@par Errors, in the order in which they are checked")
                if value != "Errors:":
                    self.add(self.text(value[len("Errors, "):]))
            elif kind == "text" and value.startswith("Contract: "):
                self.add("@par Threads", "Only the thread that owns the VCPU." if owner else "Any thread, at any time.", "")
                self.contract(value, name)
            elif kind == "list" and errors:
                self.terms(value, statuses)
            elif kind == "text":
                errors = errors and value.endswith(":")
                self.paragraph(value)
            else:
                self.write_list_or_code(kind, value)
        return self.lines

    def write_list_or_code(self, kind, value):
        if kind == "list":
            self.terms(value, self.text)
        else:
            self.add("@code{.c}", *value, "@endcode", "")

    def arguments(self, terms, name, parameters):
        documented = []
        rights = []
        for term, text in terms:
            for argument in term.split(", "):
                documented.append(argument)
                out = "receives" in text.split(".")[0]
                self.add(f"@param[{'out' if out else 'in'}] {argument} {self.text(text)}")
                for part in re.findall(r"; ([^;.]+)(?=\.)", text):
                    if RIGHT.match(part):
                        rights.append(f"{argument}: " + re.sub(r"[A-Z][A-Z_]+", r"#ZX_RIGHT_\g<0>", part))
        self.add("")
        if rights or "zx_handle_t" in parameters.values():
            self.add("@par Rights", ("; ".join(rights) or "None") + ".", "")
        for argument in [a for a in parameters if a not in documented]:
            self.faults.append(f"{self.where}: {name}: the argument {argument} is not described")
        for argument in [a for a in documented if a not in parameters]:
            self.faults.append(f"{self.where}: {name}: there is no argument {argument}")

    def contract(self, value, name):
        links = []
        for family in value[len("Contract: "):].rstrip(".").split(", "):
            if family in self.names.families:
                links.append(f"@ref contract_{self.names.families[family].replace('-', '_')} \"{family}\"")
            else:
                self.faults.append(f"{self.where}: {name}: there is no family {family} in docs/contract")
        self.add("@par Contract", ", ".join(links) + ".", "")


class Header:
    """One header, line by line."""

    def __init__(self, path, names):
        self.path = path
        self.names = names
        self.lines = path.read_text().split("\n")
        self.layout = {(m[1], m[2]): (int(m[3]), int(m[4])) for m in LAYOUT.finditer("\n".join(self.lines))}
        self.faults = []
        self.output = []
        self.calls = []  # (name, declaration, Comment), for manual pages
        self.record = None  # the struct or union that the line is in
        self.convert()

    def emit_doc(self, lines, indent=""):
        self.output.extend(f"{indent}/// {line}".rstrip() for block in lines for line in block.split("\n"))

    def writer(self, number):
        return Writer(self.names, f"{self.path}:{number + 1}", self.faults)

    def comment_at(self, number):
        """The comment's lines from there on, without //, and the number of the line after it."""
        text = []
        while number < len(self.lines) and (match := re.match(r"\s*//(?: (.*)|$)", self.lines[number])):
            text.append((match[1] or "").rstrip())
            number += 1
        return text, number

    def run_end(self, number):
        """Where the lines end that one comment is about: at a blank line, a comment, or the end of an #if around it."""
        depth = entries = 0
        while number < len(self.lines) and (line := self.lines[number]).strip() and not re.match(r"\s*//|\s*}", line):
            if self.lines[number - 1].endswith("\\"):
                pass  # the rest of a macro
            elif line.startswith("#if"):
                depth += 1
            elif line.startswith("#e"):
                if depth == 0:
                    break
                depth -= line.startswith("#endif")
            elif ENTRY.match(line):
                entries += 1
            elif not line.rstrip().endswith("\\"):
                return number, 0
            number += 1
        return number, entries

    def convert(self):
        text, number = self.comment_at(0)
        first = re.match(r"([\w/-]+\.h): (.*)", text[0]) if text else None
        if first:
            self.emit_doc([f"@file {first[1]}", first[2], ""])
            self.emit_doc(self.writer(0).write(Comment(text[1:])) if text[1:] else [])
        else:
            self.faults.append(f"{self.path}:1: the banner does not begin with the header's name")
        while number < len(self.lines):
            number = self.convert_at(number)

    def convert_at(self, number):
        text, after = self.comment_at(number)
        if not text:
            self.customary(number)
            self.code(number, "")
            return number + 1
        following = self.lines[after] if after < len(self.lines) else ""
        detached = not following.strip() or re.match(r"\s*}|ZX_DETAIL_(?!INLINE|PLAIN_INLINE)", following)
        if detached or text[0].startswith("---"):
            self.output.extend(self.lines[number:after])
            return after
        end, entries = self.run_end(after)
        if entries > 1:
            return self.group(text, number, after, end)
        self.emit_doc(self.declaration(text, number, after), re.match(r"\s*", self.lines[number])[0])
        return after

    def customary(self, number):
        """Describes what has no comment and needs none, before a template's first line."""
        if self.lines[number - 1].startswith("template <"):
            return
        declared = self.lines[number]
        if declared.startswith("template <"):
            declared += " " + self.lines[number + 1]
        for pattern, words in CUSTOMARY:
            if match := pattern.match(declared):
                banner = self.lines[0].partition(": ")[2]
                words = words.format(*match.groups(), banner=banner)
                self.emit_doc([prose(words, self.names)], re.match(r"\s*", declared)[0])
                return

    def declaration(self, text, number, after):
        declared = " ".join(self.lines[after:after + 8]).split(";")[0] + ";"
        call = CALL.search(declared)
        if not call:
            return self.writer(number).write(Comment(text))
        parameters = {}  # name → type
        for parameter in [] if call[2] in ("", "void") else call[2].split(","):
            kind, name = re.fullmatch(r"\s*(.*?)\s*(\w+)", parameter).groups()
            parameters[name] = kind
        result = declared[:call.start()].split()[-1]
        self.calls.append((call[1], " ".join(declared[:call.end(2) + 1].split()) + ";", Comment(text)))
        return self.writer(number).write_call(Comment(text), call[1], parameters, result)

    def group(self, text, number, after, end):
        comment = Comment(text)
        title, _, rest = comment.blocks[0][1].partition(". ")
        indent = re.match(r"\s*", self.lines[number])[0]
        self.emit_doc([f"@name {prose(title.rstrip('.'), self.names)}", prose(rest, self.names), "@{"], indent)
        self.output.append("")
        whole = prose(" ".join(value for kind, value in comment.blocks if kind == "text"), self.names)
        for line in range(after, end):
            self.code(line, whole)
        self.emit_doc(["@}"], indent)
        return end

    def code(self, number, inherited):
        """A line of code; what it declares is described by the comment behind it, or by that of its group. Of several
        members that one line declares each is what its name says."""
        line = self.lines[number]
        several = SEVERAL.match(line) if self.record else None
        if several:
            for name in several["names"].split(", "):
                words = several["words"] or name.replace("_", " ") + "."
                self.emit_doc([prose(words, self.names)], "  ")
                self.output.append(f"  {several['type']} {name};")
            return
        opened = re.match(r"typedef (?:struct|union|enum) (\w+) {", line)
        if opened:
            self.record = opened[1] + "_t"
        elif line.startswith("}"):
            self.record = None
        code, slashes, behind = line.partition("  // ")
        if slashes and re.match(r"  } \w+;", code):
            self.output.append(f"{code}  ///< {prose(behind, self.names)}")  # a member that is a union
            return
        # The rest of a macro is no entry.
        entry = None if self.lines[number - 1].endswith("\\") else ENTRY.match(line)
        if not entry or line.startswith("  " * 2) and self.record is None:
            self.output.append(code if slashes else line)
            return
        words = [prose(behind.strip(), self.names) if slashes else inherited]
        name = entry["member"] or entry["enumerator"]
        if name and self.record and (self.record, name) in self.layout:
            offset, size = self.layout[self.record, name]
            words.append(f"(Offset {offset}, size {size}.)")
        if any(words):
            self.emit_doc([" ".join(filter(None, words))], re.match(r"\s*", line)[0])
        self.output.append(code)


def contract_page(path):
    """A file of docs/contract as a page that calls can refer to; links to what is no page become plain text."""
    text = path.read_text()
    label = "contract_" + path.stem.replace("-", "_")
    text = re.sub(r"^# (.*)$", rf"# \1 {{#{label}}}", text, count=1, flags=re.MULTILINE)
    stems = {file.stem for file in path.parent.glob("*.md")}

    def link(match):
        target = re.fullmatch(r"([\w-]+)\.md", match[2])
        if target and target[1] in stems:
            return f"@ref contract_{target[1].replace('-', '_')} \"{match[1]}\""
        return match[1]

    text = re.sub(r"\[([^\]]+)\]\(([^)]+)\)", link, text)
    # Not in `code`.
    pieces = text.split("`")
    pieces[::2] = [re.sub(r"(?<=[ (])#(?=[A-Z])|<(?=\S)", r"\\\g<0>", piece) for piece in pieces[::2]]
    return "`".join(pieces)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="print what is wrong with the comments instead")
    parser.add_argument("--root", type=pathlib.Path, default=ROOT, help="the tree that the files are of")
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    names = Names(options.root)
    faults = []
    for path in options.files:
        if path.suffix == ".md":
            sys.stdout.write(contract_page(path))
            continue
        header = Header(path, names)
        faults += header.faults
        if not options.check:
            print("\n".join(header.output))
    if options.check:
        for fault in faults:
            print(fault)
    return 1 if options.check and faults else 0


if __name__ == "__main__":
    sys.exit(main())
