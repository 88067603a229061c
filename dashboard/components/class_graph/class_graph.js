// The confusion graph: vis-network without physics on positions that Python gives. Names arrive as text and stay text:
// they go to the canvas and to textContent only, never to innerHTML.

const loading = new Map();

// vis-network is a classic script that puts `vis` on the window; it is fetched once per page.
function load(url) {
  if (window.vis?.Network) return Promise.resolve();
  if (!loading.has(url)) {
    loading.set(url, new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = new URL(url, document.baseURI).href;
      script.onload = resolve;
      script.onerror = () => {
        loading.delete(url);
        reject(new Error("vis-network could not be loaded"));
      };
      document.head.append(script);
    }));
  }
  return loading.get(url);
}

function build(parent) {
  const find = (name) => parent.querySelector(name);
  const graph = { canvas: find(".canvas"), said: find(".said"), fit: find(".tools button"), drawn: null, network: null };
  graph.canvas.graph = graph; // where browser tests find it
  graph.fit.addEventListener("click", () => graph.network?.fit({ animation: false }));
  graph.canvas.addEventListener("keydown", (event) => walk(graph, event));
  return graph;
}

function draw(graph, data) {
  say(graph, ""); // what it said was of a node that may be gone
  graph.network?.destroy();
  graph.nodes = new vis.DataSet(data.nodes);
  graph.edges = new vis.DataSet(data.edges);
  graph.network = new vis.Network(graph.canvas, { nodes: graph.nodes, edges: graph.edges }, data.options);
  const network = graph.network;
  network.on("click", ({ nodes, edges }) => pick(graph, nodes, edges));
  network.on("doubleClick", ({ nodes }) => nodes.length && send(graph, "drill", nodes[0]));
  network.on("hoverNode", ({ node }) => say(graph, graph.api.data.said.nodes[node]));
  network.on("hoverEdge", ({ edge }) => say(graph, graph.api.data.said.edges[edge]));
  network.on("blurNode", () => say(graph, ""));
  network.on("blurEdge", () => say(graph, ""));
  network.on("beforeDrawing", (context) => outline(graph, context));
  network.once("afterDrawing", () => graph.canvas.setAttribute("data-drawn", String(data.nodes.length)));
  graph.canvas.tabIndex = 0;
  graph.order = [...data.nodes].sort((a, b) => b.value - a.value).map((node) => node.id);
  graph.at = -1;
}

// Other colours and widths on the same places: the view stays where the visitor has moved it.
function repaint(graph, data) {
  graph.nodes.update(data.nodes);
  graph.edges.clear();
  graph.edges.add(data.edges);
}

// What accepted fixes have taken from an edge stays visible as a faint line of its old width.
function outline(graph, context) {
  const { outlines, faint } = graph.api.data;
  if (!outlines.length) return;
  const place = graph.network.getPositions();
  context.save();
  context.strokeStyle = faint;
  for (const [from, to, width] of outlines) {
    if (!place[from] || !place[to]) continue;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(place[from].x, place[from].y);
    context.lineTo(place[to].x, place[to].y);
    context.stroke();
  }
  context.restore();
}

// A click reports after a moment, so that a double click is not told as two clicks before it.
function pick(graph, nodes, edges) {
  clearTimeout(graph.timer);
  graph.timer = setTimeout(() => {
    if (nodes.length) send(graph, "node", nodes[0]);
    else if (edges.length) send(graph, "edge", edges[0]);
  }, 220);
}

function send(graph, kind, id) {
  clearTimeout(graph.timer);
  graph.api.setTriggerValue("picked", { kind, id });
}

function say(graph, text) {
  graph.said.textContent = text || "";
}

function walk(graph, event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!graph.network || event.ctrlKey || event.metaKey || event.altKey) return;
  if (step) {
    graph.at = (graph.at + step + graph.order.length) % graph.order.length;
    graph.network.selectNodes([graph.order[graph.at]]);
    say(graph, graph.api.data.said.nodes[graph.order[graph.at]]);
  } else if (event.key === "Enter" && graph.at >= 0) {
    send(graph, "node", graph.order[graph.at]);
  } else if (event.key === "Escape") {
    graph.at = -1;
    send(graph, "clear", null);
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

function show(graph, chosen) {
  const bright = chosen.inside && new Set(chosen.inside);
  const { nodes } = graph.api.data;
  if (bright || graph.dimmed) {
    graph.nodes.update(nodes.map(({ id, opacity }) => ({ id, opacity: !bright || bright.has(id) ? opacity : 0.15 })));
  }
  graph.dimmed = Boolean(bright);
  graph.network.unselectAll();
  graph.network.setSelection(
    { nodes: chosen.nodes.filter((id) => graph.nodes.get(id)), edges: chosen.edges.filter((id) => graph.edges.get(id)) },
    { highlightEdges: false },
  );
}

export default function (component) {
  const { data, parentElement } = component;
  const graph = (parentElement.lookalike ??= build(parentElement));
  graph.api = component; // the newest one: older ones speak to an older rerun
  graph.isGone = false;
  load(data.library).then(
    () => {
      if (graph.isGone) return;
      if (graph.layout !== data.layout) draw(graph, data);
      else if (graph.drawn !== data.drawing) repaint(graph, data);
      graph.layout = data.layout;
      graph.drawn = data.drawing;
      show(graph, data.chosen);
    },
    () => {
      graph.canvas.replaceChildren(
        Object.assign(document.createElement("p"), { className: "failed", textContent: "The graph cannot be drawn here. The table below holds the same facts." }),
      );
    },
  );
  return () => leave(graph);
}

// The page was left. vis-network listens to the whole window: what is not ended stays, with all it drew.
function leave(graph) {
  clearTimeout(graph.timer);
  graph.network?.destroy();
  Object.assign(graph, { isGone: true, network: null, layout: null, drawn: null });
}
