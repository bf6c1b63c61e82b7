"""Roles for the rows of docs/contract: {promise}`TRAP-4` is where a row stands, {row}`TRAP-4` leads there, and {family}`TRAP`
leads to the first row of a family. What leads nowhere is a warning."""

from docutils import nodes
from sphinx.util import docutils


class Promise(docutils.SphinxRole):
    """The id of a row, at the row."""

    def run(self):
        row = self.text
        target = nodes.inline("", row, ids=[row], classes=["row-id"])
        self.inliner.document.note_explicit_target(target)
        names = self.env.get_domain("std")
        names.note_object("row", row, row, location=target)
        family = row.rpartition("-")[0]
        if ("family", family) not in names.objects:
            names.note_object("family", family, row, location=target)
        return [target], []


def setup(app):
    for kind in "row", "family":
        app.add_object_type(kind, kind, ref_nodeclass=nodes.inline)
    app.add_role("promise", Promise())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
