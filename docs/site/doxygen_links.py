"""Doxygen's own references, by which Breathe links: what has a page of another making is found by its name, and what has none,
such as a header, becomes plain text. References that pages write themselves are not touched."""

import logging
import re

DOXYGEN = re.compile(r"[\w-]*_8h(_1[0-9a-f]+)?$|(class|struct|union|namespace)\w+$|contract_\w+$")


def resolve(app, env, node, contnode):
    if node.get("refdomain") != "std" or node.get("reftype") != "ref" or not DOXYGEN.match(node["reftarget"]):
        return None
    name = contnode.astext().removesuffix("()")
    found = env.get_domain("c").resolve_any_xref(env, node["refdoc"], app.builder, name, node, contnode)
    return found[0][1] if found else contnode


def is_no_namespace(record):
    """Every header of <lib/zx/...> opens the namespace zx; that is no declaration twice."""
    return not (str(record.msg).startswith("Duplicate C++ declaration") and "'.. cpp:type:: zx'" in record.getMessage())


def setup(app):
    logging.getLogger("sphinx.sphinx.domains.cpp").addFilter(is_no_namespace)
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
