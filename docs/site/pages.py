#!/usr/bin/env python3
"""Writes the site's sources into a folder: what stands in docs/site as it is, and pages made of the headers' comments, of
docs/contract and of other documents.

usage: pages.py FOLDER XML      (XML: the folder of Doxygen's, which loses what these pages say already)
"""

import json
import os
import pathlib
import re
import shutil
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "reference"))
import filter  # docs/reference/filter.py

# The families of calls in the order in which a reader looks for them; others follow.
CALL_PAGES = ("guest", "vcpu", "vmo", "vmar", "port", "object", "handle", "interrupt", "timer", "event", "eventpair", "channel",
              "fifo", "socket", "clock", "task", "resource", "system")
# Headers of types as a reader looks for them; what is not named here is "The rest".
TYPES = {
    "What calls take and give": ("zircon/types.h", "zircon/errors.h", "zircon/rights.h", "zircon/syscalls/hypervisor.h",
                                 "zircon/syscalls/port.h", "zircon/syscalls/object.h", "zircon/syscalls/resource.h",
                                 "zircon/syscalls/types.h", "zircon/time.h", "zircon/limits.h", "zircon/processargs.h"),
    "Boot images": ("zircon/boot/image.h", "zircon/boot/driver-config.h", "zircon/boot/e820.h"),
}
# Documents that become pages: source → page. Links between them are kept, links to anything else become plain text.
DOCUMENTS = {
    "docs/DIFFERENCES.md": "differences.md",
    "docs/CONFORMANCE.md": "conformance.md",
    "docs/SPECIFICATION.md": "specification.md",
    "docs/RELIABILITY.md": "reliability.md",
    "docs/performance/README.md": "performance/index.md",
    "docs/kick-counts.md": "kick-counts.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "zvmm/README.md": "zvmm.md",
    "examples/README.md": "examples/index.md",
}
SPECIAL = re.compile(r"([\\*_`\[\]<>#|$])")
ROW = re.compile(r"(?<![\w-])([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*)-(\d+)(?![\w-])")
FAMILY = re.compile(r"(?<![\w`-])[A-Z][A-Z0-9]*(?:-[A-Z][A-Z0-9]*)+(?![\w`-])")
# `code` and links, which are left as they are, or else a word to look at.
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)


