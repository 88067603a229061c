// Keys, clicks and double-clicks on the matrices of the page, which are Plotly charts. What is chosen and the place of
// the keys are framed over every matrix: in the figure, a frame would make Streamlit draw the whole chart anew.

const CHARTS = "[class*='st-key-confusion-matrix'] .js-plotly-plot";
const IMAGES = ".st-key-confusion-images";
const CELLS = 1; // the trace that carries the cells, see dashboard/charts/grid.py
const TWICE = 450; // ms between the two clicks of a double-click
const LOOK = 100; // ms between two looks for charts that came
const HIDDEN = 300; // ms before the images below may be those of the cell before
const PATIENCE = 8000; // ms that images may take
const OWN_ESCAPE = "input, textarea, select, canvas, [contenteditable], [role=listbox], [role=menu]";
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

export default function ({ parentElement, data, setTriggerValue }) {
  const keys = (parentElement.matrixKeys ??= new MatrixKeys(parentElement));
  keys.update(data, setTriggerValue);
  return () => keys.stop();
}

const isSame = (one, other) => Boolean(one && other) && one[0] === other[0] && one[1] === other[1];

// Names in a hover text are escaped for Plotly.
const plain = (text) => new DOMParser().parseFromString(text, "text/html").body.textContent;

// Pixels from the left or upper end of an axis to both ends of rows [first, last]. Plotly's ranges begin on the left and
// at the bottom; while somebody drags they are right before anything else is.
const ends = ({ range, _length, _id }, [first, last]) => {
  const [start, end] = _id.startsWith("y") ? [range[1], range[0]] : range;
  return [first - 0.5, last + 0.5].map((v) => ((v - start) / (end - start)) * _length);
};

function place(element, [top, bottom], [left, right]) {
  const pixels = { top, left, height: bottom - top, width: right - left };
  for (const [side, value] of Object.entries(pixels)) element.style[side] = `${value}px`;
}

class MatrixKeys {
  constructor(parent) {
    this.root = parent.querySelector(".matrix-keys");
    this.said = this.root.querySelector(".said");
    this.hint = this.said.textContent;
    this.at = null;
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.root.addEventListener("focus", () => this.go(this.at ?? this.data.at ?? this.first()));
    this.root.addEventListener("blur", () => this.leave());
    this.anywhere = (event) => this.escape(event);
    document.addEventListener("keydown", this.anywhere);
    this.timer = setInterval(() => this.attach(), LOOK);
  }

  stop() {
    clearInterval(this.timer);
    document.removeEventListener("keydown", this.anywhere);
    for (const chart of this.charts()) chart.querySelector(".matrix-frames")?.remove();
  }

  update(data, send) {
    this.data = data;
    this.send = send;
    if (this.at?.some((i) => i >= data.closed.length)) this.at = null;
    this.attach();
    this.frame();
  }

  charts() {
    return [...document.querySelectorAll(CHARTS)].filter((chart) => chart._fullData?.length > CELLS);
  }

  attach() {
    for (const chart of this.charts()) {
      if (!chart.matrixKeys) {
        chart.on("plotly_click", ({ points }) => chart.matrixKeys.clicked(points[0]));
        for (const moved of ["plotly_afterplot", "plotly_relayouting"]) chart.on(moved, () => chart.matrixKeys.over(chart));
      }
      const isNew = chart.matrixKeys !== this;
      chart.matrixKeys = this;
      if (isNew) this.over(chart);
    }
  }

  get isOn() {
    return this.root.matches(":focus");
  }

  // -- the mouse ----------------------------------------------------------------------------------------------------
  clicked({ x, y }) {
    const now = performance.now();
    const cell = [Number(y), Number(x)];
    const isSecond = isSame(this.last?.cell, cell) && now - this.last.at < TWICE;
    this.last = isSecond ? null : { cell, at: now };
    if (isSecond) this.drill(cell);
    else this.tell("picked", cell);
  }

