// The page of a dataset: see DatasetPage.swift for what each field of the data holds.
const data = pageData();
const cardsAtOnce = 48;
const className = ([task, index]) => data.tasks[task].classes[index].name;
for (const clip of data.clips) clip.labels = [...new Set(clip.answers.map(className))];

function start() {
  const name = data.name || decodeURIComponent(location.pathname.split("/").at(-2) ?? "") || "Video dataset";
  document.title = `${name}: video dataset`;
  byId("name").textContent = name;
  byId("lead").textContent = data.lead;
  byId("summary").append(...data.summary.map((sentence, index) => make("p", { class: index ? "" : "verdict" }, sentence)),
    ...data.warnings.map((sentence) => make("p", { class: "warning" }, sentence)));
  drawClasses();
  drawVideos();
  drawMap();
  drawGallery();
  drawQuarantine();
  drawDuplicates();
}

function drawClasses() {
  put(byId("classes"), make("div", { class: "grid wide" }, data.tasks.map((task, number) => sortableTable({
    caption: `Questions of the task ${task.name}, by class and split`,
    columns: [{ name: "class" }, ...data.splits.map((name) => ({ name, number: true })), { name: "all", number: true },
      { name: "sources", number: true }, { name: "clips" }],
    rows: task.classes.map((each, index) => [each.name, ...each.counts, each.counts.reduce((a, b) => a + b, 0), each.sources,
      make("button", { type: "button", "aria-label": `show clips of ${each.name}`, onclick: () => showClass([number, index]) }, "show")]),
    limit: 500,
  }))));
}

function drawVideos() {
  byId("videos").append(make("div", { class: "grid" }, data.distributions.map(({ title, bars }) =>
    make("figure", { class: "card" }, make("figcaption", {}, title),
      make("div", { class: "answers" }, bars.flatMap(({ name, count: number }) => {
        const largest = Math.max(...bars.map((bar) => bar.count));
        return [make("span", {}, shortened(name, 24)),
          make("span", { class: "meter" }, make("i", { style: `width: ${(100 * number) / largest}%` })),
          make("span", { class: "number" }, number.toLocaleString("en"))];
      }))))));
}

/* Clips by their features, in two dimensions */

const paletteSize = 10;
// Equally visible on light and dark; frequent classes have the hues that are farthest apart.
const color = (rank) => (rank < paletteSize ? `oklch(${rank % 2 ? 62 : 55}% 0.15 ${Math.round(rank * 137.5) % 360})` : "var(--soft)");
const clipName = (clip) => `${clip.labels.join(", ") || "no question"}: ${clip.video} ${clip.window}`.slice(0, 300);

