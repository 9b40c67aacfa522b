// The administration's form of a periodic task: what the chosen crontab means, in words beside it.
(() => {
  const words = JSON.parse(document.getElementById("readable-crontabs").textContent);
  const select = document.getElementById("id_crontab");
  const row = document.querySelector(".field-crontab_translation");
  if (!select || !row) return;

  const place = row.querySelector(".readonly") ?? row;
  const tell = () => {
    place.textContent = words[select.value] ?? "-";
  };
  // by jQuery, because Django tells in no other way of a crontab that was added in a pop-up window
  window.django.jQuery(select).on("change", tell);
  tell();
})();