class Site:
    """What can be linked to."""

    def __init__(self):
        self.names = filter.Names(ROOT)
        self.rows = set()
        for path in (ROOT / "docs/contract").glob("*.md"):
            self.rows |= {match[1] for match in re.finditer(r"^\| ([A-Z][A-Z0-9-]*-\d+)( †)? \|", path.read_text(), re.M)}
        self.headers = {}  # "zircon/calls/guest.h" → Header
        self.calls = {}  # name → families
        for path in sorted((ROOT / "include").rglob("*.h")):
            if path.name != "detail.h":
                header = filter.Header(path, self.names)
                self.headers[str(path.relative_to(ROOT / "include"))] = header
                for name, _, comment in header.calls:
                    self.calls[name] = self.families(comment)
        self.examples = {path.parent.name: path for path in sorted((ROOT / "examples").glob("*/*.c*")) if path.parent.name != "zbi-kernel"}
        self.decisions = sorted((ROOT / "docs/decisions").glob("*.md"))
        self.documents = dict(DOCUMENTS)
        for path in self.decisions:
            self.documents[f"docs/decisions/{path.name}"] = f"decisions/{path.name}"
        self.documents["examples/guest.h"] = "examples/guest.md"
        for name, path in self.examples.items():
            self.documents[str(path.relative_to(ROOT))] = f"examples/{name}.md"
        for path in (ROOT / "docs/contract").glob("*.md"):
            name = "index.md" if path.stem == "README" else path.name
            self.documents[f"docs/contract/{path.name}"] = f"contract/{name}"

    @staticmethod
    def families(comment):
        for kind, value in comment.blocks:
            if kind == "text" and value.startswith("Contract: "):
                return value[len("Contract: "):].rstrip(".").split(", ")
        return []

    def link_rows(self, text):
        """Rows, and families whose name cannot be another word's."""
        text = ROW.sub(lambda m: f"{{row}}`{m[0]}`" if m[0] in self.rows else m[0], text)
        return FAMILY.sub(lambda m: f"{{family}}`{m[0]}`" if m[0] in self.names.families else m[0], text)

    # ---- Prose of headers ----

    def prose(self, text):
        """A header's prose as Markdown, with what it names linked."""
        pieces = re.split(r"(`[^`]+`|\b(?:zx|zircon_kvm)_\w+(?:\(\))?|\b(?:ZX|ZIRCON)_\w+\b(?!\*)|<[\w/.-]+\.h>)", text)
        for at, piece in enumerate(pieces):
            call = piece.removesuffix("()")
            if at % 2 == 0:
                pieces[at] = self.link_rows(SPECIAL.sub(r"\\\1", piece))
            elif call in self.calls:
                pieces[at] = f"{{c:func}}`{call}`"
            elif piece.startswith("`"):
                pass
            elif piece in self.names.macros:
                pieces[at] = f"{{c:macro}}`{piece}`"
            else:
                pieces[at] = f"`{piece}`"
        return re.sub(r"^(\d+)\.", r"\1\\.", "".join(pieces))  # No list.

    def statuses(self, term):
        words = filter.HANDLE_ERRORS if term == "Handle errors" else term
        return re.sub(r"\b[A-Z][A-Z_]+\b", lambda m: f"{{c:macro}}`{m[0]} <ZX_ERR_{m[0]}>`", words)

    # ---- Calls ----

    def call(self, name, declaration, comment):
        """The directive that describes a call."""
        blocks = list(comment.blocks)
        owner = any("Owner thread only" in value for kind, value in blocks if kind == "text")
        lines = [f"## {name}", "", f"````{{c:function}} {declaration.rstrip(';')}", ""]
        if blocks and blocks[0][0] == "text":
            lines += [self.prose(blocks.pop(0)[1]), ""]
        if blocks and blocks[0][0] == "list":
            for term, text in blocks.pop(0)[1]:
                for argument in term.split(", "):
                    lines.append(f":param {argument}: {self.prose(text)}")
        if declaration.startswith("zx_status_t"):
            lines.append(":returns: {c:macro}`ZX_OK`, or the first error that applies.")
        lines.append("")
        errors = False
        for kind, value in blocks:
            if kind == "text" and value.startswith("Contract: "):
                lines += ["**Threads.** " + ("Only the thread that owns the VCPU." if owner else "Any thread, at any time."), "",
                          "**Contract.** " + ", ".join(f"{{family}}`{family}`" for family in self.calls[name]), ""]
            elif kind == "text" and value.startswith("Errors"):
                errors = True
                lines += ["**Errors**, in the order in which they are checked" + ("" if value == "Errors:" else
                          ", " + self.prose(value[len("Errors, "):].rstrip(":"))) + ":", ""]
            elif kind == "text":
                errors = errors and value.endswith(":")
                heading = re.match(r"(On KVM|2018|x86|arm64): (.*)", value)
                if heading:
                    title = "The generation of 2018" if heading[1] == "2018" else heading[1]
                    lines += [f"**{title}.** " + self.prose(sentence(heading[2])), ""]
                else:
                    lines += [self.prose(value), ""]
            elif kind == "list":
                for term, text in value:
                    lines += [self.statuses(term) if errors else self.prose(term), f": {self.prose(text)}", ""]
            else:
                lines += ["```c", *value, "```", ""]
        return lines + ["````", ""]

    def banner(self, header):
        """The title of a header, and what its banner says."""
        text, _ = header.comment_at(0)
        title = text[0].partition(": ")[2].rstrip(".")
        lines = [f"# {sentence(title)}", ""]
        for kind, value in filter.Comment([text[0].partition(": ")[2]] + text[1:]).blocks[1:]:
            if kind == "text" and not value.startswith("Part of <zircon/syscalls.h>"):
                lines += [self.prose(value), ""]
            elif kind == "list":
                for term, words in value:
                    lines += [self.prose(term), f": {self.prose(words)}", ""]
            elif kind == "code":
                lines += ["```c", *value, "```", ""]
        return lines

    def call_page(self, path):
        header = self.headers[path]
        include = "zircon/syscalls.h" if path.startswith("zircon/calls/") else path
        lines = self.banner(header) + [f"`#include <{include}>`", ""]
        if not path.startswith("zircon/calls/"):
            lines += self.breathe(path, ":sections: typedef enum define var innerclass user-defined")
        for name, declaration, comment in header.calls:
            lines += self.call(name, declaration, comment)
        return lines

    @staticmethod
    def breathe(path, *options):
        return [f"```{{doxygenfile}} {path}", *options, "```", ""]

    @staticmethod
    def program(source, page):
        """The page of a program: its text, which is copied to programs/."""
        language = "cpp" if source.endswith(".cc") else "c"
        return [f"# {pathlib.PurePosixPath(page).stem}", "", f"```{{literalinclude}} ../programs/{source.partition('/')[2]}",
                f":language: {language}", "```"]

    # ---- Documents ----

    def document(self, source):
        """A Markdown document of the tree as a page: links lead to pages, rows and calls are links too."""
        text = (ROOT / source).read_text()
        folder = pathlib.PurePosixPath(self.documents[source]).parent

        def link(match):
            target, _, anchor = match[2].partition("#")
            if re.match(r"\w+:", match[2]):
                return match[0]
            place = os.path.normpath(str(pathlib.PurePosixPath(source).parent / target))
            if place in self.documents:
                # A file's name stands for its title.
                words = "" if match[1].endswith(".md") else match[1]
                return f"[{words}]({os.path.relpath(self.documents[place], folder)})"
            return match[1] if match[1].startswith("`") else f"`{match[1]}`"

        def outside_code(piece):
            # Pictures stay as they are: main() puts them beside the page.
            return self.link_rows(re.sub(r"(?<!!)\[([^\]]+)\]\(([^)]+)\)", link, piece))

        def code(piece):
            name = piece.strip("`").partition("(")[0]
            return f"{{c:func}}`{name}`" if name in self.calls and piece in (f"`{name}`", f"`{name}()`") else piece

        # The table of families.
        text = re.sub(r"^(\| \[.*\.md\]\(.*\.md\) \| )([A-Z0-9, -]+)( \|)$",
                      lambda m: m[1] + ", ".join(f"`family {name}`" for name in m[2].split(", ")) + m[3], text, flags=re.M)
        # A row's own id, before its text is looked at.
        text = re.sub(r"^\| ([A-Z][A-Z0-9-]*-\d+)( †)? \|",
                      lambda m: f"| `promise {m[1]}`{(m[2] or '').replace(' ', chr(0xA0))} |" if m[1] in self.rows and "contract/" in source else m[0],
                      text, flags=re.M)
        result, at = [], 0
        for match in CODE.finditer(text):
            result += [outside_code(text[at:match.start()]), code(match[0])]
            at = match.end()
        text = "".join(result + [outside_code(text[at:])])
        return re.sub(r"`(promise|family) ([A-Z0-9-]+)`", r"{\1}`\2`", text)

    def contract(self, source):
        """A file of the contract, with the calls that its families are of."""
        text = self.document(source)
        stem = pathlib.PurePosixPath(source).stem
        own = {family for family, file in self.names.families.items() if file == stem}
        calls = [name for name, families in self.calls.items() if own & set(families)]
        if not calls:
            return text
        title, _, rest = text.partition("\n")
        listed = ", ".join(f"{{c:func}}`{name}`" for name in calls)
        return f"{title}\n\n*Of these calls:* {listed}.\n{rest}"


