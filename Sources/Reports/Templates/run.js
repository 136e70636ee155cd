// The page of a run: see RunPage.swift for what each field of the data holds.
const data = pageData();
let task = data.tasks[0];
let heatShown = false;

const verdicts = { right: "right", wrong: "wrong", unsure: "unsure" };
const isRight = (question) => question.label === question.prediction;
const questionsOf = (chosen) => data.questions.filter((question) => question.task === chosen.number);

function start() {
  document.title = `${data.name}: video classification run`;
  byId("name").textContent = data.name;
  byId("lead").textContent = data.lead;
  drawResult();
  drawClips();
  drawTask();
  drawTraining();
  drawProvenance();
}

/* First screen */

function drawResult() {
  const section = byId("result");
  put(section, data.verdict.map((sentence, index) =>
    make("p", { class: index ? "" : "verdict" }, sentence)));
  put(section, data.warnings.map((sentence) => make("p", { class: "warning" }, sentence)));
  if (!data.tasks.length) return;
  put(section, make("figure", { class: "card" }, accuracyChart(), make("figcaption", {},
    `Accuracy on the ${data.tasks[0].split} split: ● this run with its 95 % interval (Wilson), `
      + "┃ chance" + (data.tasks.some((each) => each.baselines.length) ? ", ◇ simpler models on the same features." : "."))),
    baselineTable());
}

/** Which simpler models there are, and what they reach. */
function baselineTable() {
  const rows = data.tasks.flatMap((each) => each.baselines.map((other) => [each.name, other.name, other.accuracy, each.accuracy - other.accuracy]));
  const points = (value) => `${value < 0 ? "−" : "+"}${(100 * Math.abs(value)).toFixed(1)}`;
  return rows.length ? make("details", {}, make("summary", {}, "Simpler models on the same features"), sortableTable({
    caption: "Simpler models on the same features", rows,
    columns: [{ name: "task" }, { name: "model" }, { name: "accuracy", number: true, show: (value) => percent(value) },
      { name: "this run, in points", number: true, show: points }] })) : null;
}

/** A row a task: what is reached on a scale from 0 to 100 %. */
function accuracyChart() {
  const mark = (kind, share, title) => make("i", { class: kind, style: `left: ${100 * share}%`, title: `${title}: ${percent(share)}` });
  return make("div", { class: "scale", role: "img", "aria-label": data.tasks.map((each) =>
    `${each.name}: ${percent(each.accuracy)}, chance ${percent(each.chance)}`).join("; ") }, data.tasks.map((each) => [
    make("span", {}, shortened(each.name, 24)),
    make("span", { class: "track" },
      make("i", { class: "interval", style: `left: ${100 * each.interval[0]}%; width: ${100 * (each.interval[1] - each.interval[0])}%` }),
      mark("chance", each.chance, "chance"),
      each.baselines.map((other) => mark("baseline", other.accuracy, other.name)),
      mark("reached", each.accuracy, "this run")),
    make("strong", { class: "number" }, percent(each.accuracy))]));
}

/* Filmstrips */

function questionCard(question) {
  const clip = data.clips[question.clip];
  const its = data.tasks[question.task];
  const kind = question.isUnsure ? "unsure" : isRight(question) ? "right" : "wrong";
  const answer = its.classes[question.prediction];
  const strip = filmstrip(clip, `${clip.frames} frames of ${clip.video}`, question.heat);
  if (heatShown) strip.classList.add("heat");
  const answers = question.top.flatMap(([index, probability]) => [
    make("span", { class: index === question.label ? "truth" : "" }, shortened(its.classes[index], 28)),
    make("span", { class: "meter" }, make("i", { style: `width: ${(100 * probability).toFixed(1)}%` })),
    make("span", { class: "number" }, percent(probability, 0))]);
  return make("article", { class: `card ${kind}` }, strip,
    question.prompt == null ? null : promptLine(data.prompts[question.prompt]),
    make("p", {}, make("span", { class: "tag" }, verdicts[kind]), ": ", shortened(answer, 40),
      isRight(question) ? null : [", is ", shortened(its.classes[question.label], 40)],
      data.tasks.length > 1 ? make("span", { class: "source" }, " · ", shortened(its.name, 30)) : null),
    make("div", { class: "answers" }, answers),
    make("p", { class: "source" }, shortened(clip.video, 70), clip.window ? ` ${clip.window}` : "", ` · ${clip.key}`,
      ` · loss ${question.loss.toFixed(3)}`));
}

function promptLine({ text, others }) {
  return make("p", { class: "prompt" }, shortened(text, 140),
    others ? make("span", { class: "source" }, ` and ${count(others, "other wording")}, averaged`) : null);
}

