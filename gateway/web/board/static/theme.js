// Before the first paint, so that the page does not flash in the other theme. "auto" follows the system.
(function () {
  try {
    var theme = localStorage.getItem("ota-board-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (_) {
    // Without storage the system decides.
  }
})();