function drawMap() {
  if (!data.map.length) return;
  const section = byId("map");
  section.hidden = byId("to-map").hidden = false;
  const [width, height, edge] = [Math.max(300, Math.min(1100, section.clientWidth - 32)), 440, 16];
  const range = (axis) => data.map.reduce(([low, high], point) => [Math.min(low, point[axis]), Math.max(high, point[axis])], [Infinity, -Infinity]);
  const [xs, ys] = [range(1), range(2)];
  const place = (value, [low, high], length) => edge + ((length - 2 * edge) * (value - low)) / Math.max(high - low, 1e-12);
  const points = data.map.map(([index, x, y]) => ({ clip: data.clips[index], x: place(x, xs, width), y: place(y, ys, height) }));
  const byCircle = new Map();
  for (const point of points) {
    point.circle = make("circle", { class: "point", cx: point.x.toFixed(1), cy: point.y.toFixed(1), r: 4.5, role: "button", tabindex: -1,
      "aria-label": clipName(point.clip) }, make("title", {}, clipName(point.clip)));
    byCircle.set(point.circle, point);
  }
  const ring = make("circle", { class: "ring", r: 8, display: "none" });
  const drawing = make("svg", { class: "map", viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Map of the clips" },
    points.map((point) => point.circle), ring);
  // Chromium lets Tab stop at drawings that listen to the focus, so what is around it does.
  const frame = make("div", {}, drawing);
  const status = make("p", { class: "note", role: "status" }, "No clip is chosen.");
  let current;
  /** Makes it the point that Tab comes to. */
  function enter(point) {
    current?.circle.setAttribute("tabindex", -1);
    current = point;
    current.circle.setAttribute("tabindex", 0);
  }
  const open = (point) => openDialog(point.clip.video, clipCard(point.clip));
  frame.addEventListener("focusin", ({ target }) => {
    enter(byCircle.get(target));
    for (const name of ["cx", "cy"]) ring.setAttribute(name, target.getAttribute(name));
    ring.removeAttribute("display");
    status.textContent = clipName(current.clip);
  });
  frame.addEventListener("focusout", () => ring.setAttribute("display", "none"));
  frame.addEventListener("click", ({ target }) => byCircle.has(target) && open(byCircle.get(target)));
  frame.addEventListener("keydown", (event) => {
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const step = { PageUp: -1, PageDown: 1 }[event.key];
    const shown = points.filter((point) => !point.circle.classList.contains("faded"));
    if (direction) nearest(shown, current, direction)?.circle.focus();
    else if (step) shown.at((shown.indexOf(current) + step) % shown.length).circle.focus();
    else if (event.key === "Enter" || event.key === " ") open(current);
    else return;
    event.preventDefault();
  });
  put(section, make("figure", { class: "card" }, mapLegend(points, (shown) => enter(shown[0])), frame, status, make("figcaption", { class: "note" },
    `${points.length.toLocaleString("en")} of ${count(data.clips.length, "clip")} by the first two principal components of their mean features. `
      + "Arrow keys go to the next clip, Page Up and Page Down through all of them, Enter opens one.")));
}

/** The closest of `points` on one side of `from`, rather ahead than aside. */
function nearest(points, from, [dx, dy]) {
  let [best, least] = [null, Infinity];
  for (const point of points) {
    const [x, y] = [point.x - from.x, point.y - from.y];
    const ahead = x * dx + y * dy;
    const distance = ahead + 2 * Math.abs(x * dy + y * dx);
    if (ahead > 0 && distance < least) [best, least] = [point, distance];
  }
  return best;
}

/** Colours `points` by their class of a task, and shows those of one class alone; `onChange` gets the shown ones. */
function mapLegend(points, onChange) {
  const entries = make("div", { class: "bar", role: "group", "aria-label": "Classes" });
  const choice = make("select", { "aria-label": "Colours by task", onchange: () => fill() },
    data.tasks.map((task, number) => make("option", { value: number }, `colours: ${cut(task.name)}`)));
  function show(rank) {
    for (const point of points) point.circle.classList.toggle("faded", rank != null && point.rank !== rank);
    [...entries.children].forEach((button, place) => button.setAttribute("aria-pressed", String(place === rank)));
    onChange(points.filter((point) => rank == null || point.rank === rank));
  }
  function fill() {
    const classOf = ({ clip }) => clip.answers.find(([task]) => task === Number(choice.value))?.[1] ?? -1;
    const counts = new Map();
    for (const point of points) counts.set(classOf(point), (counts.get(classOf(point)) ?? 0) + 1);
    const ranked = [...counts].sort((one, other) => other[1] - one[1]);
    const ranks = new Map(ranked.map(([index], place) => [index, Math.min(place, paletteSize)]));
    for (const point of points) {
      point.rank = ranks.get(classOf(point));
      point.circle.setAttribute("fill", color(point.rank));
    }
    const name = ([index]) => (index < 0 ? "no question" : className([Number(choice.value), index]));
    const rest = ranked.slice(paletteSize);
    const button = (text, number, rank) => make("button", { type: "button", "aria-pressed": "false",
      onclick: ({ currentTarget }) => show(currentTarget.getAttribute("aria-pressed") === "true" ? null : rank) },
      make("span", { class: "swatch", style: `background: ${color(rank)}`, "aria-hidden": "true" }), text, ` ${number}`);
    entries.replaceChildren(...ranked.slice(0, paletteSize).map((entry, rank) => button(shortened(name(entry), 24), entry[1], rank)),
      ...(rest.length ? [button(rest.length === 1 ? "1 other class" : `${rest.length} other classes`, rest.reduce((sum, [, number]) => sum + number, 0), paletteSize)] : []));
    show(null);
  }
  fill();
  return make("div", {}, data.tasks.length > 1 ? make("div", { class: "bar" }, choice) : null, entries);
}

/* Gallery */

function clipCard(clip) {
  return make("article", { class: `card ${clip.damage ? "unsure" : ""}` },
    clip.strip ? filmstrip(clip, `${clip.frames} frames of ${clip.video}`) : null,
    make("p", {}, shortened(clip.labels.join(", ") || "no question", 80)),
    clip.damage ? make("p", { class: "tag" }, shortened(clip.damage, 160)) : null,
    make("p", { class: "source" }, shortened(clip.video, 70), clip.window ? ` ${clip.window}` : "",
      ` · ${clip.split} · ${clip.codec} ${clip.size} · ${count(clip.numFrames, "frame")} · ${clip.key}`));
}

let showClass = () => {};

function drawGallery() {
  const section = byId("gallery");
  const select = (name, ...options) => make("select", { "aria-label": name, onchange: () => fill() },
    make("option", { value: "" }, `every ${name}`), options.flat());
  const choice = (name, values) => select(name, [...new Set(values)].sort().map((value) => make("option", { value }, cut(value))));
  const label = select("class", data.tasks.map((task, number) => {
    const options = task.classes.map((each, index) => make("option", { value: `${number},${index}` }, cut(each.name)));
    return data.tasks.length > 1 ? make("optgroup", { label: cut(task.name) }, options) : options;
  }).flat());
  const split = choice("split", data.clips.map((clip) => clip.split));
  const codec = choice("codec", data.clips.map((clip) => clip.codec));
  const text = make("input", { type: "search", placeholder: "path, key or label", "aria-label": "Search", oninput: () => fill() });
  const shown = make("div", { class: "grid" });
  const status = make("p", { class: "note", role: "status" });
  const more = make("button", { type: "button", onclick: () => add() }, "Show more");
  let found = [];
  function fill() {
    const words = text.value.toLowerCase();
    found = data.clips.filter((clip) => (!label.value || clip.answers.some((answer) => String(answer) === label.value))
      && (!split.value || clip.split === split.value) && (!codec.value || clip.codec === codec.value)
      && (!words || [clip.video, clip.key, ...clip.labels].some((each) => each.toLowerCase().includes(words))));
    // Those with a picture first.
    found.sort((one, other) => !one.strip - !other.strip);
    shown.replaceChildren();
    status.textContent = `${count(found.length, "clip")} of ${data.clips.length.toLocaleString("en")}` + (data.note ? `. ${data.note}` : "");
    add();
  }
  function add() {
    const next = found.slice(shown.childElementCount, shown.childElementCount + cardsAtOnce);
    shown.append(...next.map(clipCard));
    more.hidden = shown.childElementCount >= found.length;
  }
  showClass = (answer) => {
    label.value = String(answer);
    fill();
    section.scrollIntoView();
  };
  put(section, make("div", { class: "bar" }, label, split, codec, text), status, shown, make("div", { class: "bar" }, more));
  fill();
}

function drawQuarantine() {
  const section = byId("quarantine");
  if (!data.quarantine.length) return put(section, make("p", { class: "note" }, "Every row is stored."));
  put(section, sortableTable({ caption: "Rows that are not stored; quarantine.csv is a manifest that tries just these again",
    columns: [{ name: "video" }, { name: "label" }, { name: "reason" }, { name: "detail" }],
    rows: data.quarantine.map(({ video, label, reason, detail }) => [video, label, reason, detail]) }));
}

function drawDuplicates() {
  const section = byId("duplicates");
  if (!data.duplicates.length) return put(section, make("p", { class: "note" }, "No clips with different splits or labels look alike."));
  const side = (clip) => (typeof clip === "number" ? clipCard(data.clips[clip]) : make("p", { class: "card source" }, shortened(clip)));
  put(section, make("p", { class: "note" }, "Clips that look alike though their splits or labels differ"
    + (data.duplicatesInAll > data.duplicates.length ? `: ${data.duplicates.length} of ${count(data.duplicatesInAll, "pair")}; all are in near-duplicates.csv.` : ".")));
  put(section, ...data.duplicates.map(({ why, first, second }) =>
    make("div", {}, make("h3", {}, why), make("div", { class: "grid wide" }, side(first), side(second)))));
}

start();
