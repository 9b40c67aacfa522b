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
    for (const named of field.querySelectorAll("[aria-label]")) {
      named.ariaLabel = named.ariaLabel.replace(/(field) \d+/i, `$1 ${place + 1}`);
    }
    field.querySelector("details").open = false;
    table.append(field);
    field.querySelector("input").focus();
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
