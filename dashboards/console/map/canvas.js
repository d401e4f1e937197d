// Draws what lies on the map on one canvas: points by state in one stroke each, then gauges, then alerts.

import { FLAG, KINDS, NAMES, SEVERITIES, WATER, WAVE, isFlagged, look } from "halong-map/states.js";

const GAUGE = { low: [5, 17], high: [7, 24] }; // px: width and height below the first alert level, and from there
const paths = new Map();
const form = (text) => paths.get(text) || paths.set(text, new Path2D(text)).get(text);

// Gives a canvas the size of its box in the screen's own pixels, and returns what draws on it, empty.
export function begin(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

export function drawPoints(pen, kind, items, shrink) {
  for (const [letter, style] of Object.entries(KINDS[kind])) {
    const [all, cores, size] = [new Path2D(), new Path2D(), style.size * shrink];
    const one = form(style.path);
    for (const item of items) {
      if (look(kind, item.letter) !== style) continue;
      all.addPath(one, new DOMMatrix([size, 0, 0, size, item.px, item.py]));
      if (style.core) cores.addPath(form("M-1.4,0a1.4,1.4 0 1,0 2.8,0a1.4,1.4 0 1,0 -2.8,0Z"), new DOMMatrix([size, 0, 0, size, item.px, item.py]));
    }
    pen.fillStyle = style.fill;
    pen.fill(all);
    pen.lineWidth = style.width * Math.min(1, size * 1.4);
    pen.strokeStyle = style.line;
    pen.stroke(all);
    if (style.core) {
      pen.fillStyle = style.line;
      pen.fill(cores);
    }
  }
  ring(pen, items.filter((item) => isFlagged(item.letter)), 5.5 * shrink, FLAG, 1.6);
}

export function ring(pen, items, radius, colour, width) {
  pen.beginPath();
  for (const { px, py } of items) {
    pen.moveTo(px + radius, py);
    pen.arc(px, py, radius, 0, 2 * Math.PI);
  }
  pen.lineWidth = width;
  pen.strokeStyle = colour;
  pen.stroke();
}

export function drawGauge(pen, gauge, shrink) {
  if (!gauge.ticks.length) return drawWave(pen, gauge, shrink);
  const [width, height] = (gauge.reached ? GAUGE.high : GAUGE.low).map((px) => px * shrink);
  const [left, top] = [gauge.px - width / 2, gauge.py - height / 2];
  pen.fillStyle = "#ffffff";
  pen.fillRect(left - 1.5, top - 1.5, width + 3, height + 3);
  if (gauge.fill !== null) {
    pen.fillStyle = gauge.old ? "#94a1b0" : WATER[gauge.reached];
    pen.fillRect(left, top + height * (1 - gauge.fill), width, height * gauge.fill);
  }
  pen.lineWidth = 1.2;
  pen.strokeStyle = "#10151b";
  pen.setLineDash(gauge.old || gauge.fill === null ? [2, 2] : []);
  pen.strokeRect(left, top, width, height);
  pen.setLineDash([]);
  pen.fillStyle = "#10151b";
  for (const tick of gauge.ticks) pen.fillRect(left - 2, top + height * (1 - tick) - 0.5, width + 4, 1.2);
  if (gauge.reached) label(pen, NAMES[gauge.reached], left + width + 4, gauge.py, WATER[3]);
}

function drawWave(pen, { px, py, old }, shrink) {
  const path = new Path2D();
  path.addPath(form(WAVE), new DOMMatrix([shrink, 0, 0, shrink, px, py]));
  pen.lineCap = "round";
  for (const [width, colour] of [[4.5, "#ffffff"], [2.2, old ? "#6b7785" : WATER[0]]]) {
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.stroke(path);
  }
}

export function drawAlert(pen, { px, py, alerts }, shrink) {
  const style = SEVERITIES[alerts[0].severity] || SEVERITIES.info;
  const quiet = alerts.every((alert) => alert.silenced);
  const path = new Path2D();
  path.addPath(form(style.path), new DOMMatrix([shrink, 0, 0, shrink, px, py]));
  pen.lineJoin = "round";
  pen.lineWidth = 4;
  pen.strokeStyle = "#ffffff";
  pen.stroke(path);
  pen.fillStyle = quiet ? "#ffffff" : style.fill;
  pen.fill(path);
  pen.lineWidth = 1.6;
  pen.strokeStyle = quiet ? "#4a5563" : "#10151b";
  pen.stroke(path);
  pen.font = "700 12px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillStyle = quiet ? "#4a5563" : style.ink;
  pen.fillText(style.sign, px, py + (style === SEVERITIES.warning ? 2 : 0.5));
  if (alerts.length > 1) label(pen, String(alerts.length), px + 13 * shrink, py, "#10151b");
}

function label(pen, text, x, y, colour) {
  pen.font = "700 11px system-ui, sans-serif";
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  pen.lineWidth = 3.5;
  pen.strokeStyle = "#ffffff";
  pen.strokeText(text, x, y);
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}
