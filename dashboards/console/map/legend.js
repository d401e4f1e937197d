// What the marks of each layer stand for, with how many there are: only of those that are there, the worst first.

import { FLAGGED, KINDS, NAMES, SEVERITIES, SILENCED, isFlagged, look, waterLook } from "halong-map/states.js";

// layers: of each its kind and its items -> of each its kind and entries {look, text, n}
export function legend(layers, say) {
  const entries = { water: ofWater, alerts: ofAlerts };
  return layers.map(({ kind, items }) => ({ kind, entries: (entries[kind] || ofPoints)(items, say, kind).filter(({ n }) => n) })).filter((each) => each.entries.length);
}

function ofPoints(items, say, kind) {
  const count = (style) => items.filter((each) => look(kind, each.letter) === style).length;
  const states = Object.values(KINDS[kind]).map((style) => ({ look: style, text: say(style.word), n: count(style) }));
  return [...states.reverse(), { look: FLAGGED, text: say("flagged"), n: items.filter((each) => isFlagged(each.letter)).length }];
}

function ofWater(items, say) {
  const declared = items.filter((each) => each.ticks.length);
  const reached = [3, 2, 1, 0].map((level) => ({
    look: waterLook({ ticks: [0], reached: level }),
    text: level ? say("reached").replace("{level}", NAMES[level]) : say("below"),
    n: declared.filter((each) => each.reached === level).length,
  }));
  return [...reached, { look: waterLook({ ticks: [] }), text: say("no_levels"), n: items.length - declared.length }];
}

function ofAlerts(items, say) {
  const named = (severity) => items.find((each) => each.severity === severity)?.severityName;
  const open = items.filter((each) => !each.silenced);
  const bySeverity = Object.entries(SEVERITIES).map(([severity, style]) => ({ look: style, text: named(severity), n: open.filter((each) => each.severity === severity).length }));
  return [...bySeverity, { look: SILENCED, text: say("silenced"), n: items.length - open.length }];
}