function drawClips() {
  const section = byId("clips");
  const shown = make("div", { class: "grid" });
  const note = make("p", { class: "note", role: "status", hidden: true });
  let current = data.selections[0];
  const buttons = data.selections.map((selection) => make("button", {
    type: "button", onclick: () => { current = selection; fill(); } }, `${selection.name} (${selection.questions.length})`));
  function fill() {
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(data.selections[index] === current)));
    note.textContent = current.note ?? "";
    note.hidden = !current.note;
    shown.replaceChildren(...current.questions.map((index) => questionCard(data.questions[index])));
  }
  const heat = data.questions.some((question) => question.heat) ? make("button", {
    type: "button", "aria-pressed": "false", onclick: (event) => {
      heatShown = !heatShown;
      event.currentTarget.setAttribute("aria-pressed", String(heatShown));
      document.querySelectorAll(".strip").forEach((strip) => strip.classList.toggle("heat", heatShown));
    } }, "Attention") : null;
  put(section, make("div", { class: "bar" }, buttons, heat),
    heat ? make("p", { class: "note" }, "Attention: what the queries read, the mean of the last cross-attention layer's probabilities; each clip by its own largest value.")
      : data.attentionNote ? make("p", { class: "note" }, data.attentionNote) : null, note, shown);
  if (current) fill();
  else shown.append(make("p", { class: "note" }, "No question was answered yet."));
}

/* What is drawn for one task at a time */

function drawTask() {
  if (!task) return;
  for (const id of ["confusion", "classes", "breakdown"]) {
    const section = byId(id);
    section.replaceChildren(section.querySelector("h2"));
    if (data.tasks.length > 1) put(section, taskButtons());
  }
  drawConfusion();
  drawClasses();
  drawBreakdown();
}

function taskButtons() {
  return make("div", { class: "bar", role: "group", "aria-label": "Task" }, data.tasks.map((each) =>
    make("button", { type: "button", "aria-pressed": String(each === task), onclick: () => { task = each; drawTask(); } }, shortened(each.name, 40))));
}

const shownAtMost = 30;

function drawConfusion() {
  const section = byId("confusion");
  const order = make("select", { "aria-label": "Order of the classes", onchange: () => fill() },
    make("option", { value: "confusion" }, "most errors first"),
    make("option", { value: "support" }, "most questions first"),
    make("option", { value: "name" }, "by name"));
  if (task.classes.length <= shownAtMost) order.value = "name";
  const place = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Confusion matrix" });
  function fill() {
    const key = { confusion: (row) => -row.errors, support: (row) => -row.support, name: (row) => row.index }[order.value];
    const chosen = classRows(task).sort((a, b) => key(a) - key(b) || a.index - b.index).slice(0, shownAtMost).map((row) => row.index);
    place.replaceChildren(matrix(chosen));
  }
  fill();
  const rest = task.classes.length - shownAtMost;
  put(section, make("div", { class: "bar" }, order), place,
    rest > 0 ? make("p", { class: "note" }, `${shownAtMost} of ${task.classes.length} classes are shown; `
      + "the order decides which. Pairs of all classes are below.") : null,
    make("p", { class: "note" }, "Rows are true answers, columns the model's. A cell opens its clips."));
  const pairs = task.confusion.filter(([row, column]) => row !== column).sort((a, b) => b[2] - a[2]);
  put(section, make("h3", {}, "Most confused"));
  if (!pairs.length) return put(section, make("p", { class: "note" }, "Nothing is confused."));
  put(section, sortableTable({
    caption: "Pairs of classes that are taken for each other",
    columns: [{ name: "is" }, { name: "taken for" }, { name: "questions", number: true }, { name: "clips" }],
    rows: pairs.slice(0, 20).map(([row, column, number]) => [task.classes[row], task.classes[column], number,
      make("button", { type: "button", onclick: () => openCell(row, column, number) }, "show")]),
  }));
}

function classRows(chosen) {
  const rows = chosen.classes.map((name, index) => ({ name, index, support: 0, predicted: 0, hits: 0, errors: 0 }));
  for (const [row, column, number] of chosen.confusion) {
    rows[row].support += number;
    rows[column].predicted += number;
    if (row === column) rows[row].hits += number;
    else { rows[row].errors += number; rows[column].errors += number; }
  }
  return rows;
}

