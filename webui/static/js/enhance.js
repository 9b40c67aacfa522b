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
    const body = event.target.closest("[data-shown-by]").querySelector("tbody");
    const row = body.lastElementChild.cloneNode(true);
    for (const input of row.querySelectorAll("input")) {
      if (input.type === "checkbox") {
        input.checked = false;
        input.value = String(body.children.length);
      } else input.value = "";
    }
    body.append(row);
    row.querySelector("input").focus();
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
