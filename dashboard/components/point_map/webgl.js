// Points by WebGL 2: positions and looks lie in the graphics memory, a change of the view sends four numbers.

import { rgb } from "./looks.js";

const VERTEX = `#version 300 es
in vec2 place; in vec4 look;
uniform vec2 centre, scale; uniform float size; uniform bool isValue;
uniform vec3 colours[16]; uniform vec3 faint; uniform int last;
out vec4 colour; flat out int shape; flat out float wide;
void main() {
  gl_Position = vec4((place - centre) * scale, 0., 1.);
  bool meant = look.z > .5;
  float along = look.x / 255. * float(last);
  int low = min(int(along), last - 1);
  vec3 shade = isValue ? mix(colours[low], colours[low + 1], along - float(low)) : colours[int(look.x + .5)];
  colour = meant ? vec4(shade, .85) : vec4(faint, .55);
  shape = meant ? int(look.y + .5) : 0;
  wide = meant ? size : size * .8;
  gl_PointSize = wide;
}`;
// The seven shapes of the palette: circle, diamond, square, triangle up, triangle down, star, hexagon.
const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 colour; flat in int shape; flat in float wide;
out vec4 drawn;
float outside(vec2 p) {
  vec2 q = abs(p);
  if (shape == 1) return q.x + q.y - 1.;
  if (shape == 2) return max(q.x, q.y) - .82;
  if (shape == 3) return max(q.x * .87 - p.y * .5 - .45, p.y - .75);
  if (shape == 4) return max(q.x * .87 + p.y * .5 - .45, -p.y - .75);
  if (shape == 5) { float a = atan(p.x, -p.y); return length(p) - (.66 + .34 * cos(5. * a)); }
  if (shape == 6) return max(q.x * .87 + q.y * .5, q.y) - .85;
  return length(p) - .95;
}
void main() {
  vec2 p = gl_PointCoord * 2. - 1.;
  float edge = wide < 5. ? length(p) - 1. : outside(vec2(p.x, -p.y));
  float inside = clamp(.5 - edge * wide * .5, 0., 1.);
  if (inside <= 0.) discard;
  drawn = vec4(colour.rgb, colour.a * inside);
}`;

export function available() {
  const gl = document.createElement("canvas").getContext("webgl2");
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  return Boolean(gl);
}

export class WebGL {
  name = "webgl";

  constructor(canvas, onLost) {
    this.canvas = canvas;
    const gl = (this.gl = canvas.getContext("webgl2", { antialias: false }));
    if (!gl) throw new Error("no WebGL 2");
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", onLost);
    this.program = program(gl);
    gl.useProgram(this.program);
    gl.enable(gl.BLEND);
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.places = gl.createBuffer();
    this.looks = gl.createBuffer();
    this.order = gl.createBuffer();
    this.n = 0;
  }

  at(name) {
    return this.gl.getUniformLocation(this.program, name);
  }

  attribute(name, buffer, data, size, type) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    const place = gl.getAttribLocation(this.program, name);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, size, type, false, 0, 0);
  }

  move(xy) {
    this.attribute("place", this.places, xy, 2, this.gl.FLOAT);
    this.n = xy.length / 2;
  }

  dress({ looks, order, kind, colours, faint }) {
    const { gl } = this;
    this.attribute("look", this.looks, looks, 4, gl.UNSIGNED_BYTE);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.order);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, order, gl.STATIC_DRAW);
    gl.uniform3fv(this.at("colours"), new Float32Array(colours.flatMap(rgb)));
    gl.uniform3fv(this.at("faint"), rgb(faint));
    gl.uniform1i(this.at("last"), colours.length - 1);
    gl.uniform1i(this.at("isValue"), kind === "value");
  }

  get count() {
    return this.n;
  }

  draw(view, size, ratio) {
    const { gl, canvas } = this;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(this.at("centre"), view.x, view.y);
    gl.uniform2f(this.at("scale"), (2 * view.scale) / view.width, (2 * view.scale) / view.height);
    gl.uniform1f(this.at("size"), size * ratio);
    gl.drawElements(gl.POINTS, this.n, gl.UNSIGNED_INT, 0);
  }
}

function program(gl) {
  const made = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made) || "shaders failed");
  return made;
}
