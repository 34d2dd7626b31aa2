"use strict";
// Asks for new points every second and draws the last five minutes. A figure without a value leaves a gap.
const every = 1000, span = 300 * 1000, width = 300, height = 100;
const svg = (name) => document.createElementNS("http://www.w3.org/2000/svg", name);
let points = [];

const panels = [...document.querySelectorAll("figure")].map((figure) => {
  const picture = svg("svg"), now = document.createElement("output");
  picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("role", "img");
  figure.querySelector("figcaption").append(now);
  const top = document.createElement("span"), axis = document.createElement("div");
  top.className = "top";
  axis.className = "axis";
  axis.append("0, five minutes ago", Object.assign(document.createElement("span"), { textContent: "now" }));
  figure.append(top, picture, axis);
  const { figures, unit, scale } = figure.dataset;
  return { picture, now, top, figures: figures.split(" "), unit, scale: Number(scale ?? 1) };
});

const short = (v) => v === null ? "–" : v === 0 ? "0" : v >= 100 ? Math.round(v).toLocaleString("en") : v.toPrecision(2);

// runs splits a figure's points at gaps into lists of [time, value].
function runs(figure, scale) {
  const out = [[]];
  for (const p of points) {
    if (p[figure] === null) out.push([]);
    else out.at(-1).push([p.time, p[figure] * scale]);
  }
  return out.filter((run) => run.length);
}

function draw(panel) {
  const lines = panel.figures.map((figure) => runs(figure, panel.scale));
  const top = Math.max(0, ...lines.flat(2).map(([, value]) => value)), end = points.at(-1).time;
  const place = ([time, value]) => `${(width * (1 - (end - time) / span)).toFixed(1)},${(height - 2 - (height - 4) * value / (top || 1)).toFixed(1)}`;
  panel.picture.replaceChildren(...lines.flatMap((line, i) => line.map((run) => {
    const drawn = svg("polyline");
    drawn.setAttribute("points", run.map(place).join(" "));
    if (i) drawn.setAttribute("class", "second");
    return drawn;
  })));
  const last = points.at(-1), values = panel.figures.map((figure) => last[figure] === null ? null : last[figure] * panel.scale);
  panel.now.textContent = `${values.map(short).join(", ")} ${panel.unit}`;
  panel.top.textContent = `${short(top)} ${panel.unit}`;
  panel.picture.setAttribute("aria-label", `${panel.figures.join(", ")}: ${panel.now.textContent}`);
}

async function poll() {
  const state = document.querySelector("#state");
  try {
    const reply = await fetch(`status.json?after=${points.at(-1)?.time ?? 0}`, { signal: AbortSignal.timeout(5000) });
    if (!reply.ok) throw new Error(reply.statusText);
    const news = await reply.json();
    state.textContent = state.className = news.state;
    document.querySelector("#model").textContent = news.model;
    document.querySelector("#calls").textContent = `${news.calls} calls in progress`;
    points = points.concat(news.points).slice(-span / every);
    if (points.length) panels.forEach(draw);
  } catch {
    state.textContent = "UNREACHABLE";
    state.className = "";
  }
  setTimeout(poll, every);
}
poll();
