// Charts as SVG and pictures of numbers: each function draws one anew, at the size that it has.

const SPACE = "http://www.w3.org/2000/svg";

/** An element of SVG in another, with attributes and perhaps a text. */
function add(parent, name, attributes, text) {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

/** An empty drawing of this height, and its width in pixels. */
function clear(svg, height, label) {
  const width = svg.clientWidth || 320;
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("height", height);
  svg.setAttribute("aria-label", label);
  return width;
}

/** Round numbers from `low` to `high`, about `count` of them. */
export function ticks(low, high, count) {
  const rough = (high - low) / count || 1;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * unit).find((n) => n >= rough * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9) + 0; i * step <= high * (1 + 1e-9); i++) found.push(i * step + 0);
  return found;
}

export const number = (value) =>
  value !== 0 && (Math.abs(value) < 0.001 || Math.abs(value) >= 1e7)
    ? value.toExponential(1)
    : value.toLocaleString("en", { maximumSignificantDigits: 4 });

/**
 * Curves over samples. `series`: {name, kind, x, y}, `kind` being a class of the style; `marks`:
 * the samples at which epochs end; `percent`: y is a share, from 0 to 1. The axis of y is
 * logarithmic where its numbers differ by more than a factor of 50.
 */
export function curves(svg, { series, xLabel, yLabel, marks, end, percent }) {
  const label = series
    .filter((s) => s.y.length)
    .map((s) => `${s.name} ${percent ? (100 * s.y.at(-1)).toFixed(1) + " %" : number(s.y.at(-1))}`);
  const height = 280, width = clear(svg, height, `${yLabel}: ${label.join(", ") || "nothing yet"}`);
  const left = 58, right = width - 12, top = 22, bottom = height - 44;
  const all = series.flatMap((s) => s.y);
  const positive = all.filter((y) => y > 0);
  const log = !percent && positive.length > 0 && Math.max(...positive) > 50 * Math.min(...positive);
  let low = 0, high = percent ? 1 : Math.max(...all, 1e-9) * 1.05;
  if (log) [low, high] = [Math.log10(Math.min(...positive)), Math.log10(Math.max(...positive))];
  const toX = (x) => left + (x / Math.max(1, end)) * (right - left);
  const toY = (y) => {
    const value = log ? Math.log10(Math.max(y, 10 ** low)) : y;
    return bottom - ((value - low) / (high - low || 1)) * (bottom - top);
  };
  const whole = (value) => !log || Math.abs(value - Math.round(value)) < 1e-9;
  for (const value of ticks(low, high, 5).filter(whole)) {
    const y = toY(log ? 10 ** value : value);
    add(svg, "line", { x1: left, x2: right, y1: y, y2: y, class: "grid" });
    const text = percent ? Math.round(100 * value) : number(log ? 10 ** value : value);
    add(svg, "text", { x: left - 8, y: y + 4, "text-anchor": "end" }, text);
  }
  for (const value of ticks(0, end, width < 480 ? 4 : 7)) {
    add(svg, "text", { x: toX(value), y: bottom + 18, "text-anchor": "middle" }, number(value));
  }
  for (const mark of marks.filter((m) => m < end)) {
    add(svg, "line", { x1: toX(mark), x2: toX(mark), y1: top, y2: bottom, class: "epoch" });
  }
  add(svg, "text", { x: 0, y: 10, class: "label" }, yLabel);
  add(svg, "text", { x: right, y: height - 6, "text-anchor": "end", class: "label" }, xLabel);
  for (const { kind, x, y } of series) {
    const points = x.map((value, i) => `${toX(value).toFixed(1)},${toY(y[i]).toFixed(1)}`);
    add(svg, "polyline", { points: points.join(" "), class: `curve ${kind}` });
    const dots = kind === "test" ? x.map((_, i) => i) : x.length ? [x.length - 1] : [];
    for (const i of dots) add(svg, "circle", { cx: toX(x[i]), cy: toY(y[i]), r: 3.5, class: kind });
  }
  const cursor = add(svg, "g", {});
  svg.onpointerleave = () => cursor.replaceChildren();
  svg.onpointermove = (event) => {
    cursor.replaceChildren();
    const sample = ((event.offsetX - left) / (right - left)) * end;
    const readings = series.filter((s) => s.x.length).map((s) => {
      const i = s.x.reduce((a, x, i) => (Math.abs(x - sample) < Math.abs(s.x[a] - sample) ? i : a), 0);
      return { x: s.x[i], text: `${s.name} ${percent ? (100 * s.y[i]).toFixed(1) + " %" : number(s.y[i])}` };
    });
    if (sample < 0 || !readings.length) return;
    const x = toX(readings[0].x), anchor = x > (left + right) / 2 ? "end" : "start";
    add(cursor, "line", { x1: x, x2: x, y1: top, y2: bottom, class: "cursor" });
    [`sample ${number(readings[0].x)}`, ...readings.map((r) => r.text)].forEach((text, i) => {
      const place = { x: x + (anchor === "end" ? -8 : 8), y: top + 14 + 16 * i };
      add(cursor, "text", { ...place, "text-anchor": anchor, class: "reading" }, text);
    });
  };
}

