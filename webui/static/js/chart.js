// Draws every [data-chart] from the JSON script it holds: {"times": [unix seconds], "lines": [{"label", "values"}]}.
(() => {
  const drawn = new Map();
  const inks = ["--running", "--good", "--warn", "--bad"];
  const ink = (name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  };

  const faint = (colour) => colour.replace("rgb(", "rgba(").replace(")", ", 0.12)");

  const axis = (size) => ({
    stroke: ink("--ink-soft"),
    grid: { stroke: ink("--line"), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
    size,
  });

  const pad = (number) => String(number).padStart(2, "0");
  const clock = (at, seconds) => {
    const date = new Date(at * 1000);
    const time = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
    return seconds ? `${time}:${pad(date.getSeconds())}` : time;
  };
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400, 604800];
  const times = (_plot, splits, _axis, _space, step) => splits.map((at) => clock(at, step < 60));

  const options = (box, lines) => ({
    width: box.clientWidth,
    height: Number(box.dataset.chartHeight || 180),
    padding: [8, 28, 0, 0],
    cursor: { y: false },
    legend: { live: true },
    scales: { x: { time: true }, y: { range: (_plot, _low, high) => [0, Math.max(10, (high || 0) * 1.1)] } },
    axes: [{ ...axis(28), space: 80, incrs: steps, values: times }, { ...axis(48), space: 34 }],
    series: [
      { value: (_plot, at) => (at === null ? "–" : clock(at, true)) },
      ...lines.map((line, index) => {
        const colour = ink(inks[index % inks.length]);
        return {
          label: line.label,
          stroke: colour,
          width: 2,
          fill: index === 0 ? faint(colour) : undefined,
          points: { show: false },
          value: (_plot, value) => (value === null ? "–" : `${Math.round(value).toLocaleString()}`),
        };
      }),
    ],
  });

  const draw = (box) => {
    const source = box.querySelector("script[type='application/json']");
    if (!source || !window.uPlot) return;
    const { times, lines } = JSON.parse(source.textContent);
    drawn.get(box)?.destroy();
    drawn.delete(box);
    if (times.length < 2 || !box.clientWidth) return;
    const plot = new window.uPlot(options(box, lines), [times, ...lines.map((line) => line.values)], box);
    drawn.set(box, plot);
  };

  const drawAll = () => {
    for (const box of drawn.keys()) if (!box.isConnected) drawn.delete(box);
    for (const box of document.querySelectorAll("[data-chart]")) draw(box);
  };

  document.addEventListener("DOMContentLoaded", drawAll);
  document.addEventListener("htmx:afterSettle", drawAll);
  document.addEventListener("trawl:theme", drawAll);
  window.addEventListener("resize", () => {
    for (const [box, plot] of drawn) plot.setSize({ width: box.clientWidth, height: plot.height });
  });
})();
