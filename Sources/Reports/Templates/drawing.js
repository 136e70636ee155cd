"use strict";
// Shared by both pages. Every text goes through textContent, so names are never markup.

/** An element with properties, attributes and children (elements or texts). */
function make(tag, properties = {}, ...children) {
  const isDrawing = ["svg", "line", "polyline", "circle", "text", "path", "title", "rect"].includes(tag);
  const element = isDrawing
    ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value == null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name.startsWith("--")) element.style.setProperty(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  put(element, ...children.flat());
  return element;
}

/** Appends what is not `null`. */
const put = (parent, ...children) => parent.append(...children.flat().filter((child) => child != null));

const percent = (value, digits = 1) =>
  Number.isFinite(value) ? (100 * value).toFixed(digits) + "\u00a0%" : "–";
const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
const byId = (id) => document.getElementById(id);
const pageData = () => JSON.parse(byId("data").textContent);

/** A text of at most `length` characters; the whole of it is the title. */
function shortened(text, length = 80) {
  const characters = [...text];
  if (characters.length <= length) return make("bdi", {}, text);
  const shown = characters.slice(0, length - 1).join("") + "…";
  return make("bdi", { title: characters.slice(0, 500).join("") }, shown);
}

/** The beginning of a text, for places that hold no elements. */
const cut = (text, length = 60) => [...text].slice(0, length).join("");

/** The frames of a clip, side by side; `clip.strip` is one picture of all of them. */
function filmstrip(clip, label, heat) {
  if (!clip.strip) return make("p", { class: "note" }, "No picture is stored of this clip.");
  const frames = Array.from({ length: clip.frames }, (_, index) => {
    const frame = make("div", { class: "frame" });
    frame.style.backgroundImage = `url("${clip.strip}")`;
    frame.style.backgroundSize = `${clip.frames * 100}% 100%`;
    frame.style.backgroundPosition =
      clip.frames > 1 ? `${(100 * index) / (clip.frames - 1)}% 0` : "0 0";
    if (heat) frame.append(heatMap(heat, index));
    return frame;
  });
  return make("div", { class: "strip", role: "img", "aria-label": label }, frames);
}

/** What the queries read of one frame: `heat.values` are bytes (T, H, W) in base64. */
function heatMap(heat, frame) {
  const canvas = make("canvas", { width: heat.columns, height: heat.rows, "aria-hidden": "true" });
  const bytes = atob(heat.values);
  const area = heat.rows * heat.columns;
  const context = canvas.getContext("2d");
  const image = context.createImageData(heat.columns, heat.rows);
  for (let place = 0; place < area; place++) {
    const value = bytes.charCodeAt(frame * area + place);
    image.data.set([255, 255 - value, Math.max(0, 90 - value), value], 4 * place);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Ticks at round numbers from `low` to `high`. */
function ticks(low, high, wanted = 5) {
  const span = Math.max(high - low, 1e-12);
  const power = 10 ** Math.floor(Math.log10(span / wanted));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => span / size <= wanted);
  const values = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9 * span; n++) values.push(n * step);
  return values;
}

const tidy = (value) =>
  value === 0 ? "0" : Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5
    ? value.toExponential(1) : String(+value.toPrecision(4));

