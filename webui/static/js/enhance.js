// Small comforts that no write depends on: local times, confirmation, rows of a form, closing menus.
(() => {
  const localTimes = () => {
    for (const time of document.querySelectorAll("time[datetime]:not([data-local])")) {
      time.dataset.local = "";
      time.title = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
    }
  };

  document.addEventListener("DOMContentLoaded", localTimes);
  document.addEventListener("htmx:afterSettle", localTimes);

  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
  });

  const growTables = () => {
    for (const button of document.querySelectorAll("[data-add-row]")) button.hidden = false;
  };
  document.addEventListener("DOMContentLoaded", growTables);
  document.addEventListener("htmx:afterSettle", growTables);
  document.addEventListener("click", (event) => {
    if (!event.target.matches("[data-add-row]")) return;
    const table = event.target.closest("[data-shown-by]").querySelector(".fields-table table");
    const field = table.lastElementChild.cloneNode(true);
    const place = table.tBodies.length;
    for (const control of field.querySelectorAll("input, select, textarea")) {
      if ("place" in control.dataset) control.value = String(place);
      else if (control.matches("select")) control.selectedIndex = 0;
      else control.value = "";
      if (control.type === "checkbox") control.checked = false;
    }
    for (const button of field.querySelectorAll("[data-move]")) {
      button.value = button.value.replace(/:\d+:/, `:${place}:`);
    }
    for (const named of field.querySelectorAll("[aria-label]")) {
      const label = named.getAttribute("aria-label").replace(/(field) \d+/i, `$1 ${place + 1}`);
      named.setAttribute("aria-label", label);
    }
    field.querySelector("details").open = false;
    table.append(field);
    field.querySelector("input").focus();
  });

  // A transform changes places with its neighbour, and the focus goes with it; the server does the same.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (!button) return;
    event.preventDefault();
    const [way] = button.value.split(":");
    const step = button.closest(".step");
    const other = way === "up" ? step.previousElementSibling : step.nextElementSibling;
    if (!other) return;
    const controls = (one) => [...one.querySelectorAll("select, input:not([type='hidden'])")];
    const there = controls(other);
    for (const [place, control] of controls(step).entries()) {
      [control.value, there[place].value] = [there[place].value, control.value];
      const wrong = [control, there[place]].map((one) => one.getAttribute("aria-invalid") === "true");
      control.toggleAttribute("aria-invalid", false);
      there[place].toggleAttribute("aria-invalid", false);
      if (wrong[1]) control.setAttribute("aria-invalid", "true");
      if (wrong[0]) there[place].setAttribute("aria-invalid", "true");
    }
    const buttons = [...other.querySelectorAll("[data-move]")];
    (buttons.find((one) => one.value.startsWith(way) && !one.disabled) ?? buttons.find((one) => !one.disabled)).focus();
  });

  const showChosen = (select) => {
    for (const part of document.querySelectorAll(`[data-shown-by='${select.name}']`)) {
      part.hidden = !part.dataset.shownFor.split(" ").includes(select.value);
    }
  };

  const shown = () => document.querySelectorAll("select[data-shows]").forEach(showChosen);
  document.addEventListener("change", (event) => {
    if (event.target.matches("select[data-shows]")) showChosen(event.target);
    if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  });
  document.addEventListener("DOMContentLoaded", shown);
  document.addEventListener("htmx:afterSettle", shown);
})();