function matrix(chosen) {
  const counts = new Map(task.confusion.map(([row, column, number]) => [`${row},${column}`, number]));
  const totals = new Map();
  for (const [row, , number] of task.confusion) totals.set(row, (totals.get(row) ?? 0) + number);
  const cell = (row, column) => {
    const number = counts.get(`${row},${column}`);
    if (!number) return make("td", {}, make("span", {}));
    const share = number / totals.get(row);
    const name = `${number} of ${task.classes[row]} taken for ${task.classes[column]}`;
    return make("td", { class: row === column ? "right" : "wrong" }, make("button", {
      type: "button", class: "cell", "--shade": `${Math.round(8 + 34 * share)}%`, "aria-label": name, title: name,
      onclick: () => openCell(row, column, number) }, String(number)));
  };
  return make("table", { class: "matrix" },
    make("caption", {}, `Confusion matrix of ${task.name}, ${task.split}`),
    make("thead", {}, make("tr", {}, make("td", {}), chosen.map((column) =>
      make("th", { scope: "col" }, make("span", {}, shortened(task.classes[column], 22)))))),
    make("tbody", {}, chosen.map((row) => make("tr", {},
      make("th", { scope: "row" }, shortened(task.classes[row], 26)), chosen.map((column) => cell(row, column))))));
}

function openCell(row, column, number) {
  const found = questionsOf(task).filter((question) => question.label === row && question.prediction === column);
  const cards = found.slice(0, 24).map(questionCard);
  const missing = number - cards.length;
  openDialog(
    row === column ? `${task.classes[row]}, right` : `${task.classes[row]}, taken for ${task.classes[column]}`,
    make("div", { class: "grid" }, cards),
    missing > 0 ? make("p", { class: "note" }, `${count(missing, "more question")}: see ${data.predictionsFile}.`) : null);
}

function drawClasses() {
  const ratio = (part, whole) => (whole ? part / whole : 0);
  const rows = classRows(task).map((row) => [row.name, ratio(row.hits, row.predicted), ratio(row.hits, row.support),
    ratio(2 * row.hits, row.support + row.predicted), row.support]);
  const figures = [["weighted F1", percent(task.f1Weighted), task.f1Interval],
    ["macro F1", percent(task.f1Macro)], ["calibration error", percent(task.calibrationError)],
    ["questions", task.questions.toLocaleString("en")], ["clips", task.clips.toLocaleString("en")], ["groups", task.groups.toLocaleString("en")]];
  put(byId("classes"), 
    make("p", {}, figures.map(([name, value, interval]) =>
      `${name} ${value}` + (interval ? ` (95 %: ${percent(interval[0])} to ${percent(interval[1])}, bootstrap by group)` : "")).join(" · ")),
    make("div", { class: "grid wide" },
      sortableTable({ caption: `Scores by class, ${task.split}`, rows,
        columns: [{ name: "class" }, ...["precision", "recall", "F1"].map((name) => ({ name, number: true, show: (value) => percent(value) })),
          { name: "questions", number: true }] }),
      lineChart({ title: "Reliability: how often answers of each confidence are right", horizontal: "confidence", range: [0, 1], diagonal: true,
        series: [{ name: "share right", points: task.reliability.map((bin) => [bin.confidence, bin.accuracy]) }] })));
}

function drawBreakdown() {
  const section = byId("breakdown");
  const share = (list) => list.map(({ name, questions, accuracy, interval }) => [name, accuracy, interval, questions]);
  const columns = (name) => [{ name }, { name: "accuracy", number: true, show: (value) => percent(value) },
    { name: "95 % interval", number: true, show: (value) => `${percent(value[0])} to ${percent(value[1])}` }, { name: "questions", number: true }];
  if (task.byPrompt.length) put(section, sortableTable({ caption: "By prompt", columns: columns("prompt"), rows: share(task.byPrompt) }));
  if (task.wordings.length) put(section, sortableTable({ caption: "By wording of the prompt",
    columns: [{ name: "list" }, ...columns("wording"), { name: "among all tasks' answers", number: true, show: (value) => percent(value) }],
    rows: task.wordings.map(({ list, prompt, questions, accuracy, interval, amongAll }) => [list, prompt, accuracy, interval, questions, amongAll]) }));
  put(section, sortableTable({ caption: "By group (source video, or the manifest's column `group`)", columns: columns("group"), rows: share(task.byGroup) }));
  if (!task.probes.length) return;
  put(section, make("h3", {}, "Does it use order and prompt?"), make("ul", {}, task.probes.map((sentence) => make("li", {}, sentence))));
}

function drawTraining() {
  put(byId("training"), make("div", { class: "grid wide" }, data.curves.map(lineChart)));
}

function drawProvenance() {
  const table = (caption, heads, rows) => make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, make("table", {}, make("caption", {}, caption),
    make("thead", {}, make("tr", {}, heads.map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, rows.map((row) => make("tr", {}, row.map((value, index) => make(index ? "td" : "th", { scope: index ? null : "row" }, shortened(value, 200))))))));
  put(byId("provenance"), make("div", { class: "grid wide" },
    data.options.length
      ? table("Options that differ from the defaults", ["option", "here", "default"], data.options.map(({ name, value, usual }) => [name, value, usual]))
      : make("p", {}, "All options have their defaults."),
    table("Made from", ["what", "value"], data.provenance.map(({ name, value }) => [name, value]))));
}

start();
