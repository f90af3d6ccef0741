"use strict";
// Shows the service's health, and puts a copy button on every example. The pages work without it.
(() => {
  const status = document.querySelector("[data-health]");
  if (status) {
    const say = (state, text) => {
      status.dataset.state = state;
      status.lastElementChild.textContent = text;
    };
    fetch(status.dataset.health)
      .then((response) => response.json())
      .then((body) => {
        const parts = Object.entries(body.checks || {}).map(([name, check]) => `${name} ${check.status}`);
        say(body.status === "ok" ? "ok" : body.status === "degraded" ? "degraded" : "away", parts.join(" · "));
      })
      .catch(() => say("away", "not reachable"));
  }
  for (const block of document.querySelectorAll("pre")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.querySelector("code").textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    block.append(button);
  }
  const filter = document.getElementById("filter");
  if (filter) {
    filter.hidden = false;
    filter.addEventListener("input", () => {
      const wanted = filter.value.toLowerCase();
      for (const item of document.querySelectorAll("[data-words]")) {
        item.hidden = !item.dataset.words.toLowerCase().includes(wanted);
      }
    });
  }
})();
