// What points look like: a form and a colour for each state, so that neither alone says it.

const CIRCLE = "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0Z";
const TRIANGLE = "M0,-5.4L5.4,4.2L-5.4,4.2Z";
const SQUARE = "M-4.3,-4.3H4.3V4.3H-4.3Z";
const RING = "M-3.6,0a3.6,3.6 0 1,0 7.2,0a3.6,3.6 0 1,0 -7.2,0Z";
const OCTAGON = "M-3.6,-9H3.6L9,-3.6V3.6L3.6,9H-3.6L-9,3.6V-3.6Z";
const WARNING = "M0,-10.5L10.5,8L-10.5,8Z";
const INFO = "M-8,-8H8V8H-8Z";
const SIGN = { line: "#10151b", width: 1.4, size: 0.75 }; // of an alert in a list

// of each layer of points: its states by letter, in the order in which they are drawn, the worst last;
// size: of the form, 1 is 8 px; rank: what comes first in the list
export const KINDS = {
  things: {
    d: { word: "disabled", path: RING, fill: "#ffffff", line: "#4a5563", width: 2, size: 0.55, rank: 6 },
    f: { word: "fresh", path: CIRCLE, fill: "#0c5c31", line: "#ffffff80", width: 0.5, size: 0.5, rank: 5 },
    l: { word: "late", path: TRIANGLE, fill: "#f0a000", line: "#10151b", width: 0.8, size: 0.75, rank: 2 },
    s: { word: "silent", path: SQUARE, fill: "#c62828", line: "#ffffff", width: 0.8, size: 0.7, rank: 1 },
  },
  gateways: {
    d: { word: "disabled", path: RING, fill: "#ffffff", line: "#4a5563", width: 1.8, size: 1.15, rank: 6 },
    n: { word: "never_heard", path: RING, fill: "#ffffff", line: "#4a5563", width: 1.8, size: 1.15, rank: 3 },
    o: { word: "online", path: CIRCLE, fill: "#16834a", line: "#ffffff", width: 1.4, size: 1.25, rank: 5, core: true },
    s: { word: "silent", path: TRIANGLE, fill: "#f0a000", line: "#10151b", width: 0.9, size: 1.25, rank: 2, core: true },
    x: { word: "offline", path: SQUARE, fill: "#c62828", line: "#ffffff", width: 1.4, size: 1.25, rank: 1, core: true },
  },
};

export const SEVERITIES = {
  critical: { path: OCTAGON, fill: "#c62828", ink: "#ffffff", sign: "!", ...SIGN },
  warning: { path: WARNING, fill: "#f0a000", ink: "#10151b", sign: "!", ...SIGN },
  info: { path: INFO, fill: "#1d5f92", ink: "#ffffff", sign: "i", ...SIGN },
};
export const SILENCED = { path: OCTAGON, fill: "#ffffff", ...SIGN };

// of a station without alert levels, whose level stands against nothing
export const WAVE = "M-6,1.5q3,-5 6,0t6,0";
// of a gauge, by how many alert levels are reached
export const WATER = ["#2570a4", "#f0a000", "#d9480f", "#c62828"];
export const NAMES = ["", "I", "II", "III"];
export const FLAG = "#7b3fb3";
export const FLAGGED = { path: "M-5.5,0a5.5,5.5 0 1,0 11,0a5.5,5.5 0 1,0 -11,0Z", fill: "none", line: FLAG, width: 2, size: 1 };

// how a station looks in a list: as full as its gauge is by the alert levels that are reached, or as a wave
export const waterLook = ({ ticks, reached }) =>
  ticks.length ? { path: `M-3,7V${5 - 4 * reached}H3V7Z`, frame: "M-3,-7H3V7H-3Z", fill: WATER[reached], line: "#10151b", width: 1, size: 1 } : { path: WAVE, fill: "none", line: WATER[0], width: 2, size: 1 };

export const look = (kind, letter) => KINDS[kind][letter.toLowerCase()] || KINDS[kind].d;
export const isFlagged = (letter) => letter !== letter.toLowerCase();
