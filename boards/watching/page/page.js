// Asks for the state of the run, and shows it.

import { confusion, curves, number, tiles } from "./charts.js";

const PERIOD_MS = 500;
const SILENT_S = 15;
const $ = (id) => document.getElementById(id);
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const count = (value) => value.toLocaleString("en");

let weights = null;
let last = null;

/** The colours of the style, as [red, green, blue]. */
function colours() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(name).split(",").map(Number);
  return { low: read("--low"), high: read("--high"), zero: read("--zero") };
}

/** Seconds as people say them. */
function duration(seconds) {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  return s < 3600 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
}

function status(kind, text) {
  $("status").className = `status ${kind}`;
  $("status").textContent = text;
}

function showStatus(state) {
  if (state.end) status(state.end.how, state.end.message ? `failed: ${state.end.message}` : state.end.how);
  else if (state.silent > SILENT_S) status("silent", `silent for ${duration(state.silent)}`);
  else status("running", "running");
}

function showProgress(state) {
  document.title = `${state.name} · catgrad`;
  $("name").textContent = state.name;
  $("where").textContent = `${state.port} · design ${state.design}`;
  $("progress").setAttribute("aria-valuemax", state.samples);
  $("progress").setAttribute("aria-valuenow", state.position);
  $("bar").style.width = `${(100 * state.position) / Math.max(1, state.samples)}%`;
  $("done").textContent =
    `${count(state.position)} of ${count(state.samples)} samples, epoch ${state.epoch} of ${state.epochs}`;
  const left = state.seconds_left === null ? "" : `, ${duration(state.seconds_left)} left`;
  $("left").textContent = `${duration(state.seconds)}${left}`;
}

function showFigures(state) {
  const { training, test, link } = state;
  const figures = [];
  if (test.accuracy.length) figures.push(["test accuracy", percent(test.accuracy.at(-1))]);
  if (training.accuracy.length) figures.push(["training accuracy", percent(training.accuracy.at(-1))]);
  if (test.loss.length) figures.push(["test loss", number(test.loss.at(-1))]);
  if (training.loss.length) figures.push(["training loss", number(training.loss.at(-1))]);
  figures.push(["samples a second", number(Math.round(state.rate))]);
  if (link.compared !== null) figures.push(["integers compared, all equal", count(link.compared)]);
  $("figures").replaceChildren(...figures.map(([name, value]) => {
    const box = document.createElement("div"), big = document.createElement("b"), small = document.createElement("span");
    [big.textContent, small.textContent] = [value, name];
    box.append(big, small);
    return box;
  }));
}

function showCurves(state) {
  const { training, test } = state;
  const marks = Array.from({ length: state.epochs }, (_, i) => (i + 1) * state.lesson);
  const common = { marks, end: state.lesson * state.epochs, xLabel: "samples learned from" };
  const lines = (name) => [
    { name: "training", kind: "training", x: training.learned, y: training[name] },
    { name: "test", kind: "test", x: test.learned, y: test[name] },
  ].filter((line) => line.y.length);
  const keys = (lines) => lines.map(({ name, kind }) => {
    const key = document.createElement("span"), mark = document.createElement("i");
    mark.className = kind;
    const what = name === "training" ? `training, mean of ${count(state.lately)} samples` : "test, after each epoch";
    key.append(mark, what);
    return key;
  });
  $("accuracy-figure").hidden = !state.classes;
  if (state.classes) {
    const series = lines("accuracy");
    curves($("accuracy"), { ...common, series, yLabel: "right answers, %", percent: true });
    $("accuracy-keys").replaceChildren(...keys(series));
  }
  const series = lines("loss");
  curves($("loss"), { ...common, series, yLabel: `${state.loss_name}, per sample`, percent: false });
  $("loss-keys").replaceChildren(...keys(series));
}

function showConfusion(state) {
  $("confusion-figure").hidden = !state.confusion;
  if (!state.confusion) return;
  $("confusion-of").textContent = state.confusion_of;
  confusion($("confusion"), state.confusion, colours());
}

function showWeights() {
  $("weights-figure").hidden = !weights;
  if (!weights) return;
  $("weights-of").textContent = `after ${count(weights.position)} samples`;
  const width = $("weights").clientWidth || 320, palette = colours();
  $("weights").replaceChildren(...weights.pictures.map((picture) => {
    const box = document.createElement("div"), line = document.createElement("p"), canvas = document.createElement("canvas");
    const name = document.createElement("span"), scale = document.createElement("span");
    const limit = picture.tiles.flat().reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const bound = number(Number((limit * picture.step).toPrecision(2)));
    name.textContent = `${picture.name}, ${picture.shape.join(" × ") || "1"}`;
    scale.className = "scale";
    scale.append(`−${bound}`, document.createElement("i"), `+${bound}`);
    line.append(name, scale);
    box.className = "array";
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${name.textContent}: ${picture.tiles.length} of ${picture.rows} × ${picture.columns}`);
    tiles(canvas, picture, limit, width, palette);
    box.append(line, canvas);
    return box;
  }));
}

function showFacts(state) {
  const { link } = state, counters = weights && weights.counters;
  const facts = [
    ["samples on the board", counters ? count(counters.samples) : "–"],
    ["numbers that saturated, predicting", counters ? count(counters.forward_saturations) : "–"],
    ["numbers that saturated, learning", counters ? count(counters.learning_saturations) : "–"],
    ["sent to the board", `${count(link.sent)} bytes`],
    ["received", `${count(link.received)} bytes`],
    ["requests sent again", count(link.resent)],
    ["damaged frames that the board dropped", count(link.damaged)],
    ["returns to a checkpoint", count(link.restored)],
  ];
  $("facts").replaceChildren(...facts.map(([name, value]) => {
    const row = document.createElement("tr"), head = document.createElement("th"), cell = document.createElement("td");
    [head.textContent, cell.textContent] = [name, value];
    row.append(head, cell);
    return row;
  }));
}

function show(state, all) {
  showProgress(state);
  showFigures(state);
  showCurves(state);
  showConfusion(state);
  if (all) showWeights();
  showFacts(state);
}

async function look() {
  try {
    const answer = await fetch(`state?weights=${weights ? weights.position : -1}`);
    const state = await answer.json();
    if (state.error) {
      status("gone", state.error);
      return;
    }
    showStatus(state);
    const same = last && last.position === state.position && last.design === state.design;
    const fresh = state.weights !== null || (last && state.position < last.position);
    if (state.weights) weights = state.weights;
    last = state;
    if (!same || fresh) show(state, fresh);
  } catch {
    if (!(last && last.end)) status("gone", "the program that serves this page has ended");
  } finally {
    setTimeout(look, PERIOD_MS);
  }
}

const again = () => last && show(last, true);
addEventListener("resize", again);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
look();
