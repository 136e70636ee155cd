// The page of a comparison: see RunComparison.swift for what each field of the data holds.
const data = pageData();
const shortName = (path) => path.replace(/\/+$/, "").split("/").at(-1);

function paired(comparison) {
  if (!comparison) return "–";
  const interval = comparison.interval ? ` (95 %: ${percent(comparison.interval[0])} to ${percent(comparison.interval[1])})` : "";
  return `${comparison.difference < 0 ? "" : "+"}${percent(comparison.difference)}${interval}, p = ${comparison.pValue.toPrecision(2)}`;
}

function start() {
  byId("lead").textContent = `${data.runs.join(", ")}: answers to the ${data.split} split. `
    + "Differences are those to the first run, with a bootstrap by group and McNemar's exact p.";
  for (const task of data.tasks) {
    put(byId("figures"), sortableTable({ caption: `Task ${task.task}`,
      columns: [{ name: "run" }, { name: "accuracy", number: true, show: (value) => percent(value ?? NaN) },
        { name: "weighted F1", number: true, show: (value) => percent(value ?? NaN) }, { name: "against the first" }],
      rows: data.runs.map((run, index) => [run, task.accuracy[index], task.f1Weighted[index],
        index ? paired(task.paired[index - 1]) : "–"]) }));
  }
  put(byId("settings"), data.differences.length
    ? sortableTable({ caption: "Settings", columns: [{ name: "setting" }, ...data.runs.map((run) => ({ name: shortName(run) }))],
      rows: data.differences.map((setting) => [setting.name, ...setting.values]) })
    : make("p", {}, "The settings are the same."));
  put(byId("curves"), make("div", { class: "grid wide" }, data.curves.map(lineChart)));
  const nothing = (sentence) => make("p", { class: "note" }, sentence);
  put(byId("clips"), data.disagreements.length ? cards(data.disagreements)
    : nothing("All runs are right and wrong on the same clips."));
  put(byId("labels"), ...data.contradictions.length
    ? [nothing("All runs are more than 80 % sure of one answer, and it is not the label: they or the label are wrong."), cards(data.contradictions)]
    : [nothing("No label is contradicted by all runs alike with more than 80 % confidence.")]);
}

const cards = (questions) => make("div", { class: "grid" }, questions.map((each) => {
  const clip = data.clips[each.clip];
  return make("article", { class: "card" }, filmstrip(clip, `${clip.frames} frames of ${clip.video}`),
    each.prompt ? make("p", { class: "prompt" }, shortened(each.prompt, 140)) : null,
    make("p", {}, "is ", make("strong", {}, shortened(each.label, 40))),
    each.answers.map((answer, index) => make("p", { class: each.right[index] ? "right" : "wrong" },
      make("span", { class: "tag" }, each.right[index] ? "right" : "wrong"), ` ${shortName(data.runs[index])}: `, shortened(answer, 40))),
    make("p", { class: "source" }, shortened(clip.video, 70), ` ${clip.window} · ${clip.key}`));
}));

start();
