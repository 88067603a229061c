// Points without WebGL: squares on a plain canvas, slow, so at most 50,000 of them.

import { rgb } from "./looks.js";

const css = (channels) => `rgb(${channels.map((c) => Math.round(255 * c)).join(" ")})`;

export class Flat {
  name = "canvas";
  limit = 50_000;

  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
  }

  move(xy) {
    this.xy = xy;
  }

  dress({ looks, order, kind, colours, faint }) {
    const every = Math.max(1, Math.ceil(order.length / this.limit)); // evenly taken
    this.order = every === 1 ? order : order.filter((_, at) => at % every === 0);
    const stops = colours.map(rgb);
    const shade = (v) => {
      const along = (v / 255) * (stops.length - 1), low = Math.min(Math.floor(along), stops.length - 2);
      return css(stops[low].map((c, i) => c + (stops[low + 1][i] - c) * (along - low)));
    };
    const table = kind === "value" ? Array.from({ length: 256 }, (_, v) => shade(v)) : colours;
    this.fill = (i) => (looks[4 * i + 2] ? table[looks[4 * i]] : faint);
  }

  get count() {
    return this.order.length;
  }

  draw(view, size, ratio) {
    const { context, canvas, xy } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    let last = "";
    for (const i of this.order) {
      const [left, top] = view.toScreen(xy[2 * i], xy[2 * i + 1]);
      if (left < -size || top < -size || left > view.width + size || top > view.height + size) continue;
      const colour = this.fill(i);
      if (colour !== last) context.fillStyle = last = colour;
      context.fillRect(left - size / 2, top - size / 2, size, size);
    }
  }
}
