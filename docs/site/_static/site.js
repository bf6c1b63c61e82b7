// Light or dark: as the reader's system says until they choose, which their browser remembers. (Debian 12's build of the theme
// has lost its own script and the rules for "auto".)
(function () {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  function chosen() {
    const theme = localStorage.getItem("theme");
    return theme === "light" || theme === "dark" ? theme : null;
  }
  function apply() {
    document.body.dataset.theme = chosen() || (system.matches ? "dark" : "light");
  }
  document.documentElement.classList.remove("no-js");
  apply();
  system.addEventListener("change", apply);
  for (const button of document.getElementsByClassName("theme-toggle")) {
    button.addEventListener("click", function () {
      localStorage.setItem("theme", document.body.dataset.theme === "dark" ? "light" : "dark");
      apply();
    });
  }
})();

// Who searches for a row of the contract is led to it: the search itself takes its id apart.
(function () {
  const results = document.getElementById("search-results");
  const row = (new URLSearchParams(location.search).get("q") || "").trim().toUpperCase();
  const match = /^([A-Z][A-Z0-9-]*)-\d+$/.exec(row);
  const page = results && match && window.contractFamilies[match[1]];
  if (page) {
    const link = document.createElement("a");
    link.href = "contract/" + page + ".html#" + row;
    link.textContent = row + " of the contract";
    const line = document.createElement("p");
    line.append(link);
    results.before(line);
  }
})();
