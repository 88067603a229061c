// What lies over the points: the outline in force, the one being drawn, rings around the marked image and its nearest.

export function drawOver(context, view, ratio, { colours, outline, draft, focus, near, hovered, aim }) {
  const { canvas } = context;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  const path = (corners) => {
    context.beginPath();
    corners.forEach(([x, y], i) => context[i ? "lineTo" : "moveTo"](...view.toScreen(x, y)));
    context.closePath();
  };
  const ring = ([x, y], radius, width, colour) => {
    context.beginPath();
    context.arc(...view.toScreen(x, y), radius, 0, 2 * Math.PI);
    context.lineWidth = width + 3;
    context.strokeStyle = colours.background;
    context.stroke();
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.stroke();
  };
  for (const corners of [outline, draft]) {
    if (!corners?.length) continue;
    path(corners);
    context.globalAlpha = 0.08;
    context.fillStyle = colours.accent;
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = 2;
    context.setLineDash(corners === draft ? [6, 4] : []);
    context.strokeStyle = colours.accent;
    context.stroke();
    context.setLineDash([]);
  }
  for (const { xy } of near) ring(xy, 7, 1.5, colours.muted);
  if (focus) ring(focus.xy, 11, 3, colours.accent);
  if (hovered) ring(hovered, 8, 2, colours.ink);
  if (aim) {
    const [x, y] = [view.width / 2, view.height / 2];
    context.beginPath();
    for (const [a, b, c, d] of [[-14, 0, -5, 0], [5, 0, 14, 0], [0, -14, 0, -5], [0, 5, 0, 14]]) {
      context.moveTo(x + a, y + b);
      context.lineTo(x + c, y + d);
    }
    context.lineWidth = 2;
    context.strokeStyle = colours.ink;
    context.stroke();
  }
}