  // -- the keys -----------------------------------------------------------------------------------------------------
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[event.key];
    if (!step && event.key !== "Enter" && event.key !== " ") {
      if (event.key.length === 1) event.stopPropagation(); // the page has keys of its own, such as r
      return;
    }
    event.preventDefault();
    this.at ??= this.data.at ?? this.first(); // a smaller matrix may have come below the focus
    if (step) {
      const size = this.data.closed.length;
      this.go(this.at.map((i, side) => Math.max(0, Math.min(size - 1, i + step[side]))));
    } else if (isSame(this.at, this.data.at)) this.drill(this.at);
    else this.tell("picked", this.at);
  }

  // Fields, tables, lists and dialogs have an Escape of their own.
  escape(event) {
    if (event.key !== "Escape" || !this.data.chosen || event.target.closest?.(OWN_ESCAPE)) return;
    if (!document.querySelector("[role=dialog], [data-baseweb=popover]")) this.send("cleared", Date.now());
  }

  tell(name, [row, column]) {
    this.send(name, { row, column, time: Date.now() });
  }

  // A block opens on the page that follows; two classes have their images below.
  drill(cell) {
    this.tell("drilled", cell);
    if (!cell.some((i) => this.data.closed[i])) this.goToImages(performance.now());
  }

  goToImages(since) {
    const isRunning = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "running";
    const images = document.querySelector(IMAGES);
    const waited = performance.now() - since;
    if ((isRunning || !images || waited < HIDDEN) && waited < PATIENCE) {
      return void setTimeout(() => this.goToImages(since), 100);
    }
    images?.scrollIntoView({ block: "start" });
    images?.querySelector("a[data-image]")?.focus({ preventScroll: true });
  }

  // -- where the keys are -------------------------------------------------------------------------------------------
  first() {
    const [chart] = this.charts();
    const { x = [], y = [] } = chart?._fullData[CELLS] ?? {};
    const wrong = [...x].findIndex((column, i) => column !== y[i]);
    return wrong < 0 ? [0, 0] : [Number(y[wrong]), Number(x[wrong])];
  }

  go(cell) {
    this.at = cell;
    this.frame();
    const [chart] = this.charts();
    const { x = [], y = [], hovertext = [] } = chart?._fullData[CELLS] ?? {};
    const place = [...x].findIndex((column, i) => Number(column) === cell[1] && Number(y[i]) === cell[0]);
    const [row, column] = cell.map((i) => this.data.names[i]);
    this.said.textContent = place < 0 ? `No image given ${row} and predicted ${column}.` : plain(hovertext[place]);
  }

  leave() {
    this.frame();
    this.said.textContent = this.hint;
  }

  frame() {
    for (const chart of this.charts()) this.over(chart);
  }

  // Every frame over one chart, in the order of rows and columns [first, last]: bands, blocks, the place of the keys.
  over(chart) {
    const { blocks, rows, columns } = this.data.marks;
    const all = [0, this.data.closed.length - 1];
    const frames = [
      ...rows.map((stretch) => ["matrix-band", stretch, all]),
      ...columns.map((stretch) => ["matrix-band", all, stretch]),
      ...blocks.map(([r0, r1, c0, c1]) => ["matrix-block", [r0, r1], [c0, c1]]),
      ...(this.isOn && this.at ? [["matrix-at", ...this.at.map((i) => [i, i])]] : []),
    ];
    const { xaxis, yaxis } = chart._fullLayout;
    const holder = chart.querySelector(".svg-container");
    if (!holder || !xaxis?._length) return;
    let layer = holder.querySelector(".matrix-frames");
    if (!layer) {
      layer = document.createElement("div");
      layer.className = "matrix-frames";
      layer.setAttribute("aria-hidden", "true");
      Object.assign(layer.style, { position: "absolute", pointerEvents: "none", clipPath: "inset(-3px)" });
      holder.append(layer);
    }
    place(layer, [yaxis._offset, yaxis._offset + yaxis._length], [xaxis._offset, xaxis._offset + xaxis._length]);
    layer.replaceChildren(...frames.map(([name, down, across]) => this.framed(name, ends(yaxis, down), ends(xaxis, across))));
  }

  framed(name, down, across) {
    const frame = document.createElement("div");
    frame.className = name;
    const outline = `${name === "matrix-band" ? 2 : 3}px solid ${this.data.colour}`;
    Object.assign(frame.style, { position: "absolute", outline, outlineOffset: "-1px" });
    place(frame, down, across);
    return frame;
  }
}
