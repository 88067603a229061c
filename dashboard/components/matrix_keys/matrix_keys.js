// Keys and double-clicks on the matrices of the page: they are Plotly charts, which know single clicks only. The place
// of the keys is framed in every matrix, and its sentence is said here, as text.

const CHARTS = "[class*='st-key-confusion-matrix'] .js-plotly-plot";
const IMAGES = ".st-key-confusion-images";
const CELLS = 1; // the trace that carries the cells, see dashboard/charts/grid.py
const TWICE = 450; // ms between the two clicks of a double-click
const LOOK = 300; // ms between two looks for charts that came
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
    for (const chart of this.charts()) chart.querySelector(".matrix-at")?.remove();
  }

  update(data, send) {
    this.data = data;
    this.send = send;
    if (this.at?.some((i) => i >= data.closed.length)) this.at = null;
    this.attach();
    if (this.isOn) this.frame();
  }

  charts() {
    return [...document.querySelectorAll(CHARTS)].filter((chart) => chart._fullData?.length > CELLS);
  }

  attach() {
    for (const chart of this.charts()) {
      if (!chart.matrixKeys) {
        chart.on("plotly_click", ({ points }) => chart.matrixKeys.clicked(points[0]));
        chart.on("plotly_afterplot", () => chart.matrixKeys.isOn && chart.matrixKeys.frame());
      }
      chart.matrixKeys = this;
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
    if ((isRunning || !images || waited < LOOK) && waited < PATIENCE) {
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
    for (const chart of this.charts()) chart.querySelector(".matrix-at")?.remove();
    this.said.textContent = this.hint;
  }

  frame() {
    if (!this.at) return;
    const [row, column] = this.at;
    for (const chart of this.charts()) {
      const { xaxis, yaxis } = chart._fullLayout;
      const holder = chart.querySelector(".svg-container");
      let frame = holder.querySelector(".matrix-at");
      if (!frame) {
        frame = document.createElement("div");
        frame.className = "matrix-at";
        holder.append(frame);
      }
      const [left, right] = [column - 0.5, column + 0.5].map((v) => xaxis._offset + xaxis.l2p(v));
      const [top, bottom] = [row - 0.5, row + 0.5].map((v) => yaxis._offset + yaxis.l2p(v));
      const place = { left, top, width: right - left, height: bottom - top };
      Object.assign(frame.style, { position: "absolute", pointerEvents: "none", outline: `3px solid ${this.data.colour}` });
      for (const [side, pixels] of Object.entries(place)) frame.style[side] = `${pixels}px`;
    }
  }
}