/** How often each target (row) was answered with each class (column). */
export function confusion(svg, counts, colours) {
  const n = counts.length;
  const right = counts.reduce((sum, row, i) => sum + row[i], 0);
  const total = counts.flat().reduce((a, b) => a + b, 0);
  const width = svg.clientWidth || 320, side = 40;
  const cell = Math.min(44, (width - side - 4) / n), height = side + n * cell + 4;
  clear(svg, height, `confusion matrix: ${right} of ${total} answers are right`);
  add(svg, "text", { x: side + (n * cell) / 2, y: 12, "text-anchor": "middle" }, "answer");
  const y = side + (n * cell) / 2;
  add(svg, "text", { x: 12, y, "text-anchor": "middle", transform: `rotate(-90 12 ${y})` }, "target");
  const every = Math.max(1, Math.ceil(n / 20));
  counts.forEach((row, i) => {
    const sum = Math.max(1, row.reduce((a, b) => a + b, 0));
    if (i % every === 0) {
      const middle = side + (i + 0.5) * cell;
      add(svg, "text", { x: middle, y: side - 8, "text-anchor": "middle" }, i);
      add(svg, "text", { x: side - 10, y: middle + 4, "text-anchor": "end" }, i);
    }
    row.forEach((count, j) => {
      const place = { x: side + j * cell, y: side + i * cell };
      const share = count / sum, [r, g, b] = i === j ? colours.low : colours.high;
      const strength = count ? 0.15 + 0.85 * share ** (i === j ? 1 : 0.5) : 0;
      const [r0, g0, b0] = colours.zero;
      const mix = [[r0, r], [g0, g], [b0, b]].map(([a, c]) => Math.round(a + (c - a) * strength));
      const box = { ...place, width: cell - 1.5, height: cell - 1.5, rx: 3, fill: `rgb(${mix})` };
      const rect = add(svg, "rect", { ...box, class: "cell" });
      add(rect, "title", {}, `target ${i}, answer ${j}: ${count} of ${sum}`);
      if (count && cell >= 18) {
        const middle = { x: place.x + cell / 2 - 0.75, y: place.y + cell / 2 + 3.5, "text-anchor": "middle" };
        const size = cell < 26 ? "font-size: 10px" : "";
        const contrast = strength > 0.55 ? "filled" : "some";
        add(svg, "text", { ...middle, style: size, class: contrast, "pointer-events": "none" }, count);
      }
    });
  });
}

/** An array of numbers as tiles, each number a square: below zero, zero, above. */
export function tiles(canvas, { rows, columns, tiles }, limit, width, colours) {
  const many = tiles.length > 1, gap = many ? 1 : 0;
  const fitting = Math.max(1, Math.floor(width / (columns + gap)));
  const most = Math.min(tiles.length, fitting, Math.max(1, Math.floor(width / (4 * (columns + gap)))));
  const even = Array.from({ length: most }, (_, i) => most - i).find((n) => tiles.length % n === 0);
  const across = 2 * even >= most ? even : most; // Rows that are all full, where that is possible.
  const down = Math.ceil(tiles.length / across);
  const scale = Math.max(1, Math.min(many ? 5 : 12, Math.floor(width / (across * (columns + gap)))));
  canvas.width = (across * (columns + gap) - gap) * scale;
  canvas.height = (down * (rows + gap) - gap) * scale;
  const context = canvas.getContext("2d");
  tiles.forEach((values, t) => {
    const x0 = (t % across) * (columns + gap), y0 = Math.floor(t / across) * (rows + gap);
    values.forEach((value, i) => {
      const share = Math.min(1, Math.abs(value) / (limit || 1));
      const [zero, full] = [colours.zero, value < 0 ? colours.low : colours.high];
      context.fillStyle = `rgb(${zero.map((a, c) => Math.round(a + (full[c] - a) * share))})`;
      const x = x0 + (i % columns), y = y0 + Math.floor(i / columns);
      context.fillRect(x * scale, y * scale, scale, scale);
    });
  });
}
