// The page of a dataset: see DatasetPage.swift for what each field of the data holds.
const data = pageData();
const cardsAtOnce = 48;

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
  for (const task of data.tasks) {
    byId("classes").append(sortableTable({
      caption: `Questions of the task ${task.name}, by class and split`,
      columns: [{ name: "class" }, ...data.splits.map((name) => ({ name, number: true })), { name: "all", number: true },
        { name: "sources", number: true }, { name: "clips" }],
      rows: task.classes.map((each) => [each.name, ...each.counts, each.counts.reduce((a, b) => a + b, 0), each.sources,
        make("button", { type: "button", onclick: () => showClass(each.name) }, "show")]),
      limit: 500,
    }));
  }
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

function drawMap() {
  if (!data.map.length) return;
  const section = byId("map");
  section.hidden = false;
  const [width, height, edge] = [760, 420, 16];
  const range = (axis) => data.map.reduce(([low, high], point) => [Math.min(low, point[axis]), Math.max(high, point[axis])], [Infinity, -Infinity]);
  const [xs, ys] = [range(1), range(2)];
  const place = (value, [low, high], length) => edge + ((length - 2 * edge) * (value - low)) / Math.max(high - low, 1e-12);
  const labels = [...new Set(data.map.map(([clip]) => data.clips[clip].labels[0] ?? ""))].sort();
  const color = (label) => `hsl(${Math.round((360 * labels.indexOf(label)) / labels.length)} 65% 50%)`;
  const drawing = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Clips by the first two principal components of their mean features" });
  for (const [index, x, y] of data.map) {
    const clip = data.clips[index];
    drawing.append(make("circle", { cx: place(x, xs, width), cy: place(y, ys, height), r: 4, fill: color(clip.labels[0] ?? ""), opacity: 0.75,
      style: "cursor: pointer", onclick: () => openDialog(clip.video, clipCard(clip)) },
      make("title", {}, `${clip.labels.join(", ")}: ${clip.video} ${clip.window}`)));
  }
  put(section, make("figure", { class: "card" }, drawing, make("figcaption", {},
    "Clips by the first two principal components of their mean features; a colour a class. A point opens its clip.")));
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
  const choice = (name, values) => make("select", { "aria-label": name, onchange: () => fill() },
    make("option", { value: "" }, `every ${name}`), [...new Set(values)].sort().map((value) => make("option", { value }, [...value].slice(0, 60).join(""))));
  const label = choice("class", data.clips.flatMap((clip) => clip.labels));
  const split = choice("split", data.clips.map((clip) => clip.split));
  const codec = choice("codec", data.clips.map((clip) => clip.codec));
  const text = make("input", { type: "search", placeholder: "path, key or label", "aria-label": "Search", oninput: () => fill() });
  const shown = make("div", { class: "grid" });
  const status = make("p", { class: "note", role: "status" });
  const more = make("button", { type: "button", onclick: () => add() }, "Show more");
  let found = [];
  function fill() {
    const words = text.value.toLowerCase();
    found = data.clips.filter((clip) => (!label.value || clip.labels.includes(label.value))
      && (!split.value || clip.split === split.value) && (!codec.value || clip.codec === codec.value)
      && (!words || [clip.video, clip.key, ...clip.labels].some((each) => each.toLowerCase().includes(words))));
    shown.replaceChildren();
    status.textContent = `${count(found.length, "clip")} of ${data.clips.length.toLocaleString("en")}` + (data.note ? `. ${data.note}` : "");
    add();
  }
  function add() {
    const next = found.slice(shown.childElementCount, shown.childElementCount + cardsAtOnce);
    shown.append(...next.map(clipCard));
    more.hidden = shown.childElementCount >= found.length;
  }
  showClass = (name) => {
    label.value = name;
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