/** A chart with axes, ticks and values under the pointer. */
function lineChart({ title, unit, series, best, horizontal = "step", range, diagonal }) {
  const [width, height, left, bottom, top] = [460, 222, 46, 34, 16];
  const points = series.flatMap((line) => line.points).filter((point) => point.every(Number.isFinite));
  const caption = make("figcaption", {}, title);
  if (!points.length) return make("figure", { class: "card" }, caption, make("p", { class: "note" }, "Nothing was recorded."));
  const xs = points.map((point) => point[0]);
  const ys = points.map((point) => point[1]);
  const fold = (values, pick) => values.reduce((one, other) => pick(one, other));
  const [x0, x1] = range ? [range[0], range[1]] : [Math.min(0, fold(xs, Math.min)), fold(xs, Math.max)];
  const [y0, y1] = range ? [range[0], range[1]] : [Math.min(0, fold(ys, Math.min)), fold(ys, Math.max)];
  const x = (value) => left + ((width - left - 14) * (value - x0)) / Math.max(x1 - x0, 1e-12);
  const y = (value) => height - bottom - ((height - bottom - top) * (value - y0)) / Math.max(y1 - y0, 1e-12);
  const colors = ["var(--accent)", "var(--unsure)", "var(--right)", "var(--wrong)"];
  const drawing = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${title}: ${
    series.map((line) => `${line.name} ends at ${tidy(line.points.at(-1)?.[1] ?? NaN)}`).join(", ")}` });
  for (const value of ticks(y0, y1)) {
    drawing.append(
      make("line", { class: "grid-line", x1: left, x2: width - 14, y1: y(value), y2: y(value) }),
      make("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, tidy(value)));
  }
  for (const value of ticks(x0, x1, 6)) {
    drawing.append(make("text", { x: x(value), y: height - bottom + 16, "text-anchor": "middle" }, tidy(value)));
  }
  drawing.append(
    make("line", { class: "axis", x1: left, x2: width - 14, y1: height - bottom, y2: height - bottom }),
    make("text", { x: width - 14, y: height - 3, "text-anchor": "end" }, horizontal));
  if (diagonal) drawing.append(make("line", { class: "axis", x1: x(x0), y1: y(y0), x2: x(x1), y2: y(y1), "stroke-dasharray": "4 4" }));
  if (Number.isFinite(best)) {
    drawing.append(
      make("line", { x1: x(best), x2: x(best), y1: top, y2: height - bottom, stroke: "var(--right)", "stroke-dasharray": "3 3" }),
      make("text", { x: Math.min(x(best), width - 40), y: top - 5, "text-anchor": "middle" }, "best"));
  }
  series.forEach((line, number) => {
    const color = colors[number % colors.length];
    const shown = line.points.filter((point) => point.every(Number.isFinite));
    drawing.append(make("polyline", { class: "series", stroke: color, points: shown.map((point) => `${x(point[0]).toFixed(1)},${y(point[1]).toFixed(1)}`).join(" ") }));
    const every = Math.max(1, Math.ceil(shown.length / 120));
    shown.forEach((point, index) => {
      if (index % every && index !== shown.length - 1) return;
      drawing.append(make("circle", { class: "dot", cx: x(point[0]), cy: y(point[1]), r: 2.6, fill: color },
        make("title", {}, `${line.name}, ${horizontal} ${tidy(point[0])}: ${tidy(point[1])}${unit ? " " + unit : ""}`)));
    });
  });
  const legend = series.length < 2 ? null : make("p", { class: "note" }, series.flatMap((line, number) => {
    const mark = make("span", { "aria-hidden": "true" }, "● ");
    mark.style.color = colors[number % colors.length];
    return [mark, line.name + "   "];
  }));
  return make("figure", { class: "card" }, caption, drawing, legend);
}

/** A table that sorts by the column whose heading is pressed. */
function sortableTable({ caption, columns, rows, limit = 200 }) {
  const body = make("tbody");
  const heads = columns.map((column, index) =>
    make("th", { scope: "col", class: column.number ? "number" : null },
      make("button", { type: "button", onclick: () => sort(index) }, column.name)));
  let [sorted, descending] = [null, false];
  function sort(index) {
    descending = sorted === index ? !descending : Boolean(columns[index].number);
    sorted = index;
    heads.forEach((head, place) => place === index
      ? head.setAttribute("aria-sort", descending ? "descending" : "ascending") : head.removeAttribute("aria-sort"));
    const key = (row) => (Array.isArray(row[index]) ? row[index][0] : row[index]);
    rows.sort((one, other) => {
      const [a, b] = [key(one), key(other)];
      const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
      return descending ? -order : order;
    });
    fill();
  }
  function fill() {
    body.replaceChildren(...rows.slice(0, limit).map((row) => make("tr", {}, row.map((value, index) => {
      const column = columns[index];
      const shown = column.show ? column.show(value) : value instanceof Node ? value : shortened(String(value));
      return make(index ? "td" : "th", { scope: index ? null : "row", class: column.number ? "number" : null }, shown);
    }))));
  }
  fill();
  return make("div", { class: "scroll rows", tabindex: "0", role: "region", "aria-label": caption },
    make("table", {}, make("caption", {}, caption), make("thead", {}, make("tr", {}, heads)), body),
    rows.length > limit ? make("p", { class: "note" }, `The first ${limit} of ${rows.length} rows are shown; sort to see others.`) : null);
}

/** Opens a dialog with a heading and content, closed by its button or Escape. */
function openDialog(heading, ...content) {
  const dialog = make("dialog", { "aria-label": heading });
  dialog.append(
    make("div", { class: "bar" }, make("h2", {}, shortened(heading)),
      make("button", { type: "button", onclick: () => dialog.close() }, "Close")), ...content);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
