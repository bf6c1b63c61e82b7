# The site of the documentation: Sphinx, with MyST for the pages, Breathe for types and classes, and the theme Furo, all of
# Debian 12. docs/site/pages.py writes the pages that are made from headers, docs/contract and the like beside these.
import os
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

project = "zircon-kvm"
author = "The zircon-kvm authors"
copyright = "2026, the zircon-kvm authors"
version = release = os.environ["ZIRCON_KVM_VERSION"]

extensions = ["myst_parser", "breathe", "sphinx_copybutton", "rows", "doxygen_links"]
myst_enable_extensions = ["deflist", "fieldlist", "colon_fence"]
myst_heading_anchors = 3
# docs/decisions and others begin below their title.
suppress_warnings = ["myst.header", "misc.highlighting_failure"]
nitpicky = True
# What the C library and the standard library have; unnamed members; C's types in C++; template parameters.
nitpick_ignore_regex = [
    (r"(c|cpp):.*", r"u?int\d+_t|s?size_t|u?intptr_t|bool|struct|std(::.*)?|FILE|va_list|.*timespec.*|pthread_t|thrd\w*_t"),
    (r"c:.*", r".*@\d+|list_node_t"),
    (r"cpp:.*", r"(zx_|ZX_)\w+|[A-Z]\w*|(zx::)?(result|unowned|saturating|object|basic_\w+).*|success.*|scmp_filter_ctx"),
]
exclude_patterns = ["programs"]
breathe_projects = {"zircon-kvm": os.path.join(os.environ["ZIRCON_KVM_REFERENCE"], "xml")}
breathe_default_project = "zircon-kvm"
breathe_domain_by_extension = {"h": "c"}
breathe_domain_by_file_pattern = {"lib/zx/*": "cpp"}
breathe_show_define_initializer = True
breathe_show_include = False

html_theme = "furo"
html_title = f"zircon-kvm {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["families.js", "site.js"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "sidebar_hide_name": False,
    "light_css_variables": {"color-brand-primary": "#0b6e8f", "color-brand-content": "#0b6e8f"},
    "dark_css_variables": {"color-brand-primary": "#5cc4e4", "color-brand-content": "#5cc4e4"},
}
pygments_style = "friendly"
pygments_dark_style = "native"