def sentence(text):
    """With a capital, unless it begins with a name."""
    return text if re.match(r"\w*(_|::)", text) else text[0].upper() + text[1:]


def toctree(entries, caption=None, depth=1, hidden=False):
    lines = ["```{toctree}", f":maxdepth: {depth}"]
    if caption:
        lines.append(f":caption: {caption}")
    if hidden:
        lines.append(":hidden:")
    return [*lines, "", *entries, "```", ""]


def strip_banners(folder):
    """Takes the headers' own descriptions out of Doxygen's XML: the pages have them at their top."""
    for path in folder.glob("*_8h.xml"):
        path.write_text(re.sub(r"^    <briefdescription>.*?^    </detaileddescription>\n", "", path.read_text(), count=1,
                               flags=re.M | re.S))


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(lines if isinstance(lines, str) else "\n".join(lines) + "\n")


def main():
    folder = pathlib.Path(sys.argv[1])
    strip_banners(pathlib.Path(sys.argv[2]))
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("pages.py", "__pycache__"))
    # What guides show of programs is the programs' text itself.
    shutil.copytree(ROOT / "examples", folder / "programs")
    readme = (ROOT / "README.md").read_text()
    write(folder / "programs/guest.c", re.search(r"^```c\n(.*?)^```$", readme, re.M | re.S)[1])
    site = Site()

    pages = []
    with_calls = [path for path, header in site.headers.items() if header.calls]
    for path in dict.fromkeys([*(f"zircon/calls/{name}.h" for name in CALL_PAGES), *with_calls]):
        name = pathlib.PurePosixPath(path).stem
        write(folder / f"calls/{name}.md", site.call_page(path))
        pages.append(name)
    rules = site.banner(site.headers["zircon/syscalls.h"])
    write(folder / "calls/index.md", ["# Calls", "", "A page for each family. What holds for every call:", "", *rules[2:],
                                      *toctree(pages, depth=2)])

    pages = []
    listing = ["# Types and numbers", ""]
    named = {path for headers in TYPES.values() for path in headers}
    rest = [path for path in site.headers
            if path not in named and path not in with_calls and not path.startswith(("zircon/calls/", "lib/zx/"))
            and path not in ("zircon/syscalls.h", "zircon/process.h")]
    for title, headers in {**TYPES, "The rest": rest}.items():
        entries = []
        for path in headers:
            page = path.replace("/", "-").removesuffix(".h")
            write(folder / f"types/{page}.md", [*site.banner(site.headers[path]), f"`#include <{path}>`", "",
                                                *site.breathe(path)])
            entries.append(f"{path} <{page}>")
        listing += toctree(entries, title)
    write(folder / "types/index.md", listing)

    entries = []
    for path in site.headers:
        if path.startswith("lib/zx/"):
            page = pathlib.PurePosixPath(path).stem
            write(folder / f"cpp/{page}.md", [*site.banner(site.headers[path]), f"`#include <{path}>`", "",
                                              *site.breathe(path, ":no-link:")])
            entries.append(page)
    write(folder / "cpp/index.md", ["# C++", "", "`<lib/zx/…>` has an owner for each kind of handle, with the calls as methods.",
                                    "", *toctree(entries)])

    # By which the search finds a row.
    families = {family: "index" if file == "README" else file for family, file in site.names.families.items()}
    write(folder / "_static/families.js", f"window.contractFamilies = {json.dumps(families, sort_keys=True)};\n")
    contract = []
    for source, page in site.documents.items():
        if not source.endswith(".md"):
            write(folder / page, site.program(source, page))
            continue
        write(folder / page, site.contract(source) if "docs/contract/" in source else site.document(source))
        for picture in re.findall(r"!\[[^\]]*\]\(([\w.-]+)\)", (ROOT / source).read_text()):
            shutil.copy((ROOT / source).parent / picture, (folder / page).parent)
        if "docs/contract/" in source and not page.endswith("index.md"):
            contract.append(pathlib.PurePosixPath(page).stem)
    index = folder / "contract/index.md"
    write(index, index.read_text() + "\n" + "\n".join(toctree(sorted(contract), hidden=True)))
    index = folder / "examples/index.md"
    write(index, index.read_text() + "\n" + "\n".join(toctree([*site.examples, "guest"], hidden=True)))
    write(folder / "decisions/index.md", ["# Decisions", "", "Why it is built as it is.", "",
                                          *toctree([path.stem for path in site.decisions])])


if __name__ == "__main__":
    main()
